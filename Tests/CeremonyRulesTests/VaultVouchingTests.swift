// The new key's word for contested events, by the rules alone: which are taken into a statement,
// and that an outcome holds exactly what was agreed on, signed by the key that it is the word of.

import CeremonyRecord
import Provara
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A rotation's new key stands for contested events")
struct VaultVouchingTests {
    private static let events =
        ["evt_" + String(repeating: "1", count: 24)]
        + ["evt_" + String(repeating: "2", count: 24)]
    private static let payloads = [
        Array(#"{"predicate":"state","subject":"door/1","value":21.5}"#.utf8),
        Array(#"{"predicate":"state","subject":"door/1","value":"\#u{1f600}"}"#.utf8),
    ]

    private static let chosen = [
        "vault": "alpha", "revoke": "\(House.keyID(House.vaultRootKey))",
        "authority": "\(House.keyID(House.vaultQuorumKey))",
        "reattest": events.joined(separator: ","), "reattest-payloads": digests(payloads),
    ]

    private static func digests(_ payloads: [[UInt8]]) -> String {
        payloads.map { "\(Digest(of: $0))" }.joined(separator: ",")
    }

    private static func house() throws -> House {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        var house = try House(policy: policy)
        house.hold(House.vaultQuorumKey)
        return house
    }

    private static func statement(_ house: inout House, _ more: [String: String] = [:])
        throws(Refusal) -> Statement
    {
        let facts = House.vaultFacts(
            revoke: House.vaultRootKey.publicKey, authority: House.vaultQuorumKey.publicKey)
        return try house.statement(
            "provara-rotation", subject: "alpha-root",
            parameters: facts.merging(chosen) { $1 }.merging(more) { $1 })
    }

    private static func executing(_ house: inout House, _ payloads: [[UInt8]] = payloads) throws
        -> Statement
    {
        let statement = try statement(&house)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        house.vaultSeen = House.vaultSeen(by: statement, saying: payloads)
        try house.execute(statement.ceremony)
        return statement
    }

    @Test("The statement has a line for each with the digest of what it says, in their order")
    func lines() throws {
        var house = try Self.house()
        let statement = try Self.statement(&house)
        #expect(
            statement.fields.all("reattest")
                == zip(Self.events, Self.payloads).map { "\($0) \(Digest(of: $1))" })
        let parameters = ProvaraRotation.parameters(of: statement)
        #expect(parameters["reattest"] == Self.chosen["reattest"])
        #expect(parameters["reattest-payloads"] == Self.chosen["reattest-payloads"])
        let sight = try #require(try ProvaraRotation.sight(of: parameters))
        #expect(sight.vouched.map { "\($0)" } == Self.events)
        let without = try Self.statement(&house, ["reattest": "none", "reattest-payloads": "none"])
        #expect(without.fields.all("reattest").isEmpty)
        #expect(ProvaraRotation.parameters(of: without)["reattest"] == "none")
    }

    @Test("What is no event, stands twice, was not looked at or is too much is not drafted")
    func refused() throws {
        var house = try Self.house()
        let many = (0...VaultSight.mostVouched).map { number in
            "evt_" + Hex.encode([UInt8](repeating: 0, count: 11) + [UInt8(number)])
        }
        let digest = "\(Digest(of: []))"
        func wrong(_ events: [String], _ digests: [String]) -> [String: String] {
            [
                "reattest": events.joined(separator: ","),
                "reattest-payloads": digests.joined(separator: ","),
            ]
        }
        let wrongs = [
            wrong([Self.events[0], "evt_1"], [digest, digest]),
            wrong([Self.events[0], Self.events[0]], [digest, digest]),
            wrong([Self.events[0], ""], [digest, digest]),
            wrong(Self.events, [digest]), wrong([Self.events[0]], [digest, digest]),
            wrong(Self.events, [digest, "sha256:00"]), ["reattest-payloads": "none"],
            wrong([], [digest]), wrong(many, many.map { _ in digest }),
        ]
        for wrong in wrongs {
            expectRefusal(.badParameter) { _ = try Self.statement(&house, wrong) }
        }
        _ = try Self.statement(
            &house, wrong(Array(many.dropLast()), many.dropLast().map { _ in digest }))
    }

    @Test("The outcome holds what they say, the new key's word for it, and all of the log's lines")
    func commits() throws {
        var house = try Self.house()
        let statement = try Self.executing(&house)
        let record = try #require(try house.complete(statement.ceremony, key: 600))
        let ceremony = try house.ceremony(statement.ceremony)
        let made = try #require(VaultOutcome(in: ceremony.outcome))
        #expect(made.payloads == Self.payloads)
        #expect(made.events.count == 4)
        guard case .publish(let publication) = ceremony.afterwards[0].step,
            case .rotation(let order, _, _, let attestations) = publication.work.operation
        else {
            Issue.record("nothing is to be published")
            return
        }
        #expect(order.vouchings.map(\.event.payload) == Self.payloads)
        let own = RotationEvents(order, after: nil, nextLogicalTime: 1)
        for (event, signature) in zip(own.attestations, attestations) {
            #expect(record.publicKey.verifies(signature, of: event.bytesToSign))
        }
        #expect(attestations.count == 2)
        house.expectConsistent()
    }

    @Test("An outcome with other words, another's, or one too few or too many is not committed")
    func outcome() throws {
        var house = try Self.house()
        let statement = try Self.executing(&house)
        let outcome = try #require(try house.outcome(of: statement.ceremony, key: 600))
        let whole = try KeyOutcome(outcome)
        guard case .object(let also) = try #require(whole.also),
            case .array(let events) = try #require(also["events"]),
            case .array(let payloads) = try #require(also["payloads"])
        else { return }
        func other(_ text: String) -> JSON { .string(Base64.encode(Array(text.utf8))) }
        let changed = other(#"{"predicate":"state","subject":"door/1","value":22.5}"#)
        let loose = other(#"{"predicate": "state","subject":"door/1","value":21.5}"#)
        let wrongs: [[String: JSON]] = [
            ["payloads": .array([changed, payloads[1]])],
            ["payloads": .array([loose, payloads[1]])],
            ["payloads": .array([payloads[1], payloads[0]])],
            [
                "payloads": .array([payloads[1], payloads[0]]),
                "events": .array([events[0], events[1], events[3], events[2]]),
            ],
            ["payloads": .array([payloads[0]])],
            ["payloads": .array([payloads[0]]), "events": .array(Array(events.dropLast()))],
            ["payloads": .array(payloads + [payloads[0]])],
            ["payloads": .array(payloads + [changed]), "events": .array(events + [events[2]])],
            ["payloads": .array([])], ["payloads": .array([.string("?"), payloads[1]])],
            ["events": .array(Array(events.dropLast()))], ["events": .array(events + [events[3]])],
            ["events": .array([events[0], events[1], events[3], events[2]])],
            ["events": .array([events[0], events[1], events[2], events[0]])],
        ]
        for wrong in wrongs {
            var other = whole
            other.also = .object(also.merging(wrong) { $1 })
            house.expectRefusal(
                .outcomeDiffers, "FR69",
                of: .complete(ceremony: statement.ceremony, outcome: other.json))
        }
        var without = also
        without["payloads"] = nil
        var other = whole
        other.also = .object(without)
        house.expectRefusal(
            .outcomeDiffers, "FR69",
            of: .complete(ceremony: statement.ceremony, outcome: other.json))
        // The authority's word in the place of the new key's.
        let record = whole.record
        let ceremony = try house.ceremony(statement.ceremony)
        guard let rotation = try house.state.operation(of: statement) as? ProvaraRotation,
            let plan = rotation.plan(for: record, vouching: Self.payloads, of: ceremony)
        else {
            Issue.record("it cannot be worked out")
            return
        }
        let foreign = House.vaultQuorumKey.signature(over: plan.parts[2].event.bytesToSign)
        other.also = .object(
            also.merging([
                "events": .array([
                    events[0], events[1], .string(Base64.encode(foreign)), events[3],
                ])
            ]) { $1 })
        house.expectRefusal(
            .outcomeDiffers, "FR69",
            of: .complete(ceremony: statement.ceremony, outcome: other.json))
        // The new key's own word, for something else than was agreed on.
        let said = zip(Self.events, [try Self.bytes(changed), Self.payloads[1]]).compactMap {
            VouchedEvent(EventID($0) ?? EventID(content: []), payload: $1)
        }
        let order = try #require(plan.order.vouching(for: said))
        let signed = RotationEvents(order, after: nil, nextLogicalTime: 1).attestations.map {
            JSON.string(Base64.encode(SoftwareKey(600).signature(over: $0.bytesToSign)))
        }
        #expect(signed.count == 2)
        other.also = .object(
            also.merging([
                "events": .array([events[0], events[1]] + signed),
                "payloads": .array([changed, payloads[1]]),
            ]) { $1 })
        house.expectRefusal(
            .outcomeDiffers, "FR69",
            of: .complete(ceremony: statement.ceremony, outcome: other.json))
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
    }

    private static func bytes(_ json: JSON) throws -> [UInt8] {
        guard case .string(let text) = json else { return [] }
        return try #require(Base64.decode(text))
    }

    @Test("An execution goes no further with words that are not those of the statement")
    func otherWords() throws {
        var house = try Self.house()
        let statement = try Self.statement(&house)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        for payloads in [[], [Self.payloads[0]], Array(Self.payloads.reversed())] {
            house.vaultSeen = House.vaultSeen(by: statement, saying: payloads)
            if payloads.count == 2 { #expect(try house.intent(of: statement.ceremony) == nil) }
            guard let seen = house.vaultSeen else { continue }
            // The facts agree and the payloads do not.
            house.vaultSeen = VaultSeen(
                facts: seen.facts.merging(["reattest-payloads": Self.digests(Self.payloads)]) {
                    $1
                },
                moment: seen.moment, payloads: payloads)
            var copy = house
            try copy.execute(statement.ceremony)
            #expect(try copy.outcome(of: statement.ceremony, key: 600) == nil)
        }
    }

    @Test("What is asked of an authority's holder does not depend on what the new key stands for")
    func asked() throws {
        var house = try Self.house()
        let statement = try house.executingVaultRotation(
            authority: House.vaultQuorumKey.publicKey,
            [
                "reattest": Self.events.joined(separator: ","),
                "reattest-payloads": Self.digests(Self.payloads),
            ], saying: Self.payloads)
        let question = try #require(try house.question(of: statement.ceremony))
        #expect(question.messages.map(\.title) == ["KEY_REVOCATION", "KEY_PROMOTION"])
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        let made = VaultOutcome(in: try house.ceremony(statement.ceremony).outcome)
        #expect(made?.events.count == 4)
    }

    @Test("As many and as much as one rotation takes fits in an event of the log")
    func fits() throws {
        var house = try Self.house()
        let each = (VaultSight.roomForVouched / VaultSight.mostVouched - 94) / 4 * 3
        let payloads = (0..<VaultSight.mostVouched).map { number in
            let start = Array(#"{"predicate":"p\#(number)","subject":"s","value":""#.utf8)
            let end = Array(#""}"#.utf8)
            return start
                + [UInt8](repeating: UInt8(ascii: "x"), count: each - start.count - end.count)
                + end
        }
        #expect(
            payloads.reduce(0) { $0 + VaultSight.room(forPayloadOf: $1.count) }
                <= VaultSight.roomForVouched)
        let events = (0..<VaultSight.mostVouched).map { number in
            "evt_" + Hex.encode([UInt8](repeating: 0, count: 11) + [UInt8(number)])
        }
        let statement = try Self.statement(
            &house,
            [
                "reattest": events.joined(separator: ","),
                "reattest-payloads": Self.digests(payloads),
            ])
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        house.vaultSeen = House.vaultSeen(by: statement, saying: payloads)
        try house.execute(statement.ceremony)
        let before = house.lines.count
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        let longest = house.lines.dropFirst(before).map(\.count).max() ?? 0
        // What a token's own attestation may take is left.
        #expect(longest < 65_535 - 12_000, "\(longest)")
        house.expectConsistent()
    }
}
