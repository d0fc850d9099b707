// Every code in which the rules can say no is reached by an honest way to provoke it, carries the
// requirement that it enforces, says what to do where there is something, and changes nothing.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Refusals")
struct RefusalTests {
    /// A way into a refusal: the requirement it must name, and the work.
    struct Way {
        let requirement: String?
        let work: () throws -> Void

        init(_ requirement: String? = nil, _ work: @escaping () throws -> Void) {
            self.requirement = requirement
            self.work = work
        }
    }

    @Test("Every code is reached", arguments: RefusalCode.allCases)
    func reached(code: RefusalCode) throws {
        let way = try self.way(to: code)
        let refusal = expectRefusal(code, way.requirement) { try way.work() }
        #expect(refusal?.description.hasPrefix(code.rawValue + ": ") == true)
    }

    @Test("A refusal changes nothing")
    func changesNothing() throws {
        var house = try House()
        let statement = try house.open()
        let before = house.state
        for name in ["mallory", "gina", "dave"] {
            #expect(throws: Refusal.self) {
                try house.decide(house.approval(by: name, of: statement).command)
            }
        }
        #expect(house.state == before)
        try house.approve("alice", statement: statement)
        house.expectConsistent()
    }

    @Test("An event follows from the one before it: its log, its number, its hash, its time")
    func place() throws {
        let house = try House()
        let event = house.event(
            .daemonStarted(DaemonStarted(version: "1", commit: "a", modules: [], fence: 1)))
        for (code, change) in [
            (.wrongDocument, { $0.origin = "example.org/other/rehearsal" }),
            (.brokenChain, { $0.seq += 1 }), (.brokenChain, { $0.seq -= 1 }),
            (.brokenChain, { $0.prev = .zero }), (.timeBackwards, { $0.time = $0.time + -1 }),
        ] as [(RefusalCode, (inout Event) -> Void)] {
            var other = event
            change(&other)
            var state = house.state
            expectRefusal(code) { try state.evolve(other, line: other.line) }
            #expect(state == house.state)
        }
        var state = house.state
        try state.evolve(event, line: event.line)
    }

    // One case a code, so that the compiler asks for the way to a new one.
    func way(to code: RefusalCode) throws -> Way {
        var house = try House()
        switch code {
        case .halted, .clockBehind, .clockStepped, .clockGap, .stale, .expired, .timeBackwards,
            .unknownPrefix:
            return try timely(code)
        case .badPolicy, .belowFloor, .unmeetable, .softwareToken, .incompleteGenesis:
            return founding(code)
        case .notOnRoster, .wrongRole, .initiatorExcluded, .holderExcluded, .notListed,
            .alreadyAnswered:
            return try personal(code)
        case .malformed, .badSignature, .wrongNamespace, .wrongDocument, .nonceUsed,
            .statementDiffers:
            return try written(code)
        case .unknownCeremony:
            let statement = try house.open()
            var act = try house.act(.cancel, by: "dave", on: statement.ceremony)
            act.ceremony = "keeper-alpha-2"
            return Way { try house.decide(house.signed(act).command) }
        case .unknownKind:
            var statement = try house.statement()
            statement.kind = "make-coffee"
            return Way { try house.decide(house.opening(statement).command) }
        case .badParameter:
            return Way { try house.open(subject: "No Name") }
        case .notYet:
            let statement = try house.open()
            return Way("CT-12") { try house.execute(statement.ceremony) }
        case .ended:
            let statement = try house.executing()
            return Way("FP-4") { try house.execute(statement.ceremony, by: "alice") }
        case .nothingToRecover:
            let record = try house.completed()
            return Way("FP-4") { try house.recover(record.ceremony, .absent) }
        case .busy:
            try house.open()
            return Way("CM-5") { try house.open(by: "alice") }
        case .keyExists:
            _ = try house.completed()
            return Way("FR69") { try house.open(by: "alice") }
        case .wrongKey:
            return Way { _ = try house.statement("key-rotation") }
        case .keyTaken:
            let statement = try house.executing()
            return Way("FR69") { try house.complete(statement.ceremony, key: 1) }
        case .prestateChanged:
            let statement = try house.approved()
            var policy = House.policy
            policy.drillDays = 60
            house.state.roster = Roster(
                epoch: 2, members: house.state.roster.members, policy: policy)
            return Way { try house.execute(statement.ceremony) }
        case .declined:
            let (statement, outcome) = try house.refusedMembership()
            return Way("I14") {
                try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
            }
        case .outcomeDiffers:
            let statement = try house.executing()
            let outcome = try #require(
                try house.outcome(of: statement.ceremony) { $0.attributes = [] })
            return Way("FR69") {
                try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
            }
        case .illegalEvent:
            let statement = try house.open()
            return Way("FP-4") {
                try house.append(
                    .ceremonyApproved(
                        CeremonyApproved(
                            ceremony: statement.ceremony, from: .pending, to: .approved)))
            }
        case .illegalTransition:
            let statement = try house.executing()
            let outcome = try #require(try house.outcome(of: statement.ceremony))
            return Way("FP-4") {
                try house.append(
                    .ceremonyCompleted(
                        CeremonyCompleted(
                            ceremony: statement.ceremony, from: .approved, to: .completed,
                            outcome: outcome)))
            }
        case .brokenChain:
            var event = house.event(
                .daemonStarted(DaemonStarted(version: "1", commit: "a", modules: [], fence: 1)))
            event.prev = .zero
            return Way {
                var state = house.state; try state.evolve(event, line: event.line)
            }
        }
    }

    private func timely(_ code: RefusalCode) throws -> Way {
        var house = try House()
        switch code {
        case .halted:
            try house.order(.halt, by: "alice")
            return Way("CT-11") { try house.open() }
        case .clockBehind:
            let statement = try house.open()
            house.pass(-6)
            return Way { try house.approve("alice", statement: statement) }
        case .clockStepped, .clockGap:
            let signed = house.signed(try house.act(.note, by: "alice"))
            let clock: ClockStanding =
                code == .clockGap ? .gap(since: house.now) : .stepped(by: -400)
            return Way {
                _ = try decide(house.state, signed.command, now: house.now, clock: clock)
            }
        case .stale:
            let statement = try house.statement()
            house.pass(901)
            return Way { try house.decide(house.opening(statement).command) }
        case .expired:
            let statement = try house.open()
            house.pass(3600)
            return Way("VAL-2") { try house.approve("alice", statement: statement) }
        case .timeBackwards:
            let body = EventBody.haltRaised(
                HaltRaised(signed: nil, invariant: "test", effective: nil))
            return Way { try house.append(body, at: house.now + -1) }
        default:
            var statement = try house.statement()
            statement.treeRoot = .zero
            return Way { try house.decide(house.opening(statement).command) }
        }
    }

    private func founding(_ code: RefusalCode) -> Way {
        switch code {
        case .badPolicy: Way { _ = try House(policy: Policy(kinds: [:])) }
        case .belowFloor:
            Way("CT-12") {
                var policy = Policy(kinds: [
                    "new_keeper_key": Policy.Entry(threshold: 1, attest: 1)
                ])
                policy.softwareTokens = ["SoftHSM project"]
                _ = try House(policy: policy, mode: .production)
            }
        case .unmeetable:
            Way("CT-12") {
                _ = try House(
                    policy: Policy(kinds: ["new_keeper_key": Policy.Entry(threshold: 6, attest: 1)])
                )
            }
        case .softwareToken: Way { _ = try House(mode: .production) }
        default: Way("CT-12") { _ = try House { $0.signers.removeLast() } }
        }
    }

    private func personal(_ code: RefusalCode) throws -> Way {
        var house = try House()
        switch code {
        case .notOnRoster:
            let statement = try house.open()
            return Way("CT-12") { try house.approve("mallory", statement: statement) }
        case .wrongRole: return Way("FR70") { try house.open(by: "erin") }
        case .initiatorExcluded:
            let statement = try house.open(by: "alice")
            return Way("CT-12") { try house.approve("alice", statement: statement) }
        case .holderExcluded:
            let statement = try house.open(holder: "bob")
            return Way("CT-12") { try house.approve("bob", statement: statement) }
        case .notListed:
            let statement = try house.open()
            return Way("CT-12") { try house.approve("gina", statement: statement) }
        default:
            let statement = try house.open()
            try house.approve("frank", statement: statement)
            return Way("CT-12") {
                try house.decide(house.approval(by: "frank", key: 1, of: statement).command)
            }
        }
    }

    private func written(_ code: RefusalCode) throws -> Way {
        var house = try House()
        let statement = try house.open()
        switch code {
        case .malformed:
            return Way {
                try house.decide(.submit(document: Array("hello\n".utf8), sshsig: []))
            }
        case .badSignature:
            var signed = house.approval(by: "alice", of: statement)
            signed.sshsig[signed.sshsig.count - 1] ^= 1
            return Way("NFR18") { try house.decide(signed.command) }
        case .wrongNamespace:
            let signed = Signed(statement, by: house.person("alice").keys[0], for: .attest)
            return Way("NFR18") { try house.decide(signed.command) }
        case .wrongDocument:
            var other = statement
            other.reason = "another reason"
            return Way("CT-12") { try house.approve("alice", statement: other) }
        case .nonceUsed:
            var act = try house.act(.note, by: "erin")
            try house.decide(house.signed(act).command)
            act.justification = "another one"
            return Way { try house.decide(house.signed(act).command) }
        default:
            var house = try House()
            var statement = try house.statement()
            statement.threshold = 2
            return Way { try house.decide(house.opening(statement).command) }
        }
    }
}
