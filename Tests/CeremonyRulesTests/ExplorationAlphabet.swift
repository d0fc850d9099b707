// The alphabet of the exploration: concrete commands by different people, steps of the clock,
// reports of the executor, failures and halts. Every document is signed once, before anything is
// explored.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

/// One thing that can be tried in any state.
struct Letter: Sendable {
    /// What it comes to in a state; `nil` where it makes no sense there.
    enum Effect {
        case clock(Timestamp)
        case command(Command)
    }

    let name: String
    let effect: @Sendable (House) -> Effect?

    init(_ name: String, _ effect: @escaping @Sendable (House) -> Effect?) {
        self.name = name
        self.effect = effect
    }

    init(_ name: String, _ command: Command) {
        self.init(name) { _ in .command(command) }
    }
}

/// Everything that is tried.
struct Alphabet: Sendable {
    /// Where the exploration begins: founded and started.
    let house: House
    let letters: [Letter]

    private static let alpha = "keeper-alpha-1"
    private static let next = "keeper-alpha-2"
    private static let beta = "keeper-beta-1"

    init() throws {
        var policy = Policy(kinds: [
            "new_keeper_key": Policy.Entry(threshold: 2, people: 1, attest: 1)
        ])
        policy.attestDays = 1
        var house = try House(
            House.everybody.filter { $0.member.name != "carol" }, policy: policy)
        try house.decide(.start(version: "1", commit: "a", modules: []))
        var letters = Alphabet.clocks(from: house.now)
        let statements = try Alphabet.statements(&house)
        letters += Alphabet.openings(statements, house)
        letters += Alphabet.answers(statements, house)
        letters += Alphabet.acts(statements, &house)
        letters += Alphabet.reports()
        letters += try Alphabet.records(&house)
        letters += try Alphabet.ofTheHouse(&house)
        self.house = house
        self.letters = letters
    }

    // MARK: The clock

    private static func clocks(from dawn: Timestamp) -> [Letter] {
        [-6, 900, 3600, 90_000].map { span in
            Letter("clock \(span)") { house in
                let time = dawn + span
                let moves = span < 0 ? house.now == dawn : time > house.now
                return moves ? .clock(time) : nil
            }
        } + [Letter("tick", .tick)]
    }

    // MARK: Statements

    private struct Statements {
        var alpha: Statement
        var rival: Statement
        var superseding: Statement
        var second: Statement
        var beta: Statement
        var sameToken: Statement
    }

    private static func statements(_ house: inout House) throws -> Statements {
        let alpha = try house.statement()
        let rival = try house.statement(by: "gina")
        var superseding = try house.statement()
        superseding.ceremony = next
        superseding.fields.list[2].value = next
        var second = superseding
        second.nonce = house.nonce()
        superseding.supersedes = Alphabet.alpha
        return Statements(
            alpha: alpha, rival: rival, superseding: superseding, second: second,
            beta: try house.statement(subject: "keeper-beta", token: House.otherToken),
            sameToken: try house.statement(by: "alice", subject: "keeper-beta"))
    }

    private static func openings(_ statements: Statements, _ house: House) -> [Letter] {
        [
            ("alpha", statements.alpha), ("alpha by gina", statements.rival),
            ("alpha again, superseding", statements.superseding),
            ("alpha again", statements.second), ("beta", statements.beta),
            ("beta on alpha's token", statements.sameToken),
        ].map { Letter("open \($0)", house.opening($1).command) }
    }

    private static func answers(_ statements: Statements, _ house: House) -> [Letter] {
        var letters: [Letter] = []
        for name in ["alice", "bob", "frank", "robot", "gina", "dave", "mallory"] {
            letters.append(
                Letter(
                    "\(name) approves alpha",
                    house.approval(by: name, of: statements.alpha).command))
        }
        letters.append(
            Letter(
                "frank approves alpha with his second key",
                house.approval(by: "frank", key: 1, of: statements.alpha).command))
        for name in ["alice", "bob"] {
            letters.append(
                Letter(
                    "\(name) approves alpha again",
                    house.approval(by: name, of: statements.superseding).command))
        }
        letters.append(
            Letter("alice approves beta", house.approval(by: "alice", of: statements.beta).command))
        var spoiled = house.approval(by: "bob", of: statements.alpha)
        spoiled.sshsig[spoiled.sshsig.count - 1] ^= 1
        letters.append(Letter("somebody forges bob's approval", spoiled.command))
        return letters
    }

    // MARK: Acts

    private static func act(
        _ name: ActName, by actor: String, as role: ActRole, _ statement: Statement?,
        from: CeremonyState?, to: CeremonyState?, _ house: inout House
    ) -> Signed {
        house.signed(
            Act(
                log: house.state.log.origin, mode: house.state.log.mode, act: name,
                ceremony: statement?.ceremony, document: statement?.digest,
                actor: house.signatory(actor), role: role, from: from?.rawValue, to: to?.rawValue,
                evidence: [], justification: "explored", treeSize: house.state.head.size,
                treeRoot: house.state.head.root, at: house.now, nonce: house.nonce()))
    }

    private static func acts(_ statements: Statements, _ house: inout House) -> [Letter] {
        var letters: [Letter] = []
        for name in ["alice", "bob", "robot"] {
            let signed = act(
                .decline, by: name, as: .witness, statements.alpha, from: .pending, to: .pending,
                &house)
            letters.append(Letter("\(name) declines alpha", signed.command))
        }
        for (name, role) in [("dave", .operator), ("alice", .witness), ("erin", .auditor)]
            as [(String, ActRole)]
        {
            let signed = act(
                .cancel, by: name, as: role, statements.alpha, from: .pending, to: .failed, &house)
            letters.append(Letter("\(name) cancels alpha", signed.command))
        }
        let withdrawal = act(
            .cancel, by: "dave", as: .initiator, statements.alpha, from: .approved, to: .expired,
            &house)
        letters.append(Letter("dave withdraws alpha", withdrawal.command))
        for (name, role) in [("dave", .operator), ("alice", .witness), ("robot", .operator)]
            as [(String, ActRole)]
        {
            let signed = act(
                .execute, by: name, as: role, statements.alpha, from: .approved, to: .executing,
                &house)
            letters.append(
                Letter("\(name) executes alpha") { house in
                    let intent = try? house.intent(of: Alphabet.alpha)
                    return .command(
                        .execute(document: signed.document, sshsig: signed.sshsig, intent: intent))
                })
        }
        let executing = act(
            .execute, by: "dave", as: .operator, statements.superseding, from: .approved,
            to: .executing, &house)
        letters.append(
            Letter("dave executes alpha again") { house in
                let intent = try? house.intent(of: next)
                return .command(
                    .execute(
                        document: executing.document, sshsig: executing.sshsig, intent: intent))
            })
        return letters
    }

    // MARK: The executor

    private static func reports() -> [Letter] {
        var letters = [(alpha, 500), (next, 501), (alpha, 1)].map { id, key in
            Letter("\(id) completes with key \(key)") { house in
                guard house.state.ceremony(named: id)?.state == .executing,
                    let outcome = try? house.outcome(of: id, key: key)
                else { return nil }
                return .command(.complete(ceremony: id, outcome: outcome))
            }
        }
        letters.append(
            Letter("alpha completes, extractable") { house in
                guard house.state.ceremony(named: alpha)?.state == .executing,
                    let outcome = try? house.outcome(
                        of: alpha, { $0.attributes.removeAll { $0 == "never-extractable" } })
                else { return nil }
                return .command(.complete(ceremony: alpha, outcome: outcome))
            })
        for reason in ["token-error", "halted", "deadline"] {
            letters.append(
                Letter(
                    "alpha fails: \(reason)",
                    .fail(ceremony: alpha, Failure(reason: reason, left: ["nothing"]))))
        }
        letters.append(
            Letter("alpha again fails", .fail(ceremony: next, Failure(reason: "interrupted"))))
        return letters
    }

    /// What people say to the record, once there is one; the record is each time the log's own.
    private static func records(_ house: inout House) throws -> [Letter] {
        var letters = ["alice", "bob", "robot", "gina"].map { name in
            Letter("\(name) attests alpha") { house in
                guard let record = house.state.ceremony(named: alpha)?.record else { return nil }
                return .command(house.attestation(by: name, of: record).command)
            }
        }
        for name in ["alice", "bob", "robot"] {
            let nonce = house.nonce()
            let base = house.state.head
            letters.append(
                Letter("\(name) disowns alpha's key") { house in
                    guard let record = house.state.ceremony(named: alpha)?.record else {
                        return nil
                    }
                    let completed = CeremonyState.completed.rawValue
                    let act = Act(
                        log: record.log, mode: record.mode, act: .decline, ceremony: alpha,
                        document: record.digest, actor: house.signatory(name), role: .witness,
                        from: completed, to: completed, evidence: [], justification: "not that one",
                        treeSize: base.size, treeRoot: base.root, at: House.dawn, nonce: nonce)
                    return .command(house.signed(act).command)
                })
        }
        return letters
    }

    // MARK: The house

    private static func ofTheHouse(_ house: inout House) throws -> [Letter] {
        let halt = act(.halt, by: "alice", as: .keeper, nil, from: nil, to: nil, &house)
        let wrong = act(.halt, by: "erin", as: .keeper, nil, from: nil, to: nil, &house)
        let note = act(.note, by: "erin", as: .auditor, nil, from: nil, to: nil, &house)
        return [
            Letter("alice halts", halt.command),
            Letter("erin halts", wrong.command),
            Letter("the daemon halts", .invariant("chain")),
            Letter("erin notes", note.command),
            Letter("the daemon starts", .start(version: "1", commit: "a", modules: [])),
            Letter(
                "access is refused",
                .refused(
                    AccessRefused(
                        uid: 1, gid: 1, pid: 1, method: "Submit", code: "not-on-roster",
                        claimed: nil, ceremony: nil, digest: nil, count: 1))),
        ]
    }
}
