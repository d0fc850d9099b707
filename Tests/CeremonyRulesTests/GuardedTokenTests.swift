// A token whose PIN is split among the members of an authority: what the statement orders, what
// must be announced and signed before it commits, and which split opens the token at any place in
// the log.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A guarded token's PIN is the split that was set last")
struct GuardedTokenTests {
    private static let ordered = [
        "sign": "2", "approve": "1", "guards": House.token.uri, "so-pin": "dave,gina",
    ]

    private func house() throws -> House { try House(policy: House.membershipPolicy) }

    /// alice, bob and carol hold shares of the house token's PIN, which is not set yet.
    private func split() throws -> House {
        var house = try house()
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], Self.ordered)
        return house
    }

    private func known(_ house: House) -> Guardianship? {
        house.state.guardianship(of: House.token)
    }

    /// The PIN of a ceremony was set.
    private func setPIN(_ house: inout House, _ id: String) throws {
        try house.decide(tried(.set, [], id, house))
        try house.decide(.done(ceremony: id, step: "set-pin"))
    }

    private func tried(
        _ result: UnsealResult, _ shares: [String], _ ceremony: String, _ house: House
    ) -> Command {
        .unsealTried(
            UnsealTried(
                token: House.token.uri,
                tries: [
                    UnsealTry(
                        time: house.now, ceremony: ceremony, shares: shares, result: result)
                ]))
    }

    @Test("The statement says which token, and who could set its PIN anew; members hold a split")
    func statement() throws {
        var house = try split()
        let ceremony = try house.ceremony("guardians-1")
        #expect(ceremony.statement.fields["guards"] == House.token.uri)
        #expect(ceremony.statement.fields.all("so-pin") == ["dave", "gina"])
        let split = try #require(house.state.authority("guardians")?.current.split)
        #expect(split.token == House.token && split.threshold == 2)
        #expect(split.officers == ["dave", "gina"])
        #expect(split.digests == House.split(among: 3))
        #expect(known(house)?.inForce == nil)
        #expect(known(house)?.pending?.ceremony == "guardians-1")
        #expect(house.state.unfinished.map(\.id) == ["guardians-1"])
        try setPIN(&house, "guardians-1")
        #expect(known(house)?.inForce?.ceremony == "guardians-1" && known(house)?.pending == nil)
        #expect(house.state.unfinished.isEmpty)
        house.expectConsistent()
    }

    @Test("The later change says nothing of the token and splits for everybody, who stay included")
    func later() throws {
        var house = try split()
        try setPIN(&house, "guardians-1")
        let statement = try house.openMembership(["add": "frank", "sign": "3"])
        #expect(statement.fields["guards"] == House.token.uri)
        #expect(statement.fields.all("so-pin") == ["dave", "gina"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.bring(key: 304, to: statement, as: "frank")
        try house.execute(statement.ceremony)
        let operation = try house.state.operation(of: statement)
        let questions = operation.questions(nil, of: try house.ceremony(statement.ceremony))
        #expect(questions.map(\.person) == ["alice", "bob", "carol", "frank"])
        #expect(questions.map { $0.share?.number } == [1, 2, 3, 4])
        #expect(questions.map(\.messages.count) == [1, 1, 1, 2])
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
        #expect(known(house)?.inForce?.number == 1 && known(house)?.pending?.number == 2)
        #expect(known(house)?.epochs.map(\.number) == [2, 1])
        try setPIN(&house, statement.ceremony)
        #expect(known(house)?.inForce?.number == 2)
        house.expectConsistent()
    }

    @Test("What could not guard a token is refused")
    func refused() throws {
        var house = try house()
        let all = Self.ordered.merging(["role": "guardian", "add": "alice,bob,carol"]) { $1 }
        func expect(
            _ code: RefusalCode, _ changed: [String: String?], _ name: String = "guardians",
            at location: SourceLocation = #_sourceLocation
        ) {
            var parameters = all
            for (key, value) in changed { parameters[key] = value }
            expectRefusal(code, at: location) {
                var copy = house
                try copy.openMembership(parameters, of: name)
            }
        }
        expect(.badParameter, ["role": "group"])
        expect(.badParameter, ["guards": "house"])
        expect(.badParameter, ["so-pin": nil])
        expect(.badParameter, ["so-pin": ""])
        expect(.badParameter, ["so-pin": "dave,dave"])
        expect(.badParameter, ["so-pin": "dave,Not A Name"])
        expect(.badParameter, ["so-pin": "a,b,c,d,e,f,g,h,i"])
        expect(.badParameter, ["guards": nil])
        expect(.badParameter, ["patience": "0"])
        expect(.unmeetable, ["sign": "1"])
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], Self.ordered)
        let other = House.token(of: "frank").uri
        for changed in [["guards": "none"], ["guards": other]] {
            expectRefusal(.badParameter) {
                var copy = house
                try copy.openMembership(["add": "frank"].merging(changed) { $1 })
            }
        }
        expect(.badParameter, ["add": "frank,gina"], "others")
        expect(.unmeetable, ["role": nil, "add": "frank", "sign": "1", "guards": nil])
        // Who keeps the security officer's PIN may change by itself.
        var copy = house
        let change = try copy.openMembership(["so-pin": "gina"])
        #expect(change.fields.all("so-pin") == ["gina"])
    }

    @Test("The announcement holds a digest for each member and one for the whole, and no two alike")
    func announced() throws {
        var house = try house()
        let statement = try approved(&house, Self.ordered)
        let right = House.split(among: 3)
        let one = Digest(of: [9])
        let wrong: [SplitDigests?] = [
            nil, SplitDigests(secret: right.secret, shares: Array(right.shares.dropLast())),
            SplitDigests(secret: right.secret, shares: right.shares + [one]),
            SplitDigests(secret: right.secret, shares: [right.shares[0], one, one]),
            SplitDigests(secret: right.secret, shares: right.shares + [right.shares[0]]),
            SplitDigests(secret: right.shares[0], shares: right.shares),
        ]
        for digests in wrong {
            try expectIntent(.outcomeDiffers, digests, of: statement, in: house)
        }
        try expectIntent(nil, right, of: statement, in: house)
        var plain = try self.house()
        let unguarded = try approved(&plain, ["sign": "2"])
        try expectIntent(.outcomeDiffers, right, of: unguarded, in: plain)
        try expectIntent(nil, nil, of: unguarded, in: plain)
    }

    private func approved(_ house: inout House, _ parameters: [String: String]) throws -> Statement
    {
        let statement = try house.openMembership(
            ["role": "guardian", "add": "alice,bob,carol"].merging(parameters) { $1 })
        try house.approve("alice", "bob", "carol", statement: statement)
        for (name, key) in [("alice", 301), ("bob", 302), ("carol", 303)] {
            try house.bring(key: key, to: statement, as: name)
        }
        return statement
    }

    private func expectIntent(
        _ code: RefusalCode?, _ digests: SplitDigests?, of statement: Statement, in house: House,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        guard case .object(var intent)? = try house.intent(of: statement.ceremony) else { return }
        intent["split"] = digests?.json
        var copy = house
        let order = copy.signed(try copy.act(.execute, by: "dave", on: statement.ceremony))
        let command = Command.execute(
            document: order.document, sshsig: order.sshsig, intent: .object(intent))
        if let code {
            copy.expectRefusal(code, of: command, at: location)
        } else {
            try copy.decide(command)
        }
    }

    @Test("Every member signs for the share that is theirs, with the key that they have there")
    func receipts() throws {
        var house = try house()
        let statement = try approved(&house, Self.ordered)
        try house.execute(statement.ceremony)
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        guard case .object(let fields) = outcome, case .array(let shares)? = fields["shares"] else {
            Issue.record("no receipts")
            return
        }
        #expect(shares.count == 3)
        func expect(_ changed: [JSON]?, at location: SourceLocation = #_sourceLocation) {
            var fields = fields
            fields["shares"] = changed.map { .array($0) }
            house.expectRefusal(
                .outcomeDiffers,
                of: .complete(ceremony: statement.ceremony, outcome: .object(fields)),
                at: location)
        }
        expect(nil)
        expect(Array(shares.dropLast()))
        expect(shares + [shares[0]])
        expect([shares[1], shares[0], shares[2]])
        // Another name over the same signature, and another signature under the same name.
        expect([named("bob", shares[0]), named("alice", shares[1]), shares[2]])
        expect([named("alice", shares[1]), shares[1], shares[2]])
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
    }

    @Test("Whoever has put no share into their token in time ends it, and is named")
    func absent() throws {
        var house = try house()
        let statement = try approved(&house, Self.ordered)
        try house.execute(statement.ceremony)
        let ceremony = try house.ceremony(statement.ceremony)
        let operation = try house.state.operation(of: statement)
        var answers: [Fingerprint: [[UInt8]]] = [:]
        for question in operation.questions(nil, of: ceremony) where question.person != "bob" {
            answers[question.key.fingerprint] = question.messages.map { _ in
                [UInt8](repeating: 0, count: 64)
            }
        }
        guard
            case .fail(let reason, let detail) = operation.next(
                after: [.challenged(answers)], of: ceremony)
        else {
            Issue.record("it went on without bob")
            return
        }
        #expect(reason == "interrupted" && detail.hasPrefix("bob "))
    }

    private func named(_ name: String, _ signed: JSON) -> JSON {
        guard case .object(var fields) = signed else { return signed }
        fields["name"] = .string(name)
        return .object(fields)
    }

    @Test("A split whose PIN was never set is overtaken by the next one, and then it is not set")
    func overtaken() throws {
        var house = try split()
        try setPIN(&house, "guardians-1")
        for (name, key) in [("frank", 304), ("gina", 305)] {
            let statement = try house.openMembership(["add": name])
            try house.approve("alice", "bob", "carol", statement: statement)
            try house.consent(key: 301, to: statement, as: "alice")
            try house.bring(key: key, to: statement, as: name)
            try house.carryOut(statement.ceremony)
        }
        #expect(known(house)?.inForce?.number == 1 && known(house)?.pending?.number == 3)
        let second = try house.ceremony("guardians-2")
        #expect(house.state.isWithdrawn(second))
        #expect(try !house.state.isWithdrawn(house.ceremony("guardians-3")))
        house.expectRefusal(
            .illegalEvent, of: .done(ceremony: "guardians-3", step: "set-pin", isLeft: true))
        try house.decide(.done(ceremony: "guardians-2", step: "set-pin", isLeft: true))
        #expect(known(house)?.inForce?.number == 1)
        try setPIN(&house, "guardians-3")
        #expect(known(house)?.inForce?.number == 3)
        house.expectConsistent()
    }

    @Test("Without a further word the same people get a new PIN, and others no change at all")
    func again() throws {
        var house = try split()
        try setPIN(&house, "guardians-1")
        let statement = try house.openMembership([:])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 302, to: statement, as: "bob")
        try house.execute(statement.ceremony)
        let asked = try house.state.operation(of: statement)
            .questions(nil, of: try house.ceremony(statement.ceremony))
        #expect(asked.map(\.person) == ["alice", "bob", "carol"])
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
        #expect(known(house)?.pending?.number == 2)
        var plain = try self.house()
        try plain.makeAuthority([("alice", 301), ("bob", 302)], ["sign": "2"])
        expectRefusal(.badParameter) { try plain.openMembership([:]) }
    }

    @Test("A change that was agreed while another split opened the token is not carried out")
    func prestate() throws {
        var house = try split()
        let statement = try house.openMembership(["add": "frank"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.bring(key: 304, to: statement, as: "frank")
        try setPIN(&house, "guardians-1")
        let ended = try house.ceremony(statement.ceremony)
        #expect(ended.end?.reason == "prestate-changed")
        house.expectConsistent()
    }

    @Test("That a PIN was set, or was not, is believed only where the tries before it show it")
    func evidence() throws {
        let house = try split()
        func expect(
            _ results: [UnsealResult], set: Bool, at location: SourceLocation = #_sourceLocation
        ) throws {
            var copy = house
            for result in results {
                let shares = result == .set || result == .setting ? [] : ["alice", "bob"]
                try copy.decide(tried(result, shares, "guardians-1", copy))
            }
            let done = Command.done(ceremony: "guardians-1", step: "set-pin")
            if set {
                try copy.decide(done)
            } else {
                copy.expectRefusal(.illegalEvent, of: done, at: location)
            }
        }
        try expect([], set: false)
        try expect([.proved], set: false)
        try expect([.wrong], set: false)
        try expect([.setting], set: false)
        try expect([.setting, .notSet], set: false)
        try expect([.setting, .set], set: true)
        try expect([.setting, .unlocked], set: true)
        try expect([.unlocked, .proved], set: true)
        // What may have been set is not left, whatever has come after it.
        var later = house
        try setPIN(&later, "guardians-1")
        for (name, key) in [("frank", 304), ("gina", 305)] {
            let statement = try later.openMembership(["add": name])
            try later.approve("alice", "bob", "carol", statement: statement)
            try later.consent(key: 301, to: statement, as: "alice")
            try later.bring(key: key, to: statement, as: name)
            try later.carryOut(statement.ceremony)
            if name == "frank" {
                try later.decide(tried(.setting, [], statement.ceremony, later))
            }
        }
        let left = Command.done(ceremony: "guardians-2", step: "set-pin", isLeft: true)
        later.expectRefusal(.illegalEvent, of: left)
        #expect(known(later)?.epochs.map(\.number) == [3, 2, 1])
        // What was set since is what opens it, and nothing before that does.
        var third = later
        try setPIN(&third, "guardians-3")
        #expect(known(third)?.epochs.map(\.number) == [3])
        try later.decide(tried(.notSet, [], "guardians-2", later))
        try later.decide(left)
        #expect(known(later)?.epochs.map(\.number) == [3, 1])
        // A try with what is over is none.
        later.expectRefusal(
            .illegalEvent, of: tried(.unlocked, ["alice", "bob"], "guardians-2", later))
        later.expectConsistent()
    }

    @Test("A log that goes on from another knows who guards the token, and by which split")
    func successor() throws {
        var old = try split()
        let waiting = try House(policy: House.membershipPolicy, after: old)
        #expect(known(waiting)?.inForce == nil && known(waiting)?.pending?.number == 1)
        #expect(waiting.state.unfinished.map(\.id) == ["guardians-1"])
        try setPIN(&old, "guardians-1")
        let house = try House(policy: House.membershipPolicy, after: old)
        #expect(known(house)?.inForce?.split == old.state.authority("guardians")?.current.split)
        #expect(known(house)?.pending == nil && house.state.unfinished.isEmpty)
    }

    @Test("Tries are written down with whose shares they took, once, and only what can have been")
    func tries() throws {
        var house = try split()
        let now = house.now
        func tried(
            _ result: UnsealResult, _ shares: [String], _ ceremony: String = "guardians-1"
        ) -> UnsealTry {
            UnsealTry(time: now, ceremony: ceremony, shares: shares, result: result)
        }
        func event(_ tries: [UnsealTry], _ token: TokenReference = House.token) -> EventBody {
            .unsealTried(UnsealTried(token: token.uri, tries: tries))
        }
        house.expectIllegal(.illegalEvent, event([]))
        house.expectIllegal(
            .illegalEvent, event([tried(.proved, ["alice"])], House.token(of: "frank")))
        house.expectIllegal(.illegalEvent, event([tried(.unlocked, ["alice"])]))
        house.expectIllegal(.illegalEvent, event([tried(.unlocked, ["alice", "alice"])]))
        house.expectIllegal(.illegalEvent, event([tried(.unlocked, ["alice", "gina"])]))
        house.expectIllegal(.illegalEvent, event([tried(.wrong, ["alice"])]))
        house.expectIllegal(.illegalEvent, event([tried(.unknown, [])]))
        house.expectIllegal(.illegalEvent, event([tried(.proved, [])]))
        house.expectIllegal(
            .illegalEvent, event([tried(.unlocked, ["alice", "bob"], "guardians-2")]))
        let first = event([tried(.proved, ["bob"]), tried(.set, [])])
        try house.append(first)
        house.expectIllegal(.illegalEvent, first)
        house.expectIllegal(
            .illegalEvent,
            event([tried(.proved, ["bob"]), tried(.set, []), tried(.unlocked, ["alice", "bob"])]))
        try house.append(event([tried(.unlocked, ["alice", "bob"])]))
        // A halt keeps nobody from opening the token, and the log has it all the same.
        let halt = house.signed(try house.act(.halt, by: "gina", as: .keeper))
        try house.decide(halt.command)
        try house.append(event([tried(.unlocked, ["bob", "carol"])]))
        house.expectConsistent()
    }
}
