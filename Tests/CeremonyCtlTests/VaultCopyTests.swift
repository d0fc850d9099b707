// What a client makes of a vault that it reads itself, when the statement of a rotation says what
// the new key is to stand for: shown where all of it agrees, refused where one word differs.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara
import Testing

@testable import ceremonyctl

@Suite("A client reads the vault itself")
struct VaultCopyTests {
    private static let event = "evt_51caf25cd26acb24a4902db0"
    private static let payload =
        #"{"confidence":0.75,"predicate":"status","subject":"door_01","value":"#
        + #"{"predicate":"status","subject":"door_01","value":"open"}}"#

    /// The lines of a rotation of the vector's root key that are true of it.
    private static func lines(_ vault: Vault) -> [Field] {
        [
            ("vault-uid", vault.genesis?.uid ?? ""), ("vault-root", "\(vault.root)"),
            ("vault-events", "4"), ("vault-last", "evt_9f2401cee37aadf18ad58baf"),
            ("vault-next", "2026-02-18T12:00:10.100012+00:00"),
            ("revoke", "bp1_56475aa75463474c"), ("revoke-roles", "root"),
            ("revoke-last", "evt_9f2401cee37aadf18ad58baf"),
            ("boundary", "evt_a2c10974f007422348286da3"), ("contested", "2"),
            ("reattest", "\(event) \(Digest(of: Array(payload.utf8)))"),
            ("authority", "bp1_24f6ed6acbfe1009"), ("authority-roles", "quorum"),
            ("authority-introduced", "contract"), ("promoter-introduced", "contract"),
            ("vault-warnings", "none"), ("promoter", "bp1_24f6ed6acbfe1009"),
            ("promoter-roles", "quorum"),
            ("actor", "key_rotation_authority"), ("actor-last", "none"), ("actor-next", "1"),
        ].map { Field(name: $0.0, value: $0.1) }
    }

    private func read(_ path: String, _ lines: [Field]) throws(ClientError) -> VouchedReading {
        var reading = VouchedReading(Fields(lines))
        try reading.read(VaultCopy(path: path, options: Vault.Options()), Fields(lines))
        return reading
    }

    @Test(
        "What an event says is shown where the vault agrees with every line, cut where it is long")
    func agrees() throws {
        let place = try VaultPlace()
        let path = try place.vault("vault_before_rotation", as: "alpha")
        let lines = Self.lines(try Vault.read(at: path))
        let told = try read(path, lines).sentences(atMost: .max)
        #expect(told.count == 2)
        #expect(told[1] == "  \(Self.event) says: \(Self.payload)")
        let short = try read(path, lines).sentences(atMost: 10)
        #expect(
            short[1]
                == "  \(Self.event) says: {\"confiden ... (\(Self.payload.utf8.count) bytes in all)"
        )
        let unseen = VouchedReading(Fields(lines)).sentences(atMost: .max)
        #expect(unseen.count == 3 && unseen[2].contains("NOT seen by this client"))
        #expect(!unseen.joined().contains("door_01"))
    }

    @Test(
        "A copy follows where its own events introduce the new key, also when it was replaced since"
    )
    func follows() throws {
        let place = try VaultPlace()
        let (root, quorum) = ("bp1_56475aa75463474c", "bp1_24f6ed6acbfe1009")
        func doubt(_ vector: String, _ key: String, uid: String? = nil) throws -> String? {
            let copy = try Vault.read(at: try place.vault(vector, as: vector))
            return ConfirmVerb.doubt(
                about: copy, of: uid ?? copy.genesis?.uid, knowing: try #require(KeyID(key)))
        }
        #expect(try doubt("vault_before_rotation", root) == nil)
        #expect(try doubt("vault_after_rotation", root) == nil)
        // The contract alone introduces nobody, and neither does nothing.
        for key in [quorum, "bp1_0123456789abcdef"] {
            #expect(try doubt("vault_after_rotation", key)?.contains("introduces \(key)") == true)
        }
        #expect(try doubt("vault_after_rotation", root, uid: "other") == "it is another vault")
        _ = try place.vault("vault_after_rotation", as: "broken")
        try place.write("broken/identity/keys.json", "{}")
        let broken = try Vault.read(at: place.directory + "/broken")
        let why = ConfirmVerb.doubt(
            about: broken, of: broken.genesis?.uid, knowing: try #require(KeyID(root)))
        #expect(why?.contains("breaks") == true)
    }

    @Test(
        "One line that the vault does not say is enough to refuse",
        arguments: [
            ("vault-uid", "other"), ("vault-root", String(repeating: "0", count: 64)),
            ("vault-events", "5"), ("vault-last", event),
            ("vault-next", "2026-02-18T12:00:10.100011+00:00"), ("revoke", "bp1_0123456789abcdef"),
            ("revoke-last", event), ("revoke-roles", "quorum"), ("contested", "1"),
            ("boundary", event), ("reattest", "\(event) \(Digest(of: []))"),
            ("reattest", "evt_a2c10974f007422348286da3 \(Digest(of: []))"),
            ("authority-roles", "root"), ("promoter", "bp1_0123456789abcdef"),
            ("actor", "alice"), ("actor-last", event), ("actor-next", "2"),
            ("authority-introduced", "birth"), ("promoter-introduced", "contract-unsigned"),
        ])
    func differs(name: String, value: String) throws {
        let place = try VaultPlace()
        let path = try place.vault("vault_before_rotation", as: "alpha")
        let lines = Self.lines(try Vault.read(at: path)).map {
            $0.name == name ? Field(name: name, value: value) : $0
        }
        do throws(ClientError) {
            _ = try read(path, lines)
            Issue.record("\(name) was believed")
        } catch {
            #expect(error.code == "vault-differs")
        }
    }

    @Test("A copy with what the statement does not warn of is refused; what it warns of is told")
    func warnings() throws {
        let place = try VaultPlace()
        let path = try place.vault("vault_before_rotation", as: "alpha")
        let lines = Self.lines(try Vault.read(at: path))
        try place.write("alpha/identity/private_keys.json", "{}")
        do throws(ClientError) {
            _ = try read(path, lines)
            Issue.record("a private key in the vault was passed over")
        } catch {
            #expect(error.code == "vault-differs")
            #expect(error.happened.contains("structure.private-key"))
        }
        let warned = lines.map {
            $0.name == "vault-warnings"
                ? Field(name: $0.name, value: "structure.private-key=1,future.rule=2") : $0
        }
        _ = try read(path, warned)
        let told = VaultWarnings(Fields(warned)).sentences
        #expect(told.count == 2)
        #expect(told[0].hasPrefix("WARNING: the vault has structure.private-key. Whoever reads"))
        #expect(told[1].contains("does not know: future.rule, 2 times"))
        #expect(VaultWarnings(Fields(warned)).unsigned.isEmpty)
    }

    @Test(
        "A key that nothing signed bears out is warned of by its id, once, and none is passed over")
    func unsigned() throws {
        for origin in ["contract-unsigned", "promotion-unsigned", "what-is-this"] {
            let fields = Fields(
                [
                    ("authority", "bp1_24f6ed6acbfe1009"), ("promoter", "bp1_24f6ed6acbfe1009"),
                    ("authority-introduced", origin), ("promoter-introduced", origin),
                ].map { Field(name: $0.0, value: $0.1) })
            let told = VaultWarnings(fields).unsigned
            #expect(told.count == 1)
            #expect(told[0].hasPrefix("WARNING: no signature"))
            #expect(told[0].contains("says that bp1_24f6ed6acbfe1009 may change keys"))
        }
    }
}
