// One person, one answer: second keys, initiators, holders, contrary answers, exact repeats,
// answers to another ceremony.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Answers")
struct AnswerTests {
    @Test("A person with two keys counts once, whichever key comes first")
    func secondKey() throws {
        for first in [0, 1] {
            var house = try House()
            let statement = try house.open()
            try house.decide(house.approval(by: "frank", key: first, of: statement).command)
            house.expectRefusal(
                .alreadyAnswered, "CT-12",
                of: house.approval(by: "frank", key: 1 - first, of: statement).command)
            #expect(try house.ceremony(statement.ceremony).approvals.count == 1)
            #expect(try house.ceremony(statement.ceremony).approvals.waiting.contains("alice"))
        }
    }

    @Test("A refusal among the answers does not hinder what enough others agreed to")
    func declinedByOne() throws {
        var house = try House()
        let statement = try house.open()
        try house.order(.decline, by: "robot", on: statement.ceremony)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        #expect(house.standing(statement.ceremony) == .executing)
        house.expectConsistent()
    }

    @Test("A first answer stands; a contrary one is refused")
    func contrary() throws {
        var house = try House()
        let statement = try house.open()
        try house.approve("alice", statement: statement)
        expectRefusal(.alreadyAnswered, "CT-12") {
            try house.order(.decline, by: "alice", on: statement.ceremony)
        }
        try house.order(.decline, by: "bob", on: statement.ceremony)
        house.expectRefusal(
            .alreadyAnswered, "CT-12", of: house.approval(by: "bob", of: statement).command)
        expectRefusal(.alreadyAnswered, "CT-12") {
            try house.order(.decline, by: "bob", on: statement.ceremony)
        }
    }

    @Test("Initiator and holder are no witnesses, and neither with a second key")
    func excluded() throws {
        var house = try House()
        let statement = try house.open(by: "frank", holder: "bob")
        #expect(statement.excluded == ["bob", "frank"])
        #expect(Set(statement.witnesses.map(\.name)) == ["alice", "carol", "robot"])
        for key in [0, 1] {
            house.expectRefusal(
                .initiatorExcluded, "CT-12",
                of: house.approval(by: "frank", key: key, of: statement).command)
        }
        house.expectRefusal(
            .holderExcluded, "CT-12", of: house.approval(by: "bob", of: statement).command)
        expectRefusal(.wrongRole) {
            try house.order(.decline, by: "bob", on: statement.ceremony)
        }
        try house.approve("alice", "carol", "robot", statement: statement)
        #expect(house.standing(statement.ceremony) == .approved)
        try house.execute(statement.ceremony)
        let record = try #require(try house.complete(statement.ceremony))
        house.expectRefusal(
            .holderExcluded, "CT-12", of: house.attestation(by: "bob", of: record).command)
        house.expectRefusal(
            .initiatorExcluded, "CT-12", of: house.attestation(by: "frank", of: record).command)
        #expect(house.state.subject("keeper-alpha")?.holder == "bob")
        #expect(house.state.roster.holders == ["keeper-alpha": "bob"])
    }

    @Test("An initiator counts where the policy says so")
    func initiatorCounts() throws {
        var policy = House.policy
        policy.initiatorCounts = true
        var house = try House(policy: policy)
        let statement = try house.open(by: "alice")
        #expect(statement.excluded.isEmpty)
        try house.approve("alice", "bob", "carol", statement: statement)
        #expect(house.standing(statement.ceremony) == .approved)
        let second = try house.open(subject: "keeper-beta", token: House.otherToken)
        house.expectRefusal(
            .notListed, "CT-12", of: house.approval(by: "dave", of: second).command)
    }

    @Test("An exact repeat answers as before and records nothing")
    func repeats() throws {
        var house = try House()
        let opening = house.opening(try house.statement())
        let first = try house.decide(opening.command)
        let statement = try house.ceremony("keeper-alpha-1").statement
        let approval = house.approval(by: "alice", of: statement)
        let approved = try house.decide(approval.command)
        let decline = house.signed(try house.act(.decline, by: "bob", on: statement.ceremony))
        let declined = try house.decide(decline.command)
        let note = house.signed(try house.act(.note, by: "erin"))
        let noted = try house.decide(note.command)
        let other = try house.open(subject: "keeper-beta", token: House.otherToken)
        let cancel = house.signed(try house.act(.cancel, by: "dave", on: other.ceremony))
        let cancelled = try house.decide(cancel.command)
        let halt = house.signed(try house.act(.halt, by: "gina"))
        var halted = house
        let raised = try halted.decide(halt.command)
        #expect(try halted.decide(halt.command).receipt == raised.receipt)
        #expect(halted.state.halts.count == 1)
        house.pass(5000)
        try house.decide(.tick)
        for (signed, before) in [
            (opening, first), (approval, approved), (decline, declined), (note, noted),
            (cancel, cancelled),
        ] {
            let again = try house.decide(signed.command)
            #expect(again.isRepeat)
            #expect(!before.isRepeat)
            #expect(again.events.isEmpty)
            #expect(again.receipt == before.receipt)
            #expect(again.receipt != nil)
            #expect(
                try house.state.receipt(document: signed.document, sshsig: signed.sshsig)
                    == again.receipt)
            var spoiled = signed
            spoiled.sshsig[spoiled.sshsig.count - 1] ^= 1
            house.expectRefusal(.badSignature, "NFR18", of: spoiled.command)
            expectRefusal(.badSignature) {
                _ = try house.state.receipt(document: spoiled.document, sshsig: spoiled.sshsig)
            }
        }
        #expect(first.receipt?.seq == 2)
        #expect(first.receipt?.ceremony == "keeper-alpha-1")
        #expect(noted.receipt?.ceremony == nil)
        house.expectConsistent()
    }

    @Test("A repeated order to execute, and a repeated attestation, answer as before")
    func repeatedOrders() throws {
        var house = try House()
        let statement = try house.approved()
        let order = house.signed(try house.act(.execute, by: "dave", on: statement.ceremony))
        #expect(try house.state.receipt(document: order.document, sshsig: order.sshsig) == nil)
        let intent = try house.intent(of: statement.ceremony)
        let command = Command.execute(
            document: order.document, sshsig: order.sshsig, intent: intent)
        let first = try house.decide(command)
        let again = try house.decide(command)
        #expect(again.isRepeat)
        #expect(again.receipt == first.receipt)
        #expect(
            try house.state.receipt(document: order.document, sshsig: order.sshsig)
                == first.receipt)
        let record = try #require(try house.complete(statement.ceremony))
        let attestation = house.attestation(by: "alice", of: record)
        let attested = try house.decide(attestation.command)
        #expect(try house.decide(attestation.command).receipt == attested.receipt)
        #expect(try house.decide(attestation.command).isRepeat)
        house.expectConsistent()
    }

    @Test("A signature over another ceremony's statement or record is no answer to this one")
    func otherCeremony() throws {
        var house = try House()
        let alpha = try house.open()
        let beta = try house.open(subject: "keeper-beta", token: House.otherToken)
        try house.approve("alice", statement: alpha)
        #expect(try house.ceremony(beta.ceremony).approvals.count == 0)
        var forged = beta
        forged.ceremony = alpha.ceremony
        house.expectRefusal(
            .wrongDocument, "CT-12", of: house.approval(by: "bob", of: forged).command)
        var act = try house.act(.cancel, by: "dave", on: alpha.ceremony)
        act.ceremony = beta.ceremony
        house.expectRefusal(.wrongDocument, of: house.signed(act).command)
        act = try house.act(.decline, by: "bob", on: alpha.ceremony)
        act.ceremony = beta.ceremony
        house.expectRefusal(.wrongDocument, of: house.signed(act).command)
        // The event's own words do not help either.
        let signed = house.approval(by: "bob", of: alpha)
        house.expectIllegal(
            .badSignature,
            .ceremonyWitnessed(
                CeremonyWitnessed(
                    ceremony: beta.ceremony, from: .pending, to: .pending, witness: "bob",
                    key: house.person("bob").keys[0].fingerprint, sshsig: signed.sshsig, count: 1,
                    threshold: 3)))
    }

    @Test("A record can be attested by those listed, once each, and by nobody else")
    func attesting() throws {
        var house = try House()
        let statement = try house.approved()
        let waiting = try house.ceremony(statement.ceremony)
        #expect(waiting.attestations.threshold == 2)
        var record = try house.completedFrom(statement)
        for name in ["mallory", "gina", "dave"] {
            house.expectRefusal(
                name == "mallory" ? .notOnRoster : name == "dave" ? .initiatorExcluded : .notListed,
                "CT-12", of: house.attestation(by: name, of: record).command)
        }
        try house.decide(house.attestation(by: "frank", key: 1, of: record).command)
        house.expectRefusal(
            .alreadyAnswered, "CT-12", of: house.attestation(by: "frank", of: record).command)
        try house.attest("robot", record: record)
        #expect(house.state.unattested == [statement.ceremony])
        let last = try house.decide(house.attestation(by: "bob", of: record).command)
        #expect(last.events.map(\.body.type) == ["ceremony.attested", "key.activated"])
        #expect(house.state.unattested.isEmpty)
        // More may say so afterwards, and nothing more comes of it.
        let late = try house.decide(house.attestation(by: "alice", of: record).command)
        #expect(late.events.map(\.body.type) == ["ceremony.attested"])
        record.keyLabel = "another"
        house.expectRefusal(
            .wrongDocument, "CT-12", of: house.attestation(by: "carol", of: record).command)
        house.expectConsistent()
    }

    @Test("Declined by so many that it cannot be attested, a key lapses and another may be made")
    func disowned() throws {
        var house = try House()
        let record = try house.completed()
        for name in ["alice", "bob"] {
            try house.order(.decline, by: name, as: .witness, on: "keeper-alpha-1")
        }
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .registered)
        let decision = try house.order(.decline, by: "carol", on: "keeper-alpha-1")
        #expect(decision.events.map(\.body.type) == ["ceremony.declined", "key.lapsed"])
        #expect(house.state.key(record.fingerprint)?.status(at: house.now) == .lapsed)
        #expect(house.standing("keeper-alpha-1") == .completed)
        house.expectRefusal(.ended, of: house.attestation(by: "frank", of: record).command)
        let next = try house.open()
        #expect(next.ceremony == "keeper-alpha-2")
        #expect(next.fields["old-key"] == "none")
        house.expectConsistent()
    }

    @Test("Whoever attests too late is told what became of the key, and nothing else")
    func tooLate() throws {
        func next(_ house: House, _ record: KeyRecord) -> String {
            house.expectRefusal(.ended, of: house.attestation(by: "carol", of: record).command)?
                .next ?? ""
        }
        let never = "A key that was not attested in time is never valid. Start a new ceremony."
        var house = try House()
        let record = try house.completed()
        var late = house
        late.pass(7 * 86_400)
        #expect(next(late, record) == never)
        try late.decide(.tick)
        #expect(next(late, record) == never)
        try house.attest("alice", "bob", record: record)
        late = house
        late.pass(7 * 86_400)
        #expect(next(late, record) == "It is valid, and needs no more attestations.")
        house.pass(60)
        _ = try house.rotated(key: 501)
        let shown = "What became of it is shown by: ceremonyctl key \(record.fingerprint)."
        #expect(next(house, record) == shown)
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("gina", "alice", statement: statement)
        #expect(next(house, record) == shown)
    }

    @Test("A record whose key is active can not be declined any more")
    func declineAfterActivation() throws {
        var house = try House()
        let record = try house.completed()
        try house.attest("alice", "bob", record: record)
        expectRefusal(.ended) {
            try house.order(.decline, by: "carol", on: "keeper-alpha-1")
        }
    }

    @Test("Where the policy asks for no attestation, a key is active with its record")
    func attestNone() throws {
        var house = try House(
            policy: Policy(kinds: ["new_keeper_key": Policy.Entry(threshold: 2, attest: 0)]))
        let statement = try house.open()
        try house.approve("alice", "bob", statement: statement)
        try house.execute(statement.ceremony)
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        let decision = try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
        #expect(decision.events.map(\.body.type) == ["ceremony.completed", "key.activated"])
        #expect(house.state.unattested.isEmpty)
        #expect(house.state.allKeys.map { $0.status(at: house.now) } == [.active])
        let place = LogPosition(seq: house.lines.count - 1, time: house.now)
        let key = try #require(house.state.allKeys.first).publicKey.fingerprint
        let reason = try #require(house.state.standing(of: key, at: place)).reason
        #expect(reason.contains("the rules asked for no attestation"))
        house.expectConsistent()
    }
}

extension House {
    mutating func completedFrom(_ statement: Statement) throws -> KeyRecord {
        try execute(statement.ceremony)
        return try #require(try complete(statement.ceremony))
    }
}
