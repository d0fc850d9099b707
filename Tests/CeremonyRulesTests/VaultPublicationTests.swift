// What becomes of a committed change of a vault that is not written yet, and of the peers that are
// to follow it: when its key is revoked, when the log itself is lost, when the vault is changed
// again.

import CeremonyRecord
import Provara
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A vault's change that is not written yet")
struct VaultPublicationTests {
    private static let policy: Policy = {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return policy
    }()
    private static let stranger = "mallory=\(House.outsider.keys[0].fingerprint)"

    /// A rotation of the vault's root key that is committed and not written.
    private static func committed(_ house: inout House, peers: String = "gina") throws -> String {
        let statement = try house.vaultRotation(["peers": peers])
        try house.carryOut(statement)
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        return statement.ceremony
    }

    private static func revoke(_ house: inout House) throws {
        let revocation = try house.open(
            "key-revocation", subject: "alpha-root",
            parameters: ["key": "\(SoftwareKey(600).fingerprint)", "cause": "compromise"])
        try house.approve("gina", "alice", statement: revocation)
    }

    private static func confirm(_ id: String, by name: String, _ house: inout House) throws {
        let act = try house.act(.confirm, by: name, on: id)
        try house.decide(house.signed(act).command)
    }

    @Test("It is not forgotten when its key is revoked: what was begun is finished")
    func begun() throws {
        var house = try House(policy: Self.policy)
        let id = try Self.committed(&house)
        try Self.revoke(&house)
        #expect(house.state.unfinished.map(\.id) == [id])
        #expect(house.state.unconfirmed.map(\.id) == [id])
        #expect(house.state.deadlines().contains { $0.matter == .unfinished && $0.ceremony == id })
        #expect(!house.state.deadlines().contains { $0.matter == .keyRevoked })
        // The vault is still held for it.
        expectRefusal(.busy, "CM-5") { _ = try house.vaultRotation() }
        expectRefusal(.illegalEvent, "FP-4") {
            try house.append(
                .stepDone(StepDone(ceremony: id, step: "publish", result: .object([:]))))
        }
        try house.decide(.done(ceremony: id, step: "publish"))
        #expect(house.state.unfinished.isEmpty)
        // The vault has the key now, and its peers must learn of it before they learn of its end.
        #expect(house.state.unconfirmed.map(\.id) == [id])
        try Self.confirm(id, by: "gina", &house)
        #expect(house.state.unconfirmed.isEmpty)
        // The revoked key counts in the vault until the next rotation, and that is due.
        let due = try Self.replacement(house)
        #expect(due.vault?.id == "\(House.keyID(SoftwareKey(600)))" && due.isDue(at: house.now))
        let next = try house.vaultRotation(of: SoftwareKey(600))
        try house.carryOut(next)
        #expect(try Self.replacement(house).ceremony == next.ceremony)
        _ = try #require(try house.complete(next.ceremony, key: 602))
        #expect(!house.state.deadlines().contains { $0.matter == .keyRevoked })
        house.expectConsistent()
    }

    private static func replacement(_ house: House) throws -> Deadline {
        try #require(house.state.deadlines().first { $0.matter == .keyRevoked })
    }

    @Test("An untouched vault is left as it was only where the key is revoked, and the log says so")
    func untouched() throws {
        var house = try House(policy: Self.policy)
        let id = try Self.committed(&house)
        house.expectRefusal(
            .illegalEvent, "FP-4", of: .done(ceremony: id, step: "publish", isLeft: true))
        try Self.revoke(&house)
        let early = try house.act(.confirm, by: "gina", on: id)
        let decision = try house.decide(.done(ceremony: id, step: "publish", isLeft: true))
        guard case .stepDone(let done) = try #require(decision.events.first).body else {
            Issue.record("no step.done")
            return
        }
        #expect(done.result == .object(["result": .string("not-written")]))
        #expect(house.state.unfinished.isEmpty && house.state.unconfirmed.isEmpty)
        #expect(try house.ceremony(id).unconfirmed.isEmpty)
        // There is nothing that a copy could know.
        house.expectRefusal(.ended, "FP-4", of: house.signed(early).command)
        house.expectRefusal(.illegalEvent, "FP-4", of: .done(ceremony: id, step: "publish"))
        // The vault's key is still the one that was to go, and it goes with the next.
        let due = try Self.replacement(house)
        #expect(due.vault?.id == "\(House.keyID(House.vaultRootKey))" && due.isDue(at: house.now))
        let again = try house.vaultRotation()
        #expect(again.fields["old-key"] == "none" && again.fields["releases"] == nil)
        house.expectConsistent()
    }

    @Test("It holds its vault and its subject, and not the token that its key is in")
    func token() throws {
        var house = try House(policy: Self.policy)
        _ = try Self.committed(&house)
        try house.open(subject: "keeper-alpha", token: House.token)
        expectRefusal(.busy, "CM-5") {
            _ = try house.statement(
                "key-rotation", subject: "alpha-root", token: House.otherToken)
        }
    }

    @Test("A successor log goes on with it, and with those who are to confirm it")
    func successor() throws {
        var old = try House(policy: Self.policy)
        let id = try Self.committed(&old)
        var new = try House(policy: Self.policy, after: old)
        #expect(new.state.unfinished.map(\.id) == [id])
        #expect(new.state.unconfirmed.map(\.id) == [id])
        #expect(new.state.ceremony(named: id) == nil && new.state.allCeremonies.isEmpty)
        for matter in [Deadline.Matter.unfinished, .confirmation] {
            let deadline = try #require(new.state.deadlines().first { $0.matter == matter })
            #expect(deadline.ceremony == nil)
            #expect(deadline.text.contains("\(id) of the log \(old.state.log.origin)"))
        }
        expectRefusal(.busy, "CM-5") { _ = try new.vaultRotation(of: SoftwareKey(600)) }
        expectRefusal(.illegalEvent) {
            try new.append(
                .stepDone(StepDone(ceremony: id, step: "publish", result: .object([:]))))
        }
        try new.decide(.done(ceremony: id, step: "publish"))
        #expect(new.state.unfinished.isEmpty && new.state.unconfirmed.map(\.id) == [id])
        // The third log knows it too.
        let third = try House(policy: Self.policy, after: new)
        #expect(third.state.unfinished.isEmpty && third.state.unconfirmed.map(\.id) == [id])
        var act = try new.act(.confirm, by: "gina", on: id)
        act.act = .note
        new.expectRefusal(.unknownCeremony, of: new.signed(act).command)
        try Self.confirm(id, by: "gina", &new)
        #expect(new.state.unconfirmed.isEmpty)
        let before = try History(new.earlier).state
        #expect(try Replay.state(of: new.lines, after: before) == new.state)
    }

    @Test("In a successor log it is left as well, where its key is revoked there")
    func successorLeaves() throws {
        var old = try House(policy: Self.policy)
        let id = try Self.committed(&old)
        var new = try House(policy: Self.policy, after: old)
        try Self.revoke(&new)
        try new.decide(.done(ceremony: id, step: "publish", isLeft: true))
        #expect(new.state.unfinished.isEmpty && new.state.unconfirmed.isEmpty)
        #expect(new.state.recordedCeremony(named: id)?.isLeftUndone == true)
    }

    @Test("Once the vault is changed again, only the peers of that are waited for, as was agreed")
    func followed() throws {
        var house = try House(policy: Self.policy)
        let first = try Self.committed(&house, peers: "gina,\(Self.stranger)")
        try house.decide(.done(ceremony: first, step: "publish"))
        let statement = try house.vaultRotation(of: SoftwareKey(600), ["peers": "gina"])
        #expect(
            statement.fields.all("releases") == [
                "\(first) mallory \(House.outsider.keys[0].fingerprint)"
            ])
        #expect(ProvaraRotation.parameters(of: statement)["releases"] == nil)
        try house.carryOut(statement)
        _ = try #require(try house.complete(statement.ceremony, key: 602))
        #expect(house.state.unconfirmed.map(\.id) == [first, statement.ceremony])
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        #expect(house.state.unconfirmed.map(\.id) == [statement.ceremony])
        #expect(try house.ceremony(first).unconfirmed.isEmpty)
        #expect(try house.ceremony(first).followedBy == statement.ceremony)
        // Late is well.
        try Self.confirm(first, by: "mallory", &house)
        try Self.confirm(statement.ceremony, by: "gina", &house)
        #expect(house.state.unconfirmed.isEmpty)
        house.expectConsistent()
    }

    @Test("Peers of another vault's change are waited for all the same")
    func otherVault() throws {
        var house = try House(policy: Self.policy)
        let first = try Self.committed(&house)
        try house.decide(.done(ceremony: first, step: "publish"))
        let statement = try house.vaultRotation(
            of: SoftwareKey(710), by: SoftwareKey(711), subject: "beta-root",
            ["vault": "beta", "vault-uid": "02OTHER"])
        #expect(statement.fields["releases"] == nil)
        try house.carryOut(statement)
        _ = try #require(try house.complete(statement.ceremony, key: 602))
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        #expect(house.state.unconfirmed.map(\.id) == [first])
    }
}
