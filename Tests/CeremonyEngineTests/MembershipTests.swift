// The commit of a membership: members are asked all at once and from outside, whoever stays silent
// is waited for so long and no longer, and a death at any place leaves either the epoch before it
// or the whole new one.

import CeremonyRecord
import CeremonyRules
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("The commit of a membership", .timeLimit(.minutes(3)))
struct MembershipTests {
    private static let members = [(name: "alice", key: 301), (name: "bob", key: 302)]

    /// A council of alice and bob that everybody has agreed to.
    private func approved(_ workshop: Workshop, _ engine: Engine, sign: Int = 1) async throws
        -> Statement
    {
        let (statement, opening) = try workshop.people(of: engine) { house in
            let statement = try house.statement(
                "membership", subject: "council", token: nil,
                parameters: ["role": "group", "add": "alice,bob", "sign": "\(sign)"])
            return (statement, house.opening(statement))
        }
        try await engine.submit(opening)
        for name in ["alice", "bob", "carol"] {
            try await workshop.approve(statement, name, engine)
        }
        for member in Self.members {
            try await workshop.bring(member.key, of: member.name, to: statement, engine)
        }
        return statement
    }

    private func answer(_ engine: Engine, _ id: String, _ name: String) throws {
        let question = try #require(engine.questions(of: id).first { $0.person == name })
        let member = try #require(Self.members.first { $0.name == name })
        let key = SoftwareKey(member.key)
        try engine.answer(
            question.messages.map { key.signature(over: $0.bytes) },
            by: key.fingerprint, for: id)
    }

    /// Waits until so many are asked.
    private func asked(_ count: Int, _ engine: Engine, _ id: String) async throws {
        while engine.questions(of: id).count != count {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test("Both are asked at once, answer in any order, and their epoch is in force")
    func bothAnswer() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let id = try await approved(workshop, engine).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await asked(2, engine, id)
            #expect(engine.questions(of: id).map(\.person) == ["alice", "bob"])
            let alice = SoftwareKey(301).fingerprint
            #expect(
                await refusal {
                    try engine.answer([[UInt8](repeating: 0, count: 64)], by: alice, for: id)
                } == "bad-signature")
            #expect(
                await refusal {
                    try engine.answer([], by: SoftwareKey(309).fingerprint, for: id)
                } == "not-yet")
            try answer(engine, id, "bob")
            try await asked(1, engine, id)
            #expect(engine.state.authority("council") == nil)
            try answer(engine, id, "alice")
            _ = try await execution.value
            let epoch = try #require(engine.state.authority("council")?.current)
            #expect(epoch.members.map(\.name) == ["alice", "bob"])
        }
    }

    @Test("Whoever stays silent is waited for as long as the statement says, and then named")
    func silence() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let id = try await approved(workshop, engine).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await asked(2, engine, id)
            try answer(engine, id, "alice")
            workshop.clock.advance(by: 119)
            await engine.tick()
            #expect(engine.questions(of: id).map(\.person) == ["bob"])
            workshop.clock.advance(by: 1)
            await engine.tick()
            _ = try await execution.value
            let outcome = try #require(engine.state.ceremony(named: id)?.outcome)
            var fields = try JSONFields(outcome)
            #expect(try fields.strings("unreachable") == ["bob"])
            #expect(engine.state.authority("council")?.current.members.count == 2)
        }
    }

    @Test("Where too few have answered there is no commit, and those who have not are named")
    func tooFew() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let id = try await approved(workshop, engine, sign: 2).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await asked(2, engine, id)
            try answer(engine, id, "alice")
            workshop.clock.advance(by: 120)
            await engine.tick()
            #expect(await refusal { _ = try await execution.value } == "execution-failed")
            let end = try #require(engine.state.ceremony(named: id)?.end)
            #expect(end.reason == "gate-failed")
            #expect(end.detail?.contains("bob did not answer") ?? false, "\(end)")
            #expect(engine.state.authority("council") == nil)
        }
    }

    @Test("A stop waits for nobody: the execution is interrupted, and nothing is in force")
    func stop() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let id = try await approved(workshop, engine).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await asked(2, engine, id)
            // One of them would be enough for an epoch of which one signs.
            try answer(engine, id, "alice")
            await engine.close()
            #expect(await refusal { _ = try await execution.value } == "execution-failed")
            #expect(engine.state.ceremony(named: id)?.end?.reason == "interrupted")
            #expect(engine.state.authority("council") == nil)
        }
    }

    @Test("Another commit on the authority ends an execution that waits, and nobody is asked")
    func anotherCommit() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            try await commit(workshop, engine)
            let (adding, removing) = try await twoChanges(workshop, engine)
            let order = try workshop.order(engine, adding)
            let waiting = Task { try await engine.submit(order) }
            try await asked(1, engine, adding)
            try await engine.submit(try workshop.order(engine, removing))
            #expect(engine.questions(of: adding).isEmpty)
            #expect(await refusal { _ = try await waiting.value } == "execution-failed")
            let ended = try #require(engine.state.ceremony(named: adding))
            #expect(ended.state == .failed && ended.end?.reason == "prestate-changed")
            let epoch = try #require(engine.state.authority("council")?.current)
            #expect(epoch.number == 2 && epoch.members.map(\.name) == ["alice"])
        }
    }

    /// carol is to come to the council, and bob to go; both agreed to.
    private func twoChanges(_ workshop: Workshop, _ engine: Engine) async throws -> (
        String, String
    ) {
        var ids: [String] = []
        for change in [["add": "carol"], ["remove": "bob", "approve": "0"]] {
            let (statement, opening) = try workshop.people(of: engine) { house in
                let statement = try house.statement(
                    "membership", subject: "council", token: nil, parameters: change)
                return (statement, house.opening(statement))
            }
            try await engine.submit(opening)
            for name in ["alice", "bob", "carol"] {
                try await workshop.approve(statement, name, engine)
            }
            let consent = workshop.people(of: engine) { house in
                Signed(
                    house.acceptance(
                        of: statement, as: "alice", key: SoftwareKey(301), set: "consent"),
                    by: SoftwareKey(301), for: .accept)
            }
            try await engine.submit(consent)
            if change["add"] != nil {
                let command = workshop.people(of: engine) { house in
                    let (identity, key) = (house.person("carol").keys[0], SoftwareKey(303))
                    return house.handing(
                        house.bringing(key, to: statement, as: "carol", identity: identity),
                        identity: identity, possession: key)
                }
                guard case .submit(let document, let sshsig, let possession) = command else {
                    continue
                }
                _ = try await engine.submit(
                    document: document, sshsig: sshsig, possession: possession)
            }
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .approved)
            ids.append(statement.ceremony)
        }
        return (ids[0], ids[1])
    }

    @Test("A no, a halt and the end of its time stop the commit, and nothing is in force")
    func stopped() async throws {
        for way in ["declined", "halted", "deadline"] {
            try await Workshop.with(policy: House.membershipPolicy) { workshop in
                let engine = try await workshop.open()
                let id = try await approved(workshop, engine).ceremony
                let order = try workshop.order(engine, id)
                let execution = Task { try await engine.submit(order) }
                try await asked(2, engine, id)
                try answer(engine, id, "alice")
                switch way {
                case "declined":
                    let no = try workshop.people(of: engine) { house in
                        house.signed(
                            try house.act(.decline, by: "bob", as: .participant, on: id))
                    }
                    try await engine.submit(no)
                case "halted":
                    try await engine.submit(
                        try workshop.act(.halt, by: "gina", as: .keeper, engine))
                default:
                    workshop.clock.advance(by: 900)
                    await engine.tick()
                }
                #expect(await refusal { _ = try await execution.value } == "execution-failed")
                let ceremony = try #require(engine.state.ceremony(named: id))
                #expect(ceremony.state == .failed && ceremony.end?.reason == way, "\(way)")
                #expect(engine.state.authority("council") == nil)
                #expect(engine.state.leftKeys.map(\.participant.name) == ["alice", "bob"])
            }
        }
    }

    @Test("A no that is recorded when everybody has answered stops the commit all the same")
    func lateNo() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let answered = Gate()
            let engine = try await workshop.open { place in
                if place == "after-intent-1" { await answered.wait() }
            }
            let id = try await approved(workshop, engine).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await asked(2, engine, id)
            for member in Self.members { try answer(engine, id, member.name) }
            await answered.arrival()
            try await engine.submit(
                try workshop.people(of: engine) { house in
                    house.signed(try house.act(.decline, by: "bob", as: .participant, on: id))
                })
            answered.open()
            var told: EngineError?
            do { _ = try await execution.value } catch { told = error as? EngineError }
            let end = engine.state.ceremony(named: id)?.end
            #expect(end?.reason == "declined", "\(String(describing: told))")
            #expect(engine.state.authority("council") == nil)
            // What is in people's tokens is told with how it is taken away.
            let key = SoftwareKey(302).fingerprint
            #expect(told?.detail.contains("bob has the key \(key) in their token") == true)
            #expect(told?.next?.contains("ceremonyctl tidy \(id)") == true)
        }
    }

    @Test("Nobody is asked for an epoch that cannot come any more")
    func overtaken() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let id = try await approved(workshop, engine).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await asked(2, engine, id)
            let (change, opening) = try workshop.people(of: engine) { house in
                let statement = try house.statement(
                    "set-roster", subject: "house-roster", token: nil,
                    parameters: ["change": house.change { $0.removeAll { $0.name == "gina" } }])
                return (statement, house.opening(statement))
            }
            try await engine.submit(opening)
            for name in ["alice", "bob"] { try await workshop.approve(change, name, engine) }
            #expect(engine.state.ceremony(named: change.ceremony)?.state == .completed)
            await engine.tick()
            #expect(engine.questions(of: id).isEmpty)
            #expect(await refusal { _ = try await execution.value } == "execution-failed")
            #expect(engine.state.ceremony(named: id)?.end?.reason == "prestate-changed")
        }
    }

    @Test("A death at any place leaves nothing, or the whole epoch")
    func deaths() async throws {
        let places = try await places()
        #expect(places == ["before-intent-0", "after-intent-0", "after-intent-1", "done"])
        for place in places { try await die(at: place) }
        try await die(at: "while-asking")
    }

    private func places() async throws -> [String] {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let seen = Mutex<[String]>([])
            let engine = try await workshop.open { place in seen.withLock { $0.append(place) } }
            try await commit(workshop, engine)
            return seen.withLock { $0 }
        }
    }

    @discardableResult
    private func commit(_ workshop: Workshop, _ engine: Engine) async throws -> String {
        let id = try await approved(workshop, engine).ceremony
        let order = try workshop.order(engine, id)
        let execution = Task { try await engine.submit(order) }
        try await asked(2, engine, id)
        for member in Self.members { try answer(engine, id, member.name) }
        _ = try await execution.value
        return id
    }

    private func die(at place: String) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(policy: House.membershipPolicy, ledger: ledger) { workshop in
            let death = Gate()
            let engine = try await workshop.open { here in
                guard here == place else { return }
                await death.arrive()
                await neverReturn()
            }
            let id = try await approved(workshop, engine).ceremony
            let order = try workshop.order(engine, id)
            Task { try await engine.submit(order) }
            if !["before-intent-0", "after-intent-0"].contains(place) {
                try await asked(2, engine, id)
                if place != "while-asking" {
                    for member in Self.members { try answer(engine, id, member.name) }
                }
            }
            if place != "while-asking" { await death.arrival() }
            let again = try workshop.start(ledger: ledger.reopened())
            try await again.unlock("house", pin: try Workshop.pin())
            let ceremony = try #require(again.state.ceremony(named: id))
            let authority = again.state.authority("council")
            switch place {
            case "before-intent-0":
                #expect(ceremony.state == .approved && authority == nil, "\(place)")
                #expect(again.state.leftKeys.isEmpty)
            case "done":
                #expect(ceremony.state == .completed, "\(place)")
                #expect(authority?.current.members.count == 2, "\(place)")
                #expect(again.state.leftKeys.isEmpty)
            default:
                #expect(ceremony.end?.reason == "interrupted" && authority == nil, "\(place)")
                #expect(again.state.leftKeys.count == 2, "\(place)")
            }
            #expect(again.questions(of: id).isEmpty)
        }
    }
}
