// What people are told of a vault's change that is not over: left by an earlier log, left undone,
// followed by another, or dated ahead of the clock.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Synchronization
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("A vault's change that is not over")
struct VaultWindowTests {
    private static let policy: Policy = {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return policy
    }()

    /// A rotation that gina is to confirm, committed and not written.
    private static func committed(_ house: inout House) throws -> String {
        let statement = try house.vaultRotation(["peers": "gina"])
        try house.carryOut(statement)
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        return statement.ceremony
    }

    @Test(
        "What an earlier log left shuts the gate in its successor, is due there and confirmed there"
    )
    func inherited() throws {
        var old = try House(policy: Self.policy)
        let id = try Self.committed(&old)
        let daemon = try PaperDaemon(try House(policy: Self.policy, after: old))
        defer { daemon.stop() }
        let path = daemon.directory + "/confirmation"
        let confirm = ["confirm", id, "--as", "gina", "--draft", path]
        let shut = try daemon.run("provara", "gate", "alpha", "L3")
        #expect(
            shut.status == 1 && shut.err.contains("the vault is not written yet"), "\(shut.err)")
        let early = try daemon.run(confirm)
        #expect(early.status == 75 && early.err.contains("code: not-yet"), "\(early.err)")
        _ = try daemon.house.withLock { try $0.decide(.done(ceremony: id, step: "publish")) }
        let waits = try daemon.run("provara", "gate", "alpha", "L3")
        #expect(waits.status == 1 && waits.err.contains("not confirmed yet by: gina"))
        let due = try daemon.run("due")
        #expect(due.status == 75 && due.out.contains("\(id) of the log"), "\(due.out)\(due.err)")
        #expect(try daemon.run("next", "--as", "gina").status != 69)
        let run = try daemon.run(confirm)
        #expect(run.status == 0, "\(run.err)")
        let lines = try Files.read(path).split(separator: 0x0a)
        let act = try Act(lines: lines.map { String(decoding: $0, as: UTF8.self) })
        try daemon.house.withLock { house in
            let signed = Signed(act, by: house.person("gina").keys[0], for: .act)
            _ = try house.decide(signed.command)
        }
        #expect(try daemon.run("provara", "gate", "alpha", "L3").status == 0)
        // Now it is nothing that this log could tell of.
        #expect(try daemon.run(confirm).status == 66)
    }

    @Test("A change that was left undone says so, waits for nobody, and opens the gate")
    func leftUndone() throws {
        var house = try House(policy: Self.policy)
        let id = try Self.committed(&house)
        let revocation = try house.open(
            "key-revocation", subject: "alpha-root",
            parameters: ["key": "\(SoftwareKey(600).fingerprint)", "cause": "compromise"])
        try house.approve("gina", "alice", statement: revocation)
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let shut = try daemon.run("provara", "gate", "alpha", "L3")
        #expect(shut.status == 1 && shut.err.contains("the vault is not written yet"))
        _ = try daemon.house.withLock {
            try $0.decide(.done(ceremony: id, step: "publish", isLeft: true))
        }
        #expect(try daemon.run("provara", "gate", "alpha", "L3").status == 0)
        #expect(try daemon.run("log").out.contains("\(id): publish, not written"))
    }

    @Test("Whoever agrees is told whose confirmation is given up, and of a vault dated ahead")
    func told() throws {
        func field(_ name: String, _ value: String) -> Field { Field(name: name, value: value) }
        let released = VaultPeers.released(
            by: Fields([field("releases", "alpha-root-1 mallory SHA256:abc"), field("x", "y")]))
        #expect(released.count == 1)
        #expect(
            released[0].hasPrefix("WARNING: mallory (SHA256:abc) has not confirmed alpha-root-1"))
        let now = House.dawn
        for (shift, isTold) in [(Limits.clockLead, false), (Limits.clockLead + 1, true)] {
            let next = try #require(House.vaultMoment(now + shift))
            let told = VaultRotation.dateWarning(Fields([field("vault-next", "\(next)")]), now)
            #expect(told.isEmpty != isTold)
            #expect(told.allSatisfy { $0.hasPrefix("WARNING: ") && $0.contains("say \(next)") })
        }
    }
}
