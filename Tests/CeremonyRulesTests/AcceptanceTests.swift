// A participant's own yes or no: by the key that the statement asks, once, of this statement and no
// other, while it lives.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Whoever is to come accepts for themselves")
struct AcceptanceTests {
    private let key = SoftwareKey(20)

    /// A house that is about to enroll hana.
    private func asking() throws -> (House, Statement) {
        var house = try House()
        let statement = try house.setRoster { members in
            var hana = House.newcomer.member
            hana.keys = [MemberKey(20)]
            members.append(hana)
        }
        return (house, statement)
    }

    @Test("An acceptance is of this statement, by this person, in this log")
    func wrongDocuments() throws {
        var (house, statement) = try asking()
        let good = house.acceptance(of: statement, as: "hana", key: key)
        let wrong: [@Sendable (inout Acceptance) -> Void] = [
            { $0.statement = .zero }, { $0.kind = "set-policy" }, { $0.subject = "house-policy" },
            { $0.participant.name = "bob" }, { $0.log = "example.org/other/rehearsal" },
            { $0.participant.fingerprint = SoftwareKey(21).fingerprint },
            { $0.newKey = SoftwareKey(22).publicKey }, { $0.keyID = [1] },
            { $0.token = House.token.uri },
        ]
        for change in wrong {
            var acceptance = good
            change(&acceptance)
            house.expectRefusal(
                .wrongDocument, of: Signed(acceptance, by: key, for: .accept).command)
        }
        try house.decide(Signed(good, by: key, for: .accept).command)
        house.expectConsistent()
    }

    @Test("A set that the statement does not have is not accepted")
    func otherSet() throws {
        var (house, statement) = try asking()
        let acceptance = house.acceptance(of: statement, as: "hana", key: key, set: "guardians")
        house.expectRefusal(.notListed, of: Signed(acceptance, by: key, for: .accept).command)
    }

    @Test("Only the key that is asked accepts")
    func otherKeys() throws {
        var (house, statement) = try asking()
        for (number, code) in [(21, RefusalCode.notOnRoster), (1, .notListed)] {
            let other = SoftwareKey(number)
            let acceptance = house.acceptance(of: statement, as: "hana", key: other)
            house.expectRefusal(
                code, "CT-12", of: Signed(acceptance, by: other, for: .accept).command)
        }
        // A signature by another key is not taken for that of the key named.
        let acceptance = house.acceptance(of: statement, as: "hana", key: key)
        let body = CeremonyAccepted(
            ceremony: statement.ceremony, from: .pending, to: .pending, set: "roster",
            participant: "hana",
            signed: SignedDocument(
                lines: acceptance.lines, key: key.fingerprint,
                sshsig: SoftwareKey(21).sshsig(over: acceptance.bytes, for: .accept)),
            newKey: nil, possession: nil)
        house.expectIllegal(.badSignature, .ceremonyAccepted(body))
    }

    @Test("A signature holds over these bytes and for this purpose")
    func signatures() throws {
        var (house, statement) = try asking()
        let acceptance = house.acceptance(of: statement, as: "hana", key: key)
        var other = acceptance
        other.nonce = house.nonce()
        var signed = Signed(acceptance, by: key, for: .accept)
        signed.document = other.bytes
        house.expectRefusal(.badSignature, "NFR18", of: signed.command)
        for namespace in [SignatureNamespace.act, .approve, .possession] {
            house.expectRefusal(
                .wrongNamespace, "NFR18",
                of: Signed(acceptance, by: key, for: namespace).command)
        }
        let body = CeremonyAccepted(
            ceremony: statement.ceremony, from: .pending, to: .pending, set: "roster",
            participant: "hana",
            signed: SignedDocument(
                lines: acceptance.lines, key: key.fingerprint,
                sshsig: key.sshsig(over: acceptance.bytes, for: .act)),
            newKey: nil, possession: nil)
        house.expectIllegal(.wrongNamespace, .ceremonyAccepted(body))
    }

    @Test("An acceptance that names another ceremony is not taken for this one")
    func otherCeremony() throws {
        var (house, statement) = try asking()
        var acceptance = house.acceptance(of: statement, as: "hana", key: key)
        acceptance.ceremony = "house-roster-9"
        let body = CeremonyAccepted(
            ceremony: statement.ceremony, from: .pending, to: .pending, set: "roster",
            participant: "hana",
            signed: SignedDocument(
                lines: acceptance.lines, key: key.fingerprint,
                sshsig: key.sshsig(over: acceptance.bytes, for: .accept)),
            newKey: nil, possession: nil)
        house.expectIllegal(.wrongDocument, .ceremonyAccepted(body))
    }

    @Test("The event says what the document says, and where the ceremony stands")
    func events() throws {
        var (house, statement) = try asking()
        let acceptance = house.acceptance(of: statement, as: "hana", key: key)
        let good = CeremonyAccepted(
            ceremony: statement.ceremony, from: .pending, to: .pending, set: "roster",
            participant: "hana",
            signed: SignedDocument(
                lines: acceptance.lines, key: key.fingerprint,
                sshsig: key.sshsig(over: acceptance.bytes, for: .accept)),
            newKey: nil, possession: nil)
        let wrong: [(RefusalCode, @Sendable (inout CeremonyAccepted) -> Void)] = [
            (.illegalEvent, { $0.set = "other" }), (.illegalEvent, { $0.participant = "bob" }),
            (.illegalEvent, { $0.from = .approved }), (.illegalEvent, { $0.to = .approved }),
            (.illegalEvent, { $0.newKey = SoftwareKey(22).publicKey }),
            (.wrongDocument, { $0.possession = [1] }),
            (.malformed, { $0.signed.lines[0] = "ceremonyd act v1" }),
            (.unknownCeremony, { $0.ceremony = "house-roster-2" }),
        ]
        for (code, change) in wrong {
            var body = good
            change(&body)
            house.expectIllegal(code, .ceremonyAccepted(body))
        }
        // The ceremony that the document names is the one that the event is about.
        let other = try house.setRoster {
            $0.remove("erin"); $0.append(House.newcomer.member)
        }
        var body = good
        body.ceremony = other.ceremony
        house.expectIllegal(.wrongDocument, .ceremonyAccepted(body))
        try house.append(.ceremonyAccepted(good))
    }

    @Test("A repeat is answered and not recorded; a second answer is refused")
    func twice() throws {
        var (house, statement) = try asking()
        let acceptance = house.acceptance(of: statement, as: "hana", key: key)
        let signed = Signed(acceptance, by: key, for: .accept)
        let first = try house.decide(signed.command)
        let again = try house.decide(signed.command)
        #expect(again.isRepeat)
        #expect(again.events.isEmpty)
        #expect(again.receipt == first.receipt)
        #expect(first.receipt?.ceremony == statement.ceremony)
        expectRefusal(.alreadyAnswered, "CT-12") { try house.accept(statement, key: 20) }
        house.expectRefusal(
            .alreadyAnswered, of: try house.refusal(of: statement, key: 20).command)
        // Answered after the end too, as long as it is the same.
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        #expect(try house.decide(signed.command).isRepeat)
    }

    @Test("A nonce serves a person once, whatever they sign with it")
    func nonces() throws {
        var house = try House()
        let statement = try house.setRoster { $0.append(House.newcomer.member) }
        var acceptances = [20, 21].map {
            house.acceptance(of: statement, as: "hana", key: SoftwareKey($0))
        }
        acceptances[1].nonce = acceptances[0].nonce
        try house.decide(Signed(acceptances[0], by: SoftwareKey(20), for: .accept).command)
        house.expectRefusal(
            .nonceUsed, of: Signed(acceptances[1], by: SoftwareKey(21), for: .accept).command)
    }

    @Test("An acceptance is not from the future and not older than what it accepts")
    func ages() throws {
        var (house, statement) = try asking()
        house.pass(1000)
        for at in [house.now + 301, statement.drafted + -301] {
            var acceptance = house.acceptance(of: statement, as: "hana", key: key)
            acceptance.at = at
            house.expectRefusal(.stale, of: Signed(acceptance, by: key, for: .accept).command)
        }
        for (number, at) in [(20, house.now + 300), (20, statement.drafted + -300)] {
            var copy = house
            var acceptance = copy.acceptance(
                of: statement, as: "hana", key: SoftwareKey(number))
            acceptance.at = at
            try copy.decide(Signed(acceptance, by: key, for: .accept).command)
        }
    }

    @Test("What has expired or ended is not accepted")
    func ended() throws {
        var (house, statement) = try asking()
        var late = house
        late.now = statement.expires
        expectRefusal(.expired, "VAL-2") { try late.accept(statement, key: 20) }
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        expectRefusal(.ended, "FP-4") { try house.accept(statement, key: 20) }
        expectRefusal(.ended) {
            try house.decide(try house.refusal(of: statement, key: 20).command)
        }
    }

    @Test("A participant's no ends what needs everybody's yes")
    func declined() throws {
        var (house, statement) = try asking()
        try house.approve("alice", "bob", statement: statement)
        let decision = try house.decide(try house.refusal(of: statement, key: 20).command)
        #expect(decision.events.map(\.body.type) == ["ceremony.declined", "ceremony.failed"])
        #expect(try house.ceremony(statement.ceremony).end?.reason == "declined")
        let answer = try house.ceremony(statement.ceremony).acceptances[0].answers.values.first
        #expect(answer?.isYes == false)
        #expect(answer?.reason == "the tests ask for it")
        house.expectConsistent()
    }

    @Test("A participant's no is theirs: by the key asked, in that role, of that statement")
    func refusals() throws {
        var (house, statement) = try asking()
        // A member who is not asked; a role that a newcomer has not; another name, another
        // document.
        var asBob = try house.act(.decline, by: "bob", as: .participant, on: statement.ceremony)
        house.expectRefusal(.wrongRole, of: house.signed(asBob).command)
        asBob.actor.name = "hana"
        house.expectRefusal(
            .wrongDocument, of: Signed(asBob, by: SoftwareKey(2), for: .act).command)
        var act = try Act(bytes: try house.refusal(of: statement, key: 20).document)
        act.role = .witness
        house.expectRefusal(.notOnRoster, of: Signed(act, by: key, for: .act).command)
        act.role = .participant
        act.actor.name = "bob"
        house.expectRefusal(.wrongDocument, of: Signed(act, by: key, for: .act).command)
        act.actor.name = "hana"
        act.document = .zero
        house.expectRefusal(.wrongDocument, of: Signed(act, by: key, for: .act).command)
        act.act = .note
        house.expectRefusal(.notOnRoster, of: Signed(act, by: key, for: .act).command)
    }

    @Test("Of a set that needs only some, a no ends it where too few are left")
    func atLeast() {
        let keys = (20...22).map {
            Signatory(name: "p\($0)", fingerprint: SoftwareKey($0).fingerprint)
        }
        var set = AcceptanceSet("invited", keys, atLeast: 2)
        let document = SignedDocument(lines: [], key: keys[0].fingerprint, sshsig: [])
        func answer(_ isYes: Bool) -> AcceptanceSet.Answer {
            AcceptanceSet.Answer(
                isYes: isYes, signed: document, seq: 0, time: House.dawn, reason: nil,
                newKey: nil)
        }
        set.answers[keys[0].fingerprint] = answer(false)
        #expect(!set.isOutOfReach)
        #expect(!set.isComplete)
        #expect(set.waiting == [keys[1], keys[2]])
        var ended = set
        ended.answers[keys[1].fingerprint] = answer(false)
        #expect(ended.isOutOfReach)
        set.answers[keys[1].fingerprint] = answer(true)
        #expect(!set.isComplete)
        set.answers[keys[2].fingerprint] = answer(true)
        #expect(set.isComplete)
        #expect(set.count == 2)
        #expect(set.waiting.isEmpty)
        #expect(AcceptanceSet("invited", keys).need == 3)
    }

    @Test("A stored acceptance is verified again when the ceremony is carried out")
    func storedAgain() throws {
        var (house, statement) = try asking()
        try house.accept(statement, key: 20)
        try house.approve("alice", statement: statement)
        let last = house.approval(by: "bob", of: statement).command
        var spoilt = house
        let answers = try #require(
            spoilt.state.ceremonies[statement.ceremony]?.acceptances[0].answers)
        for (fingerprint, answer) in answers {
            var signed = answer.signed
            signed.lines[signed.lines.count - 2] = "nonce: 00"
            spoilt.state.ceremonies[statement.ceremony]?.acceptances[0].answers[fingerprint] =
                AcceptanceSet.Answer(
                    isYes: true, signed: signed, seq: answer.seq, time: answer.time, reason: nil,
                    newKey: nil)
        }
        spoilt.expectRefusal(.badSignature, of: last)
        try house.decide(last)
    }
}
