// Guardians of the token `house`, who keep the shares of its PIN as their own tokens would.

import CeremonyRecord
import CeremonyRules
import Sodium
import TestSupport
import Testing

@testable import CeremonyEngine

/// The members of the authority `guards`, with what they hold.
final class Guardians {
    /// A member and the number of their key there.
    typealias Member = (name: String, key: Int)

    let workshop: Workshop
    /// The token that they guard: its name in the configuration, and its facts.
    let token: (name: String, reference: TokenReference)
    /// Shares by ceremony and member.
    private(set) var shares: [String: [String: [UInt8]]] = [:]
    private var keys: [String: Int] = [:]

    /// Guardians of the token `house`, or of another one.
    init(_ workshop: Workshop, of token: (name: String, reference: TokenReference)? = nil) {
        self.workshop = workshop
        self.token = token ?? ("house", workshop.token)
    }

    static let first: [Member] = [("alice", 601), ("bob", 602), ("carol", 603)]

    /// Guards of three, two of whom open the token, and its PIN set.
    static func guarded(_ workshop: Workshop) async throws -> (Guardians, String) {
        let engine = try await workshop.open()
        let guardians = Guardians(workshop)
        let id = try await guardians.carryOut(engine, add: first, ["sign": "2"])
        try await engine.unlock("house", pin: try Workshop.pin())
        #expect(engine.state.guardianship(of: workshop.token)?.inForce?.ceremony == id)
        return (guardians, id)
    }

    /// An open house whose next PIN waits for its shares: alice has gone, bob and carol hold both.
    static func changing(_ workshop: Workshop) async throws -> (
        InterposedVault, Engine, Guardians, old: String, new: String
    ) {
        let (guardians, old) = try await guarded(workshop)
        let vault = InterposedVault(try workshop.freshVault())
        let engine = try workshop.start(vault: vault)
        _ = try await guardians.handIn("alice", of: old, to: engine)
        _ = try await guardians.handIn("bob", of: old, to: engine)
        let new = try await guardians.carryOut(
            engine, ["remove": "alice", "approve": "1"], consents: ["bob", "carol"])
        return (vault, engine, guardians, old, new)
    }

    /// A statement that everybody has agreed to.
    func approved(
        _ engine: Engine, add: [Member], _ parameters: [String: String] = [:],
        consents: [String] = []
    ) async throws -> Statement {
        let token = token.reference
        var all = parameters
        if !add.isEmpty { all["add"] = add.map(\.name).joined(separator: ",") }
        if engine.state.authority("guards") == nil {
            all["role"] = "guardian"
            all["guards"] = token.uri
            all["so-pin"] = "dave"
        }
        let (statement, opening) = try workshop.people(of: engine) { house in
            let statement = try house.statement(
                "membership", subject: "guards", token: nil, parameters: all)
            return (statement, house.opening(statement))
        }
        try await engine.submit(opening)
        for name in ["alice", "bob", "carol"] {
            try await workshop.approve(statement, name, engine)
        }
        for name in consents {
            let command = workshop.people(of: engine) { house in
                let key = SoftwareKey(keys[name] ?? 0)
                let acceptance = house.acceptance(
                    of: statement, as: name, key: key, set: "consent")
                return Command.submit(
                    document: acceptance.bytes,
                    sshsig: key.sshsig(over: acceptance.bytes, for: .accept))
            }
            guard case .submit(let document, let sshsig, _) = command else { continue }
            _ = try await engine.submit(document: document, sshsig: sshsig)
        }
        for member in add {
            try await workshop.bring(member.key, of: member.name, to: statement, engine)
            keys[member.name] = member.key
        }
        return statement
    }

    /// Waits until so many are asked.
    func asked(_ count: Int, _ engine: Engine, _ id: String) async throws {
        while engine.questions(of: id).count != count {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// A member's client fetches the share, keeps it, and signs for it.
    func takeShare(_ name: String, _ engine: Engine, _ id: String) throws {
        try fetch(name, engine, id)
        let question = try question(name, engine, id)
        let key = SoftwareKey(keys[name] ?? 0)
        try engine.answer(
            question.messages.map { key.signature(over: $0.bytes) }, by: key.fingerprint, for: id)
    }

    /// Only the first half of that.
    func fetch(_ name: String, _ engine: Engine, _ id: String) throws {
        let question = try question(name, engine, id)
        let key = SoftwareKey(keys[name] ?? 0)
        let nonce = engine.nonce()
        let receipt = try #require(question.share)
        let request = ShareRequest(
            log: receipt.log, mode: receipt.mode, ceremony: id, key: key.publicKey, nonce: nonce)
        let bytes = SSHSIG.signedBytes(namespace: .shareRequest, message: request.bytes)
        let share = try engine.share(
            for: key.fingerprint, of: id, nonce: nonce, signature: key.signature(over: bytes))
        #expect(Digest(ofShare: share) == receipt.share)
        shares[id, default: [:]][name] = share.withBytes { Array($0) }
    }

    func question(_ name: String, _ engine: Engine, _ id: String) throws -> Question {
        try #require(engine.questions(of: id).first { $0.person == name })
    }

    /// Carries out a change in which everybody does their part.
    @discardableResult
    func carryOut(
        _ engine: Engine, add: [Member] = [], _ parameters: [String: String] = [:],
        consents: [String] = []
    ) async throws -> String {
        let statement = try await approved(engine, add: add, parameters, consents: consents)
        let id = statement.ceremony
        let order = try workshop.order(engine, id)
        let execution = Task { try await engine.submit(order) }
        let staying = statement.fields.all("stay").compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        let members = (staying + add.map(\.name)).sorted()
        try await asked(members.count, engine, id)
        for name in members { try takeShare(name, engine, id) }
        _ = try await execution.value
        return id
    }

    /// A share as a client hands it in.
    func share(_ name: String, of ceremony: String) throws -> ReturnedShare {
        let bytes = try #require(shares[ceremony]?[name])
        return ReturnedShare(ceremony: ceremony, secret: try Guardians.secret(bytes))
    }

    /// A member hands in their shares of these splits.
    @discardableResult
    func handIn(
        _ name: String, of ceremonies: String..., to engine: Engine
    ) async throws -> UnsealStanding {
        try await engine.handIn(
            try ceremonies.map { try share(name, of: $0) }, to: token.name)
    }

    /// A member shows that they have their share.
    func prove(
        _ name: String, of ceremony: String, to engine: Engine, signing other: String? = nil
    ) async throws -> String {
        let key = SoftwareKey(keys[name] ?? 0)
        let nonce = engine.nonce()
        let share = try Guardians.secret(try #require(shares[ceremony]?[name]))
        let proof = ShareProof(
            log: engine.state.log.origin, mode: engine.state.log.mode, ceremony: ceremony,
            member: name, share: Digest(ofShare: share), nonce: nonce)
        let bytes = SSHSIG.signedBytes(namespace: .share, message: proof.bytes)
        let signer = other.map { SoftwareKey(keys[$0] ?? 0) } ?? key
        return try await engine.prove(
            by: key.fingerprint, of: ceremony, guarding: token.name, nonce: nonce,
            signature: signer.signature(over: bytes))
    }

    static func secret(_ bytes: [UInt8]) throws -> SecretBytes {
        let secret = try SecretBytes(capacity: max(bytes.count, 1))
        _ = unsafe secret.fill { free in
            unsafe free.copyBytes(from: bytes)
            return bytes.count
        }
        secret.seal()
        return secret
    }
}

extension Workshop {
    /// What the logs have been told of tries: a line for each event.
    var tries: [String] {
        told.events.compactMap { event in
            guard case .unsealTried(let tried) = event.body else { return nil }
            return tried.tries.map { each in
                (["\(each.result)"] + each.shares).joined(separator: " ")
            }.joined(separator: ", ")
        }
    }
}
