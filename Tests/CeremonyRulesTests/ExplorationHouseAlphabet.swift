// The second alphabet of the exploration: what becomes of a key and of the house. A rotation, a
// revocation, other people, other rules, another log key, a clock that was ahead, and the end of a
// halt, all drafted at once from one state, so that each of them meets all others under way.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

/// Everything that is tried from a house with an active key, or from the same house halted.
struct HouseAlphabet: Sendable {
    /// Where the exploration begins.
    let house: House
    let letters: [Letter]

    private static let rotation = "keeper-alpha-2"

    init(halted: Bool) throws {
        let two = Policy.Entry(threshold: 2, people: 1, attest: 0)
        var policy = Policy(kinds: [
            "new_keeper_key": Policy.Entry(threshold: 1, people: 1, attest: 1),
            "key_rotation": Policy.Entry(threshold: 1, people: 1, attest: 1),
            "key_revocation": two, "halt_clear": two, "set_roster": two, "set_policy": two,
            "log_key_change": two, "clock_correction": two,
        ])
        policy.overlapDays = 1
        var house = try House(House.everybody, policy: policy)
        // A clock can be corrected to a time after the founding only.
        house.pass(120)
        try house.decide(.start(version: "1", commit: "a", modules: []))
        try HouseAlphabet.activate(&house)
        var letters = HouseAlphabet.clocks(from: house.now)
        if halted { try house.order(.halt, by: "gina") }
        for (name, kind, subject, parameters) in HouseAlphabet.plans(house) {
            // What cannot be drafted here is not in the way of anything.
            guard
                let statement = try? house.statement(
                    kind, subject: subject, token: kind == "key-rotation" ? House.token : nil,
                    parameters: parameters)
            else { continue }
            letters += HouseAlphabet.answers(name, statement, &house)
        }
        letters += try HouseAlphabet.acts(&house)
        letters += HouseAlphabet.reports()
        self.house = house
        self.letters = letters
    }

    private static func activate(_ house: inout House) throws {
        let statement = try house.open()
        try house.approve("alice", statement: statement)
        try house.execute(statement.ceremony)
        if let record = try house.complete(statement.ceremony, key: 500) {
            try house.attest("alice", record: record)
        }
    }

    private static func clocks(from dawn: Timestamp) -> [Letter] {
        [-6, 800, 3600, 90_000].map { span in
            Letter("clock \(span)") { house in
                let time = dawn + span
                let moves = span < 0 ? house.now == dawn : time > house.now
                return moves ? .clock(time) : nil
            }
        } + [Letter("tick", .tick)]
    }

    private static func plans(_ house: House) -> [(String, String, String, [String: String])] {
        let key = "\(SoftwareKey(500).fingerprint)"
        let fewer = house.change { $0.remove("frank") }
        let more = house.change { members in
            var hana = House.newcomer.member
            hana.keys = [MemberKey(20)]
            members.append(hana)
        }
        var policy = house.state.roster.policy
        policy.overlapDays = 2
        let vkey = Founding.vkey(house.state.log.origin, of: SoftwareKey(2001))
        return [
            ("the rotation", "key-rotation", "keeper-alpha", [:]),
            ("the revocation", "key-revocation", "keeper-alpha", ["key": key, "cause": "loss"]),
            ("frank's leaving", "set-roster", "house-roster", ["change": fewer]),
            ("hana's coming", "set-roster", "house-roster", ["change": more]),
            (
                "the new rules", "set-policy", "house-policy",
                ["change": RosterChange(policy: policy.json).text]
            ),
            ("the log key", "log-key-change", "house-log", ["new-log-key": vkey]),
            ("the correction", "clock-correction", "house-clock", ["now": "\(house.now + -60)"]),
            ("the clearing", "halt-clear", "house-halt", [:]),
        ]
    }

    private static func answers(_ name: String, _ statement: Statement, _ house: inout House)
        -> [Letter]
    {
        var letters = [Letter("open \(name)", house.opening(statement).command)]
        for witness in ["alice", "bob", "frank"] {
            letters.append(
                Letter(
                    "\(witness) approves \(name)",
                    house.approval(by: witness, of: statement).command))
        }
        for part in statement.accepts {
            let key = SoftwareKey(20)
            let acceptance = house.acceptance(of: statement, as: part.name, key: key)
            letters.append(
                Letter(
                    "\(part.name) accepts \(name)",
                    Signed(acceptance, by: key, for: .accept).command
                ))
        }
        return letters
    }

    private static func acts(_ house: inout House) throws -> [Letter] {
        let halt = house.signed(try house.act(.halt, by: "alice"))
        let note = house.signed(try house.act(.note, by: "erin"))
        let nonces = (house.nonce(), house.nonce())
        let base = house.state.head
        @Sendable func order(_ act: ActName, _ nonce: String, _ house: House) -> Signed? {
            guard let rotation = house.state.ceremony(named: HouseAlphabet.rotation) else {
                return nil
            }
            let (from, to, evidence): (CeremonyState, CeremonyState?, [Evidence]) =
                act == .recover
                ? (.failed, nil, [rotation.announced?.keyEvidence].compactMap(\.self))
                : (.approved, .executing, [])
            return house.signed(
                Act(
                    log: house.state.log.origin, mode: house.state.log.mode, act: act,
                    ceremony: rotation.id, document: rotation.digest,
                    actor: house.signatory("dave"), role: .operator, from: from.rawValue,
                    to: to?.rawValue, evidence: evidence, justification: "explored",
                    treeSize: base.size, treeRoot: base.root, at: House.dawn, nonce: nonce))
        }
        return [
            Letter("alice halts", halt.command), Letter("erin notes", note.command),
            Letter("the daemon halts", .invariant("chain")),
            Letter("dave executes the rotation") { house in
                guard let signed = order(.execute, nonces.0, house) else { return nil }
                let intent = try? house.intent(of: rotation)
                return .command(
                    .execute(document: signed.document, sshsig: signed.sshsig, intent: intent))
            },
            Letter("dave recovers the rotation's key") { house in
                guard let signed = order(.recover, nonces.1, house) else { return nil }
                return .command(
                    .recover(
                        document: signed.document, sshsig: signed.sshsig, outcome: .destroyed))
            },
        ]
    }

    private static func reports() -> [Letter] {
        [
            Letter("the rotation completes") { house in
                guard house.state.ceremony(named: rotation)?.state == .executing,
                    let outcome = try? house.outcome(of: rotation, key: 501)
                else { return nil }
                return .command(.complete(ceremony: rotation, outcome: outcome))
            },
            Letter(
                "the rotation fails",
                .fail(
                    ceremony: rotation, Failure(reason: "token-error", left: ["private-key"]))),
            Letter(
                "the rotation's prestate has changed",
                .fail(ceremony: rotation, Failure(reason: "prestate-changed"))),
            Letter("alice attests the rotation") { house in
                guard let record = house.state.ceremony(named: rotation)?.record else {
                    return nil
                }
                return .command(house.attestation(by: "alice", of: record).command)
            },
        ]
    }
}
