// Every row of the transition table, legal and illegal (DESIGN section 3, FP-4): the table itself,
// each edge walked, and from every state each event that would make a step the table does not have.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("The transition table")
struct TransitionTests {
    static let legal: Set<[CeremonyState]> = [
        [.pending, .approved], [.pending, .expired], [.pending, .failed],
        [.approved, .executing], [.approved, .expired],
        [.executing, .completed], [.executing, .failed],
    ]

    @Test("It has these seven edges and no others", arguments: CeremonyState.allCases)
    func table(from: CeremonyState) {
        for to in CeremonyState.allCases {
            #expect(
                Transitions.allows(from: from, to: to) == Self.legal.contains([from, to]),
                "\(from.rawValue) to \(to.rawValue)")
        }
        let hasExit = Self.legal.contains { $0[0] == from }
        #expect(from.isEnd == !hasExit)
    }

    @Test(
        "The one place that moves a ceremony holds to the table", arguments: CeremonyState.allCases)
    func moves(from: CeremonyState) throws {
        let house = try Self.house(in: from)
        for to in CeremonyState.allCases {
            var state = house.state
            if Self.legal.contains([from, to]) {
                try state.move("keeper-alpha-1", from: from, to: to, expected: to)
                #expect(state.ceremony(named: "keeper-alpha-1")?.state == to)
                #expect(state.live.isEmpty == to.isEnd)
            } else {
                expectRefusal(.illegalTransition, "FP-4") {
                    try state.move("keeper-alpha-1", from: from, to: to, expected: to)
                }
            }
        }
    }

    /// A house whose ceremony `keeper-alpha-1` is in that state.
    static func house(in state: CeremonyState) throws -> House {
        var house = try House()
        switch state {
        case .pending: try house.open()
        case .approved: _ = try house.approved()
        case .executing: _ = try house.executing()
        case .completed: _ = try house.completed()
        case .failed:
            let statement = try house.executing()
            try house.decide(.fail(ceremony: statement.ceremony, Failure(reason: "token-error")))
        case .expired:
            try house.open()
            house.pass(3600)
            try house.decide(.tick)
        }
        #expect(house.standing("keeper-alpha-1") == state)
        return house
    }

    /// Events that claim to move the ceremony to a state, as truthfully as they can be written.
    static func events(to: CeremonyState, from: CeremonyState, in house: House) throws
        -> [EventBody]
    {
        var house = house
        let id = "keeper-alpha-1"
        let intent = try? house.intent(of: id)
        var order = try house.act(.execute, by: "dave", on: id)
        let signed: (Act) -> SignedDocument = { act in
            let signed = house.signed(act)
            return SignedDocument(
                lines: act.lines, key: act.actor.fingerprint, sshsig: signed.sshsig)
        }
        switch to {
        case .pending: return []
        case .approved:
            return [
                .ceremonyApproved(CeremonyApproved(ceremony: id, from: from, to: .approved))
            ]
        case .executing:
            order.from = CeremonyState.approved.rawValue
            return [
                .ceremonyExecuting(
                    CeremonyExecuting(
                        ceremony: id, from: from, to: .executing, signed: signed(order),
                        intent: intent ?? .object([:])))
            ]
        case .completed:
            let outcome = (try? house.outcome(of: id)) ?? .object([:])
            return [
                .ceremonyCompleted(
                    CeremonyCompleted(ceremony: id, from: from, to: .completed, outcome: outcome))
            ]
        case .failed:
            return [
                "declined", "cancelled", "superseded", "prestate-changed", "token-error",
                "halted", "deadline", "interrupted", "timeout",
            ].map {
                .ceremonyFailed(
                    CeremonyFailed(
                        ceremony: id, from: from, to: .failed, reason: $0, phase: nil, detail: nil,
                        pkcs11: nil, left: nil, signed: nil, by: nil, effective: nil))
            }
        case .expired:
            return ["timeout", "cancelled", "superseded", "prestate-changed"].map {
                .ceremonyExpired(
                    CeremonyExpired(
                        ceremony: id, from: from, to: .expired, reason: $0, signed: nil, by: nil,
                        effective: nil))
            }
        }
    }

    @Test(
        "From each state, no unprovoked event leads to another", arguments: CeremonyState.allCases)
    func unprovoked(from: CeremonyState) throws {
        let house = try Self.house(in: from)
        for to in CeremonyState.allCases {
            for body in try Self.events(to: to, from: from, in: house) {
                var copy = house
                let isOrdered =
                    switch (from, to) {
                    case (.approved, .executing), (.executing, .completed): true
                    case (.executing, .failed):
                        if case .ceremonyFailed(let failed) = body {
                            ["token-error", "interrupted"].contains(failed.reason)
                        } else {
                            false
                        }
                    default: false
                    }
                if isOrdered {
                    try copy.append(body)
                    #expect(copy.standing("keeper-alpha-1") == to)
                } else {
                    #expect(throws: Refusal.self, "\(from.rawValue) to \(body)") {
                        try copy.append(body)
                    }
                    #expect(copy.state == house.state)
                }
            }
        }
    }

    @Test("An event must tell the state before and after it as they are")
    func misstated() throws {
        let house = try Self.house(in: .executing)
        for from in CeremonyState.allCases where from != .executing {
            house.expectIllegal(
                .illegalTransition,
                .ceremonyCompleted(
                    CeremonyCompleted(
                        ceremony: "keeper-alpha-1", from: from, to: .completed,
                        outcome: try #require(try house.outcome(of: "keeper-alpha-1")))))
        }
        for to in CeremonyState.allCases where to != .completed {
            house.expectIllegal(
                .illegalTransition,
                .ceremonyCompleted(
                    CeremonyCompleted(
                        ceremony: "keeper-alpha-1", from: .executing, to: to,
                        outcome: try #require(try house.outcome(of: "keeper-alpha-1")))))
        }
        for to in CeremonyState.allCases where to != .failed {
            house.expectIllegal(
                .illegalTransition,
                .ceremonyFailed(
                    CeremonyFailed(
                        ceremony: "keeper-alpha-1", from: .executing, to: to, reason: "token-error",
                        phase: nil, detail: nil, pkcs11: nil, left: nil, signed: nil, by: nil,
                        effective: nil)))
        }
    }

    @Test("PENDING to APPROVED: the deciding approval, in the same breath")
    func approval() throws {
        var house = try House()
        let statement = try house.open()
        try house.approve("alice", "robot", statement: statement)
        #expect(house.standing(statement.ceremony) == .pending)
        let decision = try house.decide(house.approval(by: "bob", of: statement).command)
        #expect(decision.events.map(\.body.type) == ["ceremony.witnessed", "ceremony.approved"])
        #expect(house.standing(statement.ceremony) == .approved)
        house.expectConsistent()
    }

    @Test("Three answers of whom too few are human do not approve")
    func people() throws {
        var house = try House(
            House.everybody.map { person in
                guard person.member.name == "carol" else { return person }
                return House.Person("carol", .system, [.witness], keys: [3])
            })
        let statement = try house.open()
        try house.approve("alice", "robot", "carol", statement: statement)
        #expect(house.standing(statement.ceremony) == .pending)
        try house.approve("bob", statement: statement)
        #expect(house.standing(statement.ceremony) == .approved)
    }

    @Test("PENDING to FAILED: so many decline that the threshold is out of reach")
    func declined() throws {
        var house = try House()
        let statement = try house.open()
        try house.approve("alice", statement: statement)
        for name in ["bob", "robot"] {
            try house.order(.decline, by: name, on: statement.ceremony)
            #expect(house.standing(statement.ceremony) == .pending)
        }
        let decision = try house.order(.decline, by: "carol", on: statement.ceremony)
        #expect(decision.events.map(\.body.type) == ["ceremony.declined", "ceremony.failed"])
        #expect(house.standing(statement.ceremony) == .failed)
        #expect(try house.ceremony(statement.ceremony).end?.reason == "declined")
        #expect(house.state.live.isEmpty)
        house.expectConsistent()
    }

    @Test("PENDING to FAILED: too few humans are left to approve")
    func tooFewHumansLeft() throws {
        var house = try House(
            House.everybody,
            policy: Policy(kinds: [
                "new_keeper_key": Policy.Entry(threshold: 3, people: 3, attest: 2)
            ]))
        let statement = try house.open()
        try house.order(.decline, by: "alice", on: statement.ceremony)
        #expect(house.standing(statement.ceremony) == .pending)
        try house.order(.decline, by: "bob", on: statement.ceremony)
        #expect(house.standing(statement.ceremony) == .failed)
    }

    @Test("PENDING to FAILED and APPROVED to EXPIRED: cancelled by a person")
    func cancelled() throws {
        for state in [CeremonyState.pending, .approved] {
            var house = try Self.house(in: state)
            try house.order(.cancel, by: "dave", on: "keeper-alpha-1")
            #expect(house.standing("keeper-alpha-1") == (state == .pending ? .failed : .expired))
            #expect(try house.ceremony("keeper-alpha-1").end?.reason == "cancelled")
            house.expectConsistent()
        }
    }

    @Test("What is EXECUTING cannot be cancelled, whatever the act says it saw")
    func cancelledTooLate() throws {
        var house = try Self.house(in: .approved)
        let cancel = house.signed(try house.act(.cancel, by: "dave", on: "keeper-alpha-1"))
        try house.execute("keeper-alpha-1")
        house.expectRefusal(.ended, "FP-4", of: cancel.command)
    }

    @Test("A cancel that saw PENDING holds when it is APPROVED by now")
    func cancelledLater() throws {
        var house = try House()
        let statement = try house.open()
        let cancel = house.signed(try house.act(.cancel, by: "dave", on: statement.ceremony))
        let decline = house.signed(try house.act(.decline, by: "frank", on: statement.ceremony))
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.decide(decline.command)
        #expect(house.standing(statement.ceremony) == .approved)
        try house.decide(cancel.command)
        #expect(house.standing(statement.ceremony) == .expired)
        house.expectConsistent()
    }

    @Test("PENDING to FAILED and APPROVED to EXPIRED: superseded by another")
    func superseded() throws {
        for state in [CeremonyState.pending, .approved] {
            var house = try Self.house(in: state)
            let next = try house.open(supersedes: "keeper-alpha-1")
            #expect(next.ceremony == "keeper-alpha-2")
            #expect(house.standing("keeper-alpha-1") == (state == .pending ? .failed : .expired))
            #expect(try house.ceremony("keeper-alpha-1").end?.reason == "superseded")
            #expect(house.state.live == ["keeper-alpha-2"])
            #expect(try house.types().suffix(2).first == "ceremony.opened")
            house.expectConsistent()
        }
    }

    @Test("EXECUTING to FAILED: for every reason that an executor may report")
    func failures() throws {
        for reason in [
            "token-error", "gate-failed", "interrupted", "token-lost", "outcome-refused",
        ] {
            var house = try Self.house(in: .executing)
            try house.decide(
                .fail(
                    ceremony: "keeper-alpha-1",
                    Failure(
                        reason: reason, phase: "generate", detail: "the token went away",
                        pkcs11: PKCS11Failure(
                            function: "C_GenerateKeyPair", code: "CKR_DEVICE_ERROR"),
                        left: ["nothing"])))
            let end = try #require(try house.ceremony("keeper-alpha-1").end)
            #expect(end.reason == reason)
            #expect(end.left == ["nothing"])
            #expect(end.detail == "the token went away")
            house.expectConsistent()
        }
        for reason in [
            "timeout", "cancelled", "superseded", "halted", "deadline", "whim", "declined",
            "prestate-changed",
        ] {
            let house = try Self.house(in: .executing)
            house.expectRefusal(
                .illegalEvent, "FP-4",
                of: .fail(ceremony: "keeper-alpha-1", Failure(reason: reason)))
        }
    }

    @Test("An executor can fail and complete only what is EXECUTING")
    func reports() throws {
        for state in CeremonyState.allCases where state != .executing {
            let house = try Self.house(in: state)
            let outcome = try Self.house(in: .executing).outcome(of: "keeper-alpha-1")
            let code: RefusalCode =
                switch state {
                case .expired: .expired
                case .pending: .illegalEvent
                default: .ended
                }
            house.expectRefusal(
                code, of: .fail(ceremony: "keeper-alpha-1", Failure(reason: "token-error")))
            house.expectRefusal(
                state == .expired ? .expired : .ended,
                of: .complete(ceremony: "keeper-alpha-1", outcome: try #require(outcome)))
        }
    }

    @Test("An ended ceremony stays ended")
    func ends() throws {
        for state in [CeremonyState.completed, .failed, .expired] {
            var house = try Self.house(in: state)
            let code: RefusalCode = state == .expired ? .expired : .ended
            let statement = try house.ceremony("keeper-alpha-1").statement
            house.expectRefusal(code, of: house.approval(by: "frank", of: statement).command)
            for name in [ActName.cancel, .execute] {
                var act = try house.act(name, by: "dave", on: "keeper-alpha-1")
                act.from = CeremonyState.approved.rawValue
                act.to = (name == .execute ? CeremonyState.executing : .expired).rawValue
                let signed = house.signed(act)
                house.expectRefusal(
                    code,
                    of: name == .execute
                        ? .execute(
                            document: signed.document, sshsig: signed.sshsig, intent: .object([:]))
                        : signed.command)
            }
            house.pass(90_000)
            if state != .completed {
                #expect(try house.decide(.tick).events.isEmpty)
            }
        }
    }
}
