// A house with a Provara vault: the vault's quorum key is in the token `annex`, new keys come out
// in the token `house`. And a death that can come at a write of the vault, on a thread that may
// block.

import CSodium
import CeremonyRecord
import CeremonyRules
import Foundation
import Glibc
import Provara
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

/// An engine, its tokens and its vault.
struct VaultHouse {
    let workshop: Workshop
    let folder: ProvaraFolder
    let engine: Engine

    /// - Parameters:
    ///   - rootKeys: where the vault's root key is: label, id and token.
    ///   - at: called at every boundary of an execution, before every look and every write.
    static func with<R>(
        _ vector: String = "vault_before_rotation",
        rootKeys: [(label: String, id: String, token: String)] = [],
        ledger: MemoryLedger = MemoryLedger(),
        at place: @escaping @Sendable (String) throws -> Void = { _ in },
        _ body: (VaultHouse) async throws -> R
    ) async throws -> R {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        policy.kinds["provara_hard_reset"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        let folder = try ProvaraFolder(vector)
        return try await withSoftHSM(tokens: ["house", "annex"]) { store in
            try store.importKey(
                seed: ProvaraFolder.quorumSeed, label: "quorum", id: "01", into: "annex")
            for (label, id, token) in rootKeys {
                try store.importKey(
                    seed: ProvaraFolder.rootSeed, label: label, id: id, into: token)
            }
            let workshop = try await Workshop(store: store, ledger: ledger, policy: policy)
            let engine = try await open(workshop, folder, ledger, at: place)
            return try await body(
                VaultHouse(workshop: workshop, folder: folder, engine: engine))
        }
    }

    private static func open(
        _ workshop: Workshop, _ folder: ProvaraFolder, _ ledger: any Ledger,
        at place: @escaping @Sendable (String) throws -> Void
    ) async throws -> Engine {
        let desk = VaultDesk(
            [
                VaultDesk.Place(name: "alpha", path: folder.path),
                VaultDesk.Place(name: "beta", path: folder.place(of: "beta")),
            ], boundary: { try place($0) })
        let engine = try workshop.start(
            ledger: ledger,
            vaults: [try workshop.freshVault(), try workshop.freshVault("annex")],
            logTokens: ["house"], desk: desk,
            boundary: { here in
                // A thread of its own, because a death blocks it.
                try? await BlockingWork.run { try? place(here) }
            })
        try await engine.unlock("annex", pin: try Workshop.pin())
        try await engine.unlock("house", pin: try Workshop.pin())
        return engine
    }

    /// The next process.
    func restarted(_ ledger: any Ledger) async throws -> Engine {
        let engine = try await unlocked(ledger)
        await engine.hasFinished()
        return engine
    }

    /// The same as soon as its tokens are unlocked.
    func unlocked(
        _ ledger: any Ledger, at place: @escaping @Sendable (String) throws -> Void = { _ in }
    ) async throws -> Engine {
        try await VaultHouse.open(workshop, folder, ledger, at: place)
    }

    /// The last event of the old key before those that a compromise puts in doubt.
    static let boundary = "evt_a2c10974f007422348286da3"
    /// These, in the order of the log.
    static let suspects = ["evt_51caf25cd26acb24a4902db0", "evt_9f2401cee37aadf18ad58baf"]

    // MARK: The ceremony

    func draft(
        _ more: [String: String] = [:], subject: String = "alpha-root", by name: String = "dave"
    ) async throws -> Statement {
        let dave = workshop.people(of: engine) { $0.signatory(name) }
        let parameters = [
            "vault": "alpha", "revoke": ProvaraFolder.root, "authority": ProvaraFolder.quorum,
        ]
        return try await engine.draft(
            Draft(
                kind: ProvaraRotation.name, subject: subject,
                parameters: parameters.merging(more) { $1 }, initiator: dave,
                reason: "two years are over", drafted: engine.time, nonce: engine.nonce()),
            into: "house")
    }

    /// The draft of a new vault in the place of the old one.
    func resetDraft(_ more: [String: String] = [:]) async throws -> Statement {
        let dave = workshop.people(of: engine) { $0.signatory("dave") }
        let parameters = [
            "vault": "alpha", "new-vault": "beta", "new-uid": "begun-anew", "ordered-by": "gina",
        ]
        return try await engine.draft(
            Draft(
                kind: ProvaraHardReset.name, subject: "beta-root",
                parameters: parameters.merging(more) { $1 }, initiator: dave,
                reason: "nobody is left who could sign", drafted: engine.time,
                nonce: engine.nonce()), into: "house")
    }

    func approved(_ more: [String: String] = [:], accepting name: String? = nil) async throws
        -> Statement
    {
        try await approve(try await draft(more), accepting: name)
    }

    /// Opens it, has the witnesses approve it and one person accept their part.
    @discardableResult
    func approve(_ statement: Statement, accepting name: String?) async throws -> Statement {
        try await engine.submit(workshop.people(of: engine) { $0.opening(statement) })
        for witness in ["alice", "bob", "carol"] {
            try await workshop.approve(statement, witness, engine)
        }
        if let name {
            try await engine.submit(
                workshop.people(of: engine) { people in
                    let key = people.person(name).keys[0]
                    return Signed(
                        people.acceptance(
                            of: statement, as: name, key: key, set: "authority"), by: key,
                        for: .accept)
                })
        }
        return statement
    }

    /// What somebody is asked, as soon as they are.
    func question(_ ceremony: String) async throws -> Question {
        while true {
            if let question = engine.questions(of: ceremony).first { return question }
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// The quorum key's signature, as its holder's own token would make it.
    static func sign(_ bytes: [UInt8]) -> [UInt8] {
        var point = [UInt8](repeating: 0, count: 32)
        var secret = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_seed_keypair(&point, &secret, ProvaraFolder.quorumSeed)
        var signature = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), secret)
        return signature
    }

    // MARK: The vault

    /// The vault verifies, its old root key is revoked in favour of the ceremony's key, what that
    /// stands for is attested, and nothing else is.
    func expectRotated(by ceremony: Ceremony, _ what: Comment? = nil) throws {
        let vault = try Vault.read(at: folder.path)
        #expect(vault.isInOrder, what)
        let record = try #require(ceremony.record, what)
        let new = KeyID(publicKey: record.publicKey.point)
        let old = try #require(KeyID(ProvaraFolder.root))
        #expect(vault.log.standing(of: old)?.revocation?.replacement == new, what)
        #expect(vault.log.standing(of: new)?.isAuthority == true, what)
        #expect(vault.signature == .fresh(by: new), what)
        #expect(vault.registry?[old]?.status == "retired", what)
        let vouched = ceremony.statement.fields.all("reattest").compactMap {
            $0.utf8.split(separator: UInt8(ascii: " ")).first.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let attested = vault.log.contested.filter { $0.attestedBy != nil }
        #expect(attested.map { "\($0.event.id)" } == vouched, what)
    }
}

/// A death at one place, on whatever thread comes there: it never goes on. Where a vault is being
/// written it is an error that nothing answers, for a thread that hangs would keep the vault's
/// lock, and a process that dies does not.
final class Death: Sendable {
    private let place: String
    private let gate = Gate()
    private let isArmed = Mutex(false)

    init(at place: String) { self.place = place }

    /// From here on it can come.
    func arm() { isArmed.withLock { $0 = true } }

    struct Came: Error {}

    /// Everybody passes here; one does not leave.
    func pass(_ here: String) throws {
        guard here == place, isArmed.withLock({ $0 }) else { return }
        let gate = gate
        Task { await gate.arrive() }
        if ["writ", "appended-", "replace"].contains(where: here.hasPrefix) { throw Came() }
        while true { pause() }
    }

    /// Returns when it has come.
    func arrival() async { await gate.arrival() }
}
