// What a statement says of a vault, read off the vault: its state, the keys that are asked about as
// its own signed log has them, and where the actor's chain goes on. Nothing of `keys.json` is
// believed but the public keys that ids prove.

import CeremonyRecord
import CeremonyRules
import Provara

/// One look at a vault.
struct VaultLook {
    private let vault: Vault
    private let sight: VaultSight
    private let name: String

    /// - Throws: ``VaultError`` where nothing may be built on the vault.
    init(_ place: VaultDesk.Place, _ sight: VaultSight) throws(VaultError) {
        vault = try place.read(boundaries: (sight.boundary.map { [$0] } ?? []) + sight.vouched)
        self.sight = sight
        name = place.name
        if sight.successor == nil { try checkReady() }
    }

    private func checkReady() throws(VaultError) {
        if let seal = vault.log.seal {
            throw VaultError(
                .vaultUnfit, "The vault \(name) was sealed by \(seal); nothing may be added to it.")
        }
        if let key = vault.log.unfinishedRotations.min(by: { "\($0)" < "\($1)" }) {
            throw VaultError(
                .vaultUnfit,
                "In the vault \(name) \(key) was revoked and nothing took its place: a rotation was "
                    + "left half done by something else.")
        }
        if let first = vault.findings.violations.first {
            throw VaultError(
                .vaultUnfit,
                "The vault \(name) breaks \(vault.findings.violationCount) rules. The first: "
                    + "\(first)")
        }
    }

    /// What was seen, by the names of the statement's fields.
    func seen(now: Timestamp) throws(VaultError) -> VaultSeen {
        guard let clock = VaultTime(microseconds: now.seconds * 1_000_000),
            let moment = vault.log.nextTime(notBefore: clock)
        else {
            throw VaultError(
                .vaultUnfit, "The vault \(name) holds an event dated so late that none can follow.")
        }
        guard let uid = vault.genesis?.uid else {
            throw VaultError(.vaultUnfit, "The vault \(name) has no birth record.")
        }
        var facts = [
            "vault-uid": uid, "vault-root": "\(vault.root)",
            "vault-events": "\(vault.log.eventCount)",
            "vault-last": vault.log.lastEvent.map { "\($0.id)" } ?? "none",
            VaultDoubts.warningsName: VaultDoubts.warnings(of: vault),
        ]
        guard sight.successor == nil else {
            // A new vault's times need not follow the old one's.
            return VaultSeen(facts: facts.merging(lastFacts) { $1 }, moment: clock)
        }
        facts["vault-next"] = VaultTime(microseconds: 0).flatMap {
            vault.log.nextTime(notBefore: $0).map { "\($0)" }
        }
        let tip = vault.log.tip(of: sight.actor)
        facts["actor-last"] = tip.last.map { "\($0)" } ?? "none"
        facts["actor-next"] = "\(tip.nextLogicalTime)"
        for (field, key) in zip(["revoke", "authority", "promoter"], sight.keys) {
            let standing = try standing(of: key)
            guard let publicKey = standing.key,
                let sshKey = SSHPublicKey(ed25519: publicKey.bytes)
            else {
                throw VaultError(
                    .vaultUnfit, "\(key) in the vault \(name) has no sound public key.")
            }
            facts["\(field)-key"] = sshKey.line
            facts["\(field)-roles"] =
                standing.roles.isEmpty ? "none" : standing.roles.joined(separator: ",")
            if field != "revoke" {
                facts["\(field)-introduced"] = vault.origin(of: key)?.rawValue ?? "none"
            } else {
                facts["revoke-last"] = standing.lastEvent.map { "\($0.id)" } ?? "none"
                facts["contested"] = "\(try contested(standing))"
            }
        }
        try checkPossible(at: moment)
        let vouched = try vouched()
        if !vouched.isEmpty {
            facts["reattest-payloads"] = vouched.map { "\(Digest(of: $0))" }.joined(separator: ",")
        }
        return VaultSeen(facts: facts, moment: moment, payloads: vouched)
    }

    /// What is said of a vault that is to be left: its seal, what it breaks, and which keys it
    /// still calls authorities, so that people see what they say is lost.
    private var lastFacts: [String: String] {
        let surviving = vault.log.keys.filter(\.isAuthority).map { "\($0.id)" }
        let anchor = vault.anchor
        return [
            "vault-seal": anchor.seal.map { "\($0)" } ?? "none",
            "seal-hash": anchor.sealHash ?? "none",
            "vault-faults": "\(vault.findings.violationCount)",
            "surviving": surviving.isEmpty ? "none" : surviving.joined(separator: ","),
        ]
    }

    private func standing(of key: KeyID) throws(VaultError) -> Provara.KeyStanding {
        guard let standing = vault.log.standing(of: key) else {
            throw VaultError(.vaultUnfit, "\(key) is no key of the vault \(name).")
        }
        if let revocation = standing.revocation {
            throw VaultError(
                .vaultUnfit, "\(key) was revoked in the vault \(name) by \(revocation.event).")
        }
        if let event = standing.contestedBy {
            throw VaultError(
                .vaultUnfit,
                "\(key) is contested in the vault \(name) since \(event); nobody has attested it "
                    + "again.")
        }
        return standing
    }

    /// How many events of the key come after the boundary, which must be one of its own.
    private func contested(_ standing: Provara.KeyStanding) throws(VaultError) -> Int {
        guard let boundary = sight.boundary, standing.lastEvent?.id != boundary else { return 0 }
        guard let passed = vault.log.passed(boundary) else {
            throw VaultError(.vaultUnfit, "\(boundary) is no event of the vault \(name).")
        }
        guard passed.signer == standing.id else {
            throw VaultError(
                .vaultUnfit,
                "\(boundary) was signed by \(passed.signer), and a trust boundary is an event of the "
                    + "key that goes.")
        }
        return passed.later
    }

    /// Refuses what could not be carried out whatever key were made: before anybody signs for it.
    /// What the rules refuse they refuse in their own words.
    private func checkPossible(at moment: VaultTime) throws(VaultError) {
        guard let old = sight.keys.first else { return }
        let signers = sight.keys.dropFirst().filter {
            $0 != old && vault.log.standing(of: $0)?.hasAuthorityRole == true
        }
        do throws(RotationRefusal) {
            try Rotation.expect(
                vault, revoking: old,
                boundary: sight.boundary ?? vault.log.standing(of: old)?.lastEvent?.id,
                by: signers, at: moment)
        } catch {
            throw VaultError(
                .vaultUnfit, "In the vault \(name) this cannot be carried out. \(error)")
        }
    }

    /// What the contested events say that the new key is to stand for, as long as the outcome has
    /// room for that.
    private func vouched() throws(VaultError) -> [[UInt8]] {
        guard let old = sight.keys.first else { return [] }
        let payloads: [[UInt8]]
        do {
            payloads = try vault.vouched(
                sight.vouched, revoking: old, boundary: sight.boundary
            ).map(\.payload)
        } catch let error as RotationRefusal {
            throw VaultError(.vaultUnfit, "\(error)")
        } catch {
            throw VaultError(.vaultTrouble, "\(error)")
        }
        let size = payloads.reduce(0) { $0 + VaultSight.room(forPayloadOf: $1.count) }
        guard size <= VaultSight.roomForVouched else {
            throw VaultError(
                .vaultUnfit,
                "What the events say that are to be attested again takes \(size) bytes in the log, and "
                    + "one rotation has room for \(VaultSight.roomForVouched). "
                    + VaultSight.whatIsLeft)
        }
        return payloads
    }
}
