// The kind that makes a first key: what may be asked of it, what is derived, what an intent and an
// outcome must be (FR69), and that two never stand where one may (CM-5).

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("new-keeper-key")
struct KindTests {
    @Test("A statement is what the log derives, in every line")
    func derived() throws {
        var house = try House()
        let statement = try house.statement()
        for change in [
            { $0.threshold = 1 }, { $0.people = 1 }, { $0.attestThreshold = 0 },
            { $0.attestBy = 8 }, { $0.expires = $0.expires + 1 },
            { $0.ceremony = "keeper-alpha-2" },
            { $0.witnesses.removeLast() }, { $0.holder = "bob" }, { $0.excluded = ["alice"] },
            { $0.fields.list[2].value = "another" }, { $0.fields.list[0].value = "Ed448" },
            { $0.fields.list[5].value = "30" },
            {
                $0.accepts = [
                    AcceptLine(set: "s", name: "bob", fingerprint: $0.witnesses[0].fingerprint)
                ]
            },
        ] as [(inout Statement) -> Void] {
            var other = statement
            change(&other)
            house.expectRefusal(.statementDiffers, of: house.opening(other).command)
        }
        for change in [{ $0.prestate = .zero }, { $0.policy = .zero }]
            as [(inout Statement) -> Void]
        {
            var other = statement
            change(&other)
            house.expectRefusal(.prestateChanged, of: house.opening(other).command)
        }
        var other = statement
        other.subjectClass = "guardian"
        house.expectRefusal(.badParameter, of: house.opening(other).command)
        other = statement
        other.supersedes = "keeper-alpha-7"
        house.expectRefusal(.unknownCeremony, of: house.opening(other).command)
        other = statement
        other.initiator = house.signatory("gina")
        let byDave = Signed(other, by: house.person("dave").keys[0], for: .open)
        house.expectRefusal(.wrongDocument, of: byDave.command)
        other = statement
        other.initiator.name = "gina"
        house.expectRefusal(
            .notOnRoster, of: Signed(other, by: house.person("dave").keys[0], for: .open).command)
        try house.decide(house.opening(statement).command)
    }

    @Test("The prestate is the digest of FORMATS section 4, and a lapsed key is not in it")
    func prestateBytes() throws {
        var house = try House()
        func expected(_ keys: [JSON]) -> Digest {
            Digest(
                of: JSON.object([
                    "domain": .string("ceremonyd prestate v1"), "kind": .string("new-keeper-key"),
                    "subject": .string("keeper-alpha"), "keys": .array(keys),
                    "roster_epoch": .number(1), "policy": .string("\(House.policy.digest)"),
                    "depends": .object([:]),
                ]).canonicalBytes)
        }
        let first = try house.statement()
        #expect(first.prestate == expected([]))
        #expect(first.policy == Digest(of: House.policy.json.canonicalBytes))
        let record = try house.completed()
        let operation = try house.state.operation(of: try house.statement(subject: "keeper-beta"))
        let registered = house.state.prestate(
            of: operation, kind: "new-keeper-key", subject: "keeper-alpha")
        #expect(
            registered
                == expected([
                    .object([
                        "fingerprint": .string("\(record.fingerprint)"),
                        "from": .string("\(house.now)"),
                    ])
                ]))
        house.pass(8 * 86_400)
        try house.decide(.tick)
        #expect(try house.statement().prestate == expected([]))
    }

    @Test("Its parameters are checked, and no others are known")
    func parameters() throws {
        var house = try House()
        for (name, value, code) in [
            ("token", "pkcs11:token=house", RefusalCode.badParameter),
            ("class", "king", .badParameter),
            ("holder", "nobody", .notOnRoster), ("key-id", "xyz", .badParameter),
            ("key-id", "", .badParameter), ("colour", "red", .badParameter),
            ("key-id", String(repeating: "00", count: 33), .badParameter),
        ] {
            expectRefusal(code) { _ = try house.statement(parameters: [name: value]) }
        }
        for subject in ["house-halt", "house-roster", "house-policy", "house-log", "house-clock"] {
            expectRefusal(.badParameter) { _ = try house.statement(subject: subject) }
        }
        for subject in ["Upper", "", String(repeating: "a", count: 63)] {
            expectRefusal(.badParameter) { _ = try house.statement(subject: subject) }
        }
        let statement = try house.statement(parameters: [
            "class": "drill", "key-id": "02", "holder": "erin",
        ])
        #expect(statement.subjectClass == "drill")
        #expect(statement.fields["key-id"] == "02")
        #expect(statement.holder == "erin")
        #expect(statement.fields["key-label"] == "keeper-alpha-1")
    }

    @Test("What could not be read back is not drafted")
    func unreadable() throws {
        let house = try House()
        for reason in ["two\nlines", "", " space", "tab\there"] {
            expectRefusal(.badParameter) {
                _ = try house.state.statement(
                    for: Draft(
                        kind: "new-keeper-key", subject: "keeper-alpha",
                        parameters: ["token": House.token.uri],
                        initiator: house.signatory("dave"), reason: reason, drafted: house.now,
                        nonce: String(repeating: "a", count: 32)))
            }
        }
    }

    @Test("A drill is held to the policy's entry for drills, where it has one")
    func drill() throws {
        var policy = House.policy
        policy.kinds["drill"] = Policy.Entry(threshold: 2, attest: 1)
        var house = try House(policy: policy)
        #expect(try house.statement(parameters: ["class": "drill"]).threshold == 2)
        #expect(try house.statement().threshold == 3)
        var without = try House(
            policy: Policy(kinds: ["drill": Policy.Entry(threshold: 2, attest: 0)]))
        expectRefusal(.unknownKind) { _ = try without.statement() }
    }

    @Test("It is not started where it could not be met")
    func unmeetable() throws {
        var house = try House(
            policy: Policy(kinds: [
                "new_keeper_key": Policy.Entry(threshold: 4, people: 4, attest: 4)
            ]))
        _ = try house.statement(by: "dave")
        expectRefusal(.unmeetable, "CT-12") { _ = try house.statement(by: "alice") }
        expectRefusal(.unmeetable, "CT-12") { _ = try house.statement(by: "dave", holder: "bob") }
        var attesting = try House(
            policy: Policy(kinds: [
                "new_keeper_key": Policy.Entry(threshold: 2, people: 2, attest: 5)
            ]))
        _ = try attesting.statement(by: "dave")
        expectRefusal(.unmeetable, "CT-12") { _ = try attesting.statement(by: "alice") }
    }

    @Test("One at a time for a subject and for a token; others go side by side")
    func locks() throws {
        var house = try House()
        let first = try house.open()
        let refusal = expectRefusal(.busy, "CM-5") {
            try house.open(by: "gina", token: House.otherToken)
        }
        #expect(refusal?.detail.contains(first.ceremony) == true)
        #expect(refusal?.detail.contains("dave") == true)
        expectRefusal(.busy, "CM-5") { try house.open(subject: "keeper-beta") }
        let second = try house.open(subject: "keeper-beta", token: House.otherToken)
        #expect(house.state.live == [first.ceremony, second.ceremony])
        try house.order(.cancel, by: "dave", on: first.ceremony)
        try house.open(subject: "keeper-gamma")
        #expect(house.state.live == [second.ceremony, "keeper-gamma-1"])
        house.expectConsistent()
    }

    @Test("One at all, where the policy says so")
    func concurrency() throws {
        var policy = House.policy
        policy.concurrency = .one
        var house = try House(policy: policy)
        let first = try house.open()
        expectRefusal(.busy, "CM-5") {
            try house.open(subject: "keeper-beta", token: House.otherToken)
        }
        try house.open(
            subject: "keeper-beta", token: House.otherToken, supersedes: first.ceremony)
        #expect(house.state.live == ["keeper-beta-1"])
    }

    @Test("A subject with a registered or active key gets no second first key")
    func keyExists() throws {
        var house = try House()
        let record = try house.completed()
        expectRefusal(.keyExists, "FR69") { try house.open() }
        try house.attest("alice", "bob", record: record)
        expectRefusal(.keyExists, "FR69") { try house.open() }
        try house.open(subject: "keeper-beta")
    }

    @Test("A subject whose holder has left gets another key after a revocation")
    func holderLeft() throws {
        var house = try House()
        let statement = try house.open(holder: "erin")
        try house.approve("alice", "bob", "carol", statement: statement)
        let record = try house.completedFrom(statement)
        try house.attest("alice", "bob", record: record)
        let removal = try house.setRoster { $0.remove("erin") }
        try house.approve("alice", "bob", statement: removal)
        let revocation = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("gina", "alice", statement: revocation)
        let next = try house.open()
        #expect(next.holder == "erin")
        expectRefusal(.notOnRoster) { try house.open(subject: "keeper-beta", holder: "erin") }
        house.expectConsistent()
    }

    @Test("Class and holder are fixed at the first key")
    func fixed() throws {
        var house = try House()
        let statement = try house.open(holder: "erin")
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        try house.complete(statement.ceremony)
        house.pass(8 * 86_400)
        try house.decide(.tick)
        let next = try house.open(holder: "bob")
        #expect(next.holder == "erin")
        #expect(next.subjectClass == "keeper")
    }

    @Test("An intent is exactly what the statement orders")
    func intent() throws {
        var house = try House()
        let statement = try house.approved()
        let order = house.signed(try house.act(.execute, by: "dave", on: statement.ceremony))
        guard case .object(let intent)? = try house.intent(of: statement.ceremony) else { return }
        func command(_ intent: JSON?) -> Command {
            .execute(document: order.document, sshsig: order.sshsig, intent: intent)
        }
        house.expectRefusal(.outcomeDiffers, "FR69", of: command(nil))
        for name in intent.keys {
            var other = intent
            other[name] = .string("nonsense")
            house.expectRefusal(.outcomeDiffers, "FR69", "\(name)", of: command(.object(other)))
            other[name] = nil
            house.expectRefusal(.outcomeDiffers, "FR69", "\(name)", of: command(.object(other)))
        }
        var other = intent
        other["more"] = .number(1)
        house.expectRefusal(.outcomeDiffers, "FR69", of: command(.object(other)))
        for length in [15, 17] {
            other = intent
            other["key_id"] = .string(String(repeating: "ab", count: length))
            house.expectRefusal(.outcomeDiffers, "FR69", of: command(.object(other)))
        }
        var unsigned = house
        unsigned.expectIllegal(
            .illegalEvent,
            .ceremonyExecuting(
                CeremonyExecuting(
                    ceremony: statement.ceremony, from: .approved, to: .executing, signed: nil,
                    intent: nil)))
        try unsigned.decide(command(.object(intent)))
        #expect(try unsigned.ceremony(statement.ceremony).execution?.actor == "dave")
        let slot = try house.statement(
            subject: "keeper-beta", token: House.otherToken, parameters: ["key-id": "9a"])
        try house.decide(house.opening(slot).command)
        try house.approve("alice", "bob", "carol", statement: slot)
        expectRefusal(.outcomeDiffers, "FR69") { try house.execute(slot.ceremony) }
    }

    @Test("An outcome is exactly what the statement and the intent demand")
    func outcome() throws {
        var house = try House()
        let statement = try house.executing()
        let id = statement.ceremony
        house.pass(10)
        let good = try #require(try house.outcome(of: id))
        func refuses(_ outcome: JSON?, at location: SourceLocation = #_sourceLocation) throws {
            let outcome = try #require(outcome)
            house.expectRefusal(
                .outcomeDiffers, of: .complete(ceremony: id, outcome: outcome), at: location)
        }
        for attribute in KeyMaking.attributes {
            try refuses(try house.outcome(of: id) { $0.attributes.removeAll { $0 == attribute } })
        }
        try refuses(try house.outcome(of: id, generated: house.now + 1))
        try refuses(try house.outcome(of: id, generated: house.now + -16))
        try refuses(.object([:]))
        guard case .object(let fields) = good, case .object(let evidence)? = fields["evidence"],
            case .array(let lines)? = fields["record"]
        else { return }
        func changed(_ name: String, _ value: JSON?) -> JSON {
            var copy = fields
            copy[name] = value
            return .object(copy)
        }
        for name in fields.keys { try refuses(changed(name, nil)) }
        try refuses(changed("more", .string("x")))
        for name in evidence.keys {
            var other = evidence
            other[name] = nil
            try refuses(changed("evidence", .object(other)))
        }
        var other = evidence
        other["more"] = .string("x")
        try refuses(changed("evidence", .object(other)))
        other = evidence
        other["token"] = .string(House.otherToken.uri)
        try refuses(changed("evidence", .object(other)))
        other = evidence
        other["attestation"] = .string(Base64.encode([1]))
        try refuses(changed("evidence", .object(other)))
        // Another key's proof, and a record that says something else in any line.
        guard case .object(let another)? = try house.outcome(of: id, key: 501) else { return }
        try refuses(changed("sig_new", another["sig_new"]))
        let record = try KeyRecord(
            lines: lines.map { if case .string(let s) = $0 { s } else { "" } })
        for change in [
            { $0.ceremony = "keeper-alpha-2" }, { $0.statement = .zero }, { $0.subject = "other" },
            { $0.kind = "key-rotation" }, { $0.token = House.otherToken.uri },
            { $0.keyLabel = "other" }, { $0.keyID = [1] }, { $0.attributes.removeLast() },
            { $0.attestation = .zero }, { $0.oldKey = $0.fingerprint }, { $0.overlapDays = 30 },
            { $0.mode = .production }, { $0.log = "example.org/other/rehearsal" },
        ] as [(inout KeyRecord) -> Void] {
            var forged = record
            change(&forged)
            var copy = fields
            copy["record"] = .array(forged.lines.map { .string($0) })
            copy["sig_new"] = .string(
                Base64.encode(SoftwareKey(500).sshsig(over: forged.bytes, for: .key)))
            try refuses(.object(copy))
        }
        // A token's own attestation is the one whose digest the record has, or there is none.
        let attested = try #require(try house.outcome(of: id) { $0.attestation = [1, 2, 3] })
        var attestedMade = try KeyOutcome(attested)
        #expect(attestedMade.record.attestation == Digest(of: [1, 2, 3]))
        var withAttestation = house
        try withAttestation.decide(.complete(ceremony: id, outcome: attested))
        for other in [nil, [1, 2, 4]] as [[UInt8]?] {
            attestedMade.evidence.attestation = other
            try refuses(attestedMade.json)
        }
        var early = house
        let atStart = try #require(try early.outcome(of: id, generated: early.now + -15))
        try early.decide(.complete(ceremony: id, outcome: atStart))
        try house.decide(.complete(ceremony: id, outcome: good))
        #expect(house.state.allKeys.map(\.label) == [id])
    }

    @Test("A module that the policy does not list makes no key")
    func modules() throws {
        var policy = House.policy
        policy.modules = ["\(Digest(of: [1]))"]
        var house = try House(policy: policy)
        let statement = try house.executing()
        let other = try #require(
            try house.outcome(of: statement.ceremony) { $0.moduleDigest = Digest(of: [2]) })
        house.expectRefusal(
            .outcomeDiffers, "FR69", of: .complete(ceremony: statement.ceremony, outcome: other))
        try house.complete(statement.ceremony)
    }

    @Test("A public key that stands in the log in any role is not taken again")
    func taken() throws {
        var house = try House()
        _ = try house.completed()
        let statement = try house.executing("keeper-beta")
        for number in [1, 7, 500, 1000] {
            expectRefusal(.keyTaken, "FR69") {
                try house.complete(statement.ceremony, key: number)
            }
        }
        try house.complete(statement.ceremony, key: 501)
    }

    @Test("What was agreed must still be so when it is executed and when it is committed")
    func prestate() throws {
        var house = try House()
        let approved = try house.approved()
        var executing = house
        try executing.execute(approved.ceremony)
        var policy = House.policy
        policy.drillDays = 31
        for change in [
            {
                $0.state.roster = Roster(epoch: 1, members: $0.state.roster.members, policy: policy)
            },
            {
                $0.state.roster = Roster(
                    epoch: 2, members: $0.state.roster.members, policy: House.policy)
            },
        ] as [(inout House) -> Void] {
            var changed = house
            change(&changed)
            expectRefusal(.prestateChanged) { try changed.execute(approved.ceremony) }
            changed = executing
            let outcome = try #require(try changed.outcome(of: approved.ceremony))
            change(&changed)
            changed.expectRefusal(
                .prestateChanged, of: .complete(ceremony: approved.ceremony, outcome: outcome))
        }
    }

    @Test("Stored signatures are checked again: who is no longer on the roster does not count")
    func storedSignatures() throws {
        var house = try House()
        let statement = try house.approved()
        // The epoch stays, so that only the signatures can tell.
        func without(_ name: String) -> House {
            var copy = house
            copy.state.roster = Roster(
                epoch: 1, members: house.state.roster.members.filter { $0.name != name },
                policy: House.policy)
            return copy
        }
        var changed = without("alice")
        expectRefusal(.notOnRoster) { try changed.execute(statement.ceremony) }
        changed = without("dave")
        expectRefusal(.notOnRoster) {
            try changed.execute(statement.ceremony, by: "bob", as: .witness)
        }
        changed = without("frank")
        try changed.execute(statement.ceremony)
        let answer = try #require(try house.ceremony(statement.ceremony).approvals.answers["alice"])
        changed = house
        changed.state.ceremonies[statement.ceremony]?.approvals.answers["alice"] =
            ResponseSet.Answer(
                isYes: true, key: answer.key, seq: answer.seq, time: answer.time,
                sshsig: house.approval(by: "bob", of: statement).sshsig, reason: nil)
        expectRefusal(.badSignature) { try changed.execute(statement.ceremony) }
        changed = house
        changed.state.ceremonies[statement.ceremony]?.approvals.answers["alice"] = nil
        changed.state.ceremonies[statement.ceremony]?.approvals.answers["frank"] =
            house.state.ceremonies[statement.ceremony]?.approvals.answers["alice"]
        expectRefusal(.notYet) { try changed.execute(statement.ceremony) }
    }

    @Test("A changed prestate ends an execution, at the time of its report and at no other")
    func endsExecution() throws {
        var house = try House()
        let id = try house.executing().ceremony
        func failed(effective: Timestamp?) -> EventBody {
            .ceremonyFailed(
                CeremonyFailed(
                    ceremony: id, from: .executing, to: .failed, reason: "prestate-changed",
                    phase: nil, detail: nil, pkcs11: nil, left: nil, signed: nil, by: nil,
                    effective: effective))
        }
        house.expectIllegal(.illegalEvent, failed(effective: nil))
        house.state.roster = Roster(
            epoch: 2, members: house.state.roster.members, policy: House.policy)
        house.expectIllegal(.illegalEvent, failed(effective: house.state.head.time))
        try house.append(failed(effective: nil))
        #expect(house.standing(id) == .failed)
    }

    @Test("A key that came to the roster after the statement is not listed in it")
    func laterKey() throws {
        var house = try House()
        let statement = try house.open()
        var members = house.state.roster.members
        let key = SoftwareKey(60)
        members[0].keys.append(MemberKey(key: key.publicKey, tokenSerial: nil))
        house.state.roster = Roster(epoch: 1, members: members, policy: House.policy)
        house.expectRefusal(
            .notListed, "CT-12", of: Signed(statement, by: key, for: .approve).command)
        try house.approve("alice", statement: statement)
    }

    @Test("A change that another ceremony depends on ends it where it stands", arguments: [0, 2])
    func endings(attest: Int) throws {
        var house = try House(
            policy: Policy(kinds: ["new_keeper_key": Policy.Entry(threshold: 3, attest: attest)]))
        let pending = try house.open(subject: "keeper-beta", token: House.otherToken)
        let statement = try house.executing()
        let outcome = try #require(try house.outcome(of: statement.ceremony))
        // As if another kind had changed the policy under both of them.
        var changed = house
        changed.state.ceremonies[pending.ceremony] = Ceremony(
            statement: {
                var other = pending; other.prestate = .zero; return other
            }(),
            digest: pending.digest, opening: try house.ceremony(pending.ceremony).opening,
            opened: KeyEntry.Moment(seq: 2, time: house.now), executionSeconds: 900, locks: [],
            goesOnDespite: [],
            approvals: ResponseSet(.approve, invited: [], threshold: 1, people: 1),
            acceptances: [], peers: [],
            attestations: ResponseSet(.attest, invited: [], threshold: 1, people: 1))
        let decision = try decide(
            changed.state, .complete(ceremony: statement.ceremony, outcome: outcome),
            now: house.now)
        // Where the key is valid at once there are two changes, and one ending all the same.
        let activated = attest == 0 ? ["key.activated"] : []
        #expect(
            decision.events.map(\.body.type)
                == ["ceremony.completed"] + activated + ["ceremony.failed"])
        #expect(decision.state.ceremony(named: pending.ceremony)?.end?.reason == "prestate-changed")
        // Unrelated ceremonies go on.
        try house.complete(statement.ceremony)
        #expect(house.standing(pending.ceremony) == .pending)
        house.expectConsistent()
    }

    @Test("Steps come in their order, and one that brings something else is asked for again")
    func steps() throws {
        var house = try House()
        let statement = try house.approved()
        var ceremony = try house.ceremony(statement.ceremony)
        let operation = try house.state.operation(of: statement)
        guard
            case .step(.survey(let token, let label, nil)) = operation.next(after: [], of: ceremony)
        else {
            Issue.record("no survey")
            return
        }
        #expect(token == House.token)
        #expect(label == statement.ceremony)
        let wrong = StepResult.signed([], by: SoftwareKey(500).fingerprint, of: .zero)
        for done in [[], [StepResult.surveyed(House.survey)]] {
            #expect(
                operation.next(after: done + [wrong, wrong], of: ceremony)
                    == operation.next(after: done, of: ceremony))
        }
        try house.execute(statement.ceremony)
        ceremony = try house.ceremony(statement.ceremony)
        guard
            case .step(.generate(_, let id, _)) = operation.next(
                after: [.surveyed(House.survey)], of: ceremony)
        else {
            Issue.record("no generation")
            return
        }
        #expect(id == House.survey.keyID)
    }

    @Test("A token is named by four facts in one way")
    func tokenReference() throws {
        for token in [
            House.token, House.otherToken,
            TokenReference(label: "a b;c=d%/ä", manufacturer: "", model: "x y", serial: "1"),
        ] {
            #expect(TokenReference(uri: token.uri) == token)
        }
        let uri = House.token.uri
        for other in [
            uri + ";pin-value=1234", uri.replacing("pkcs11:", with: "PKCS11:"),
            uri.replacing("token=house", with: "token="), uri.replacing("%20", with: " "),
            uri.replacing("house", with: "h%6Fuse"),
            uri.replacing("serial=00aa11bb", with: "serial="),
            "pkcs11:serial=1;token=a;manufacturer=b;model=c", uri.replacing("%20", with: "%2"), "",
        ] {
            #expect(TokenReference(uri: other) == nil, "\(other)")
        }
    }

    @Test("The policy's entry, the kinds and their parameters are found by name")
    func names() throws {
        #expect(Policy.fieldName("new-keeper-key") == "new_keeper_key")
        #expect(try Kinds.named("new-keeper-key").name == NewKeeperKey.name)
        expectRefusal(.unknownKind) { _ = try Kinds.named("new_keeper_key") }
        #expect(NewKeeperKey.parameters.map(\.name) == ["token", "key-id", "class", "holder"])
        // FORMATS section 4 names these; each kind about the house brings its own.
        #expect(
            Kinds.reservedSubjects == [
                "house-halt", "house-roster", "house-policy", "house-log", "house-clock",
            ])
        #expect(Policy.isSoftware(manufacturer: "SoftHSM project"))
        #expect(Policy.isSoftware(manufacturer: "KRYOPTIC"))
        #expect(!Policy.isSoftware(manufacturer: "Yubico"))
    }
}
