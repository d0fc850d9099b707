// The rotation of a vault's key by the rules alone: who may sign for it, what the outcome must
// hold, and what is still to be done when it is committed. The vault is one that nobody has.

import CeremonyRecord
import Provara
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A vault's key is rotated")
struct ProvaraRotationTests {
    private static let root = House.vaultRootKey
    private static let quorum = House.vaultQuorumKey
    private static let policy: Policy = {
        var policy = House.policy
        policy.kinds["provara_rotation"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return policy
    }()

    /// What a look at the vault would say.
    private static func facts(
        revoke: SoftwareKey = root, authority: SoftwareKey = quorum, roles: String = "quorum"
    ) -> [String: String] {
        House.vaultFacts(revoke: revoke.publicKey, authority: authority.publicKey, roles: roles)
    }

    private static func chosen(revoke: SoftwareKey = root, authority: SoftwareKey = quorum)
        -> [String: String]
    {
        [
            "vault": "alpha", "revoke": "\(House.keyID(revoke))",
            "authority": "\(House.keyID(authority))",
        ]
    }

    private static func house() throws -> House {
        var house = try House(policy: policy)
        house.hold(quorum)
        return house
    }

    /// A rotation that is drafted, with the engine's facts in it.
    private static func statement(
        _ house: inout House, _ more: [String: String] = [:], facts: [String: String] = facts(),
        chosen: [String: String] = chosen(), subject: String = "alpha-root"
    ) throws(Refusal) -> Statement {
        try house.statement(
            "provara-rotation", subject: subject,
            parameters: facts.merging(chosen) { $1 }.merging(more) { $1 })
    }

    private static func seen(_ statement: Statement) throws -> VaultSeen {
        try #require(House.vaultSeen(by: statement))
    }

    private static func executing(
        _ house: inout House, _ more: [String: String] = [:],
        _ meanwhile: (inout House, Statement) throws -> Void = { _, _ in }
    ) throws -> Statement {
        let statement = try statement(&house, more)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try meanwhile(&house, statement)
        house.vaultSeen = try seen(statement)
        try house.execute(statement.ceremony)
        return statement
    }

    @Test("The key is active when the outcome is committed, and the vault is still to be written")
    func commits() throws {
        var house = try Self.house()
        let statement = try Self.executing(&house)
        #expect(statement.attestThreshold == 0)
        #expect(statement.subjectClass == "provara-root")
        let record = try #require(try house.complete(statement.ceremony, key: 600))
        #expect(record.oldKey == nil)
        let key = try #require(house.state.key(record.fingerprint))
        #expect(key.status(at: house.now) == .active)
        #expect(house.state.unfinished.map(\.id) == [statement.ceremony])
        guard
            case .publish(let publication) = try house.ceremony(statement.ceremony)
                .afterwards[0].step
        else {
            Issue.record("nothing is to be published")
            return
        }
        #expect(publication.files == House.staged(publication.work))
        #expect(publication.work.manifestSignature?.count == 64)
        #expect(house.state.deadlines().contains { $0.matter == .unfinished })
        // Nothing else of the vault is begun before it is written.
        expectRefusal(.busy, "CM-5") {
            let other = Self.facts(revoke: Self.quorum, authority: SoftwareKey(600), roles: "root")
            _ = try Self.statement(
                &house, facts: other,
                chosen: Self.chosen(revoke: Self.quorum, authority: SoftwareKey(600)),
                subject: "alpha-quorum")
        }
        expectRefusal(.illegalEvent) {
            try house.append(
                .stepDone(
                    StepDone(ceremony: statement.ceremony, step: "publish", result: .object([:]))))
        }
        let root = JSON.object(["root": .string("\(House.vaultRoot)")])
        expectRefusal(.illegalEvent) {
            try house.append(
                .stepDone(StepDone(ceremony: statement.ceremony, step: "other", result: root)))
        }
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        #expect(house.state.unfinished.isEmpty)
        expectRefusal(.illegalEvent) {
            try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        }
        house.expectConsistent()
    }

    @Test("No key signs for itself, and none that has no authority or has lost it")
    func authorities() throws {
        var house = try Self.house()
        expectRefusal(.wrongKey, "E202") {
            _ = try Self.statement(
                &house, facts: Self.facts(authority: Self.root, roles: "root"),
                chosen: Self.chosen(authority: Self.root))
        }
        expectRefusal(.wrongKey, "E202") {
            _ = try Self.statement(&house, facts: Self.facts(roles: "attestation"))
        }
        // A person's own key, and the log key, are no vault's.
        for key in [SoftwareKey(1), house.logKey] {
            expectRefusal(.keyTaken, "FR69") {
                _ = try Self.statement(
                    &house, facts: Self.facts(authority: key), chosen: Self.chosen(authority: key))
            }
        }
        // Facts that are not the key's.
        expectRefusal(.badParameter) {
            _ = try Self.statement(&house, ["authority-key": Self.root.publicKey.line])
        }
        expectRefusal(.badParameter) {
            _ = try Self.statement(&house, ["boundary": "none"])
        }
    }

    /// A file that nobody has signed for.
    private static func file(_ path: String) -> JSON {
        .object([
            "path": .string(path), "size": .number(65),
            "sha256": .string(String(repeating: "0", count: 64)),
        ])
    }

    @Test("The outcome holds exactly what the authorities were to sign")
    func outcome() throws {
        var house = try Self.house()
        let statement = try Self.executing(&house)
        let outcome = try #require(try house.outcome(of: statement.ceremony, key: 600))
        let whole = try KeyOutcome(outcome)
        guard case .object(let also) = try #require(whole.also) else { return }
        guard case .array(let events) = try #require(also["events"]),
            case .array(let files) = try #require(also["files"])
        else { return }
        let wrongs: [[String: JSON]] = [
            ["events": .array([events[1], events[0]])], ["events": .array([events[0]])],
            ["events": .array([events[0], events[0]])],
            ["manifest": events[0]],
            ["root": .string("\(MerkleRoot(leaves: [[1]]))")],
            ["files": .array(Array(files.dropLast()))],
            ["files": .array(Array(files.dropFirst()))],
            ["files": .array([files[1], files[0]] + files[2...])],
            ["files": .array(files[...2] + [files[4], files[3]])],
            ["files": .array(files[...2] + [Self.file("merkle_root.txt"), files[4]])],
            ["files": .array(files[...3] + [Self.file("manifest.sig")])],
        ]
        for wrong in wrongs {
            var changed = whole
            changed.also = .object(also.merging(wrong) { $1 })
            house.expectRefusal(
                .outcomeDiffers, "FR69",
                of: .complete(ceremony: statement.ceremony, outcome: changed.json))
        }
        var without = whole
        without.also = nil
        house.expectRefusal(
            .outcomeDiffers, "FR69",
            of: .complete(ceremony: statement.ceremony, outcome: without.json))
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
    }

    @Test("A vault that has changed is not gone on with, and the approval stands until it is back")
    func changed() throws {
        var house = try Self.house()
        let statement = try Self.statement(&house)
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        let seen = try Self.seen(statement)
        house.vaultSeen = VaultSeen(
            facts: seen.facts.merging(["vault-last": "none"]) { $1 }, moment: seen.moment)
        #expect(try house.intent(of: statement.ceremony) == nil)
        house.vaultSeen = seen
        #expect(try house.intent(of: statement.ceremony) != nil)
    }

    @Test("An authority's holder accepts first, signs when asked, and may still say no")
    func person() throws {
        var house = try Self.house()
        let statement = try Self.statement(&house, ["authority-by": "gina"])
        #expect(statement.accepts.map(\.name) == ["gina"])
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        #expect(house.standing(statement.ceremony) == .pending)
        try house.accept(statement, as: "gina", key: 8, set: "authority")
        #expect(house.standing(statement.ceremony) == .approved)
        house.vaultSeen = try Self.seen(statement)
        try house.execute(statement.ceremony)
        var refused = house
        refused.expectRefusal(
            .illegalEvent, "FP-4",
            of: .fail(ceremony: statement.ceremony, Failure(reason: "declined")))
        var no = try refused.act(.decline, by: "gina", on: statement.ceremony)
        no.role = .participant
        try refused.decide(refused.signed(no).command)
        #expect(refused.standing(statement.ceremony) == .executing)
        try refused.decide(.fail(ceremony: statement.ceremony, Failure(reason: "declined")))
        #expect(refused.standing(statement.ceremony) == .failed)
        refused.expectConsistent()
        _ = try #require(try house.complete(statement.ceremony, key: 600))
        #expect(house.standing(statement.ceremony) == .completed)
    }

    @Test("Nobody is to sign in a client of their own who could not be asked to accept that")
    func stranger() throws {
        var house = try Self.house()
        for name in ["authority-by", "promoter-by"] {
            expectRefusal(.notOnRoster, "CT-12") {
                _ = try Self.statement(
                    &house,
                    [name: "nobody"].merging(
                        name == "authority-by"
                            ? [:]
                            : [
                                "promoter": "\(House.keyID(Self.quorum))",
                                "promoter-key": Self.quorum.publicKey.line,
                                "promoter-roles": "quorum",
                                "promoter-introduced": "contract",
                            ]
                    ) { $1 })
            }
        }
    }

    @Test("Who is asked can tell the new key from any other, by the statement and the intent alone")
    func newKey() throws {
        var house = try Self.house()
        let statement = try Self.executing(&house, ["authority-by": "gina"]) { house, statement in
            try house.accept(statement, as: "gina", key: 8, set: "authority")
        }
        let outcome = try KeyOutcome(
            try #require(try house.outcome(of: statement.ceremony, key: 600)))
        let ceremony = try house.ceremony(statement.ceremony)
        let (state, record) = (house.state, outcome.record)
        let operation = try state.operation(of: statement)
        func check(
            _ record: KeyRecord, _ possession: [UInt8] = outcome.possession,
            of ceremony: Ceremony = ceremony, at time: Timestamp? = nil
        ) throws(Refusal) {
            try operation.checkNewKey(
                record, possession: possession, of: ceremony, at: time ?? house.now, in: state)
        }
        try check(record)
        let asked = operation.questions(
            Question.Made(record: record, possession: outcome.possession), of: ceremony)
        #expect(operation.questions(nil, of: ceremony).isEmpty)
        #expect(asked.map(\.person) == ["gina"])
        #expect(asked.map(\.key) == [Self.quorum.publicKey])
        #expect(asked[0].messages.map(\.title) == ["KEY_REVOCATION", "KEY_PROMOTION"])
        let wrongs: [(inout KeyRecord) -> Void] = [
            { $0.ceremony = "alpha-root-2" }, { $0.statement = Digest(of: [1]) },
            { $0.keyID = [9] }, { $0.token = House.otherToken.uri },
            { $0.attributes.removeLast() }, { $0.generated = $0.generated + -100_000 },
        ]
        for wrong in wrongs {
            var changed = record
            wrong(&changed)
            let own = SoftwareKey(600).sshsig(over: changed.bytes, for: .key)
            expectRefusal(.outcomeDiffers, "FR69") { try check(changed, own) }
        }
        // Another key that stands for itself as well, but made later than now; none that does not.
        expectRefusal(.outcomeDiffers, "FR69") { try check(record, at: record.generated + -1) }
        var other = record
        other.publicKey = SoftwareKey(601).publicKey
        expectRefusal(.outcomeDiffers, "FR69") { try check(other) }
        // One of the vault's own keys.
        for key in [Self.root, Self.quorum] {
            other.publicKey = key.publicKey
            let own = key.sshsig(over: other.bytes, for: .key)
            expectRefusal(.outcomeDiffers, "FR69") { try check(other, own) }
        }
        expectRefusal(.outcomeDiffers, "FR69") {
            var other = try House()
            let kind = try other.state.operation(of: other.open())
            try kind.checkNewKey(
                record, possession: outcome.possession, of: ceremony, at: house.now, in: state)
        }
    }

    @Test("The next rotation is of the key that this log made, which retires with it")
    func again() throws {
        var house = try Self.house()
        let first = try Self.executing(&house)
        let old = try #require(try house.complete(first.ceremony, key: 600))
        try house.decide(.done(ceremony: first.ceremony, step: "publish"))
        let key = SoftwareKey(600)
        let wrong = Self.facts(revoke: Self.root)
        expectRefusal(.wrongKey) { _ = try Self.statement(&house, facts: wrong) }
        for (cause, status) in [
            ("scheduled_rotation", KeyStatus.retired), ("key_compromise", .revoked),
        ] {
            var copy = house
            let statement = try Self.statement(
                &copy, ["cause": cause], facts: Self.facts(revoke: key),
                chosen: Self.chosen(revoke: key))
            try copy.decide(copy.opening(statement).command)
            try copy.approve("alice", "bob", "carol", statement: statement)
            copy.vaultSeen = try Self.seen(statement)
            try copy.execute(statement.ceremony)
            let new = try #require(try copy.complete(statement.ceremony, key: 602))
            #expect(copy.state.key(old.fingerprint)?.status(at: copy.now) == status)
            #expect(copy.state.key(new.fingerprint)?.status(at: copy.now) == .active)
            copy.expectConsistent()
        }
    }

    @Test("Peers confirm with their own keys, each once, and until then it is due")
    func peers() throws {
        var house = try Self.house()
        let stranger = House.outsider.keys[0]
        let statement = try Self.executing(
            &house, ["peers": "gina,mallory=\(stranger.fingerprint)"])
        let record = try #require(try house.complete(statement.ceremony, key: 600))
        #expect(house.state.unconfirmed.map(\.id) == [statement.ceremony])
        // No copy can know the new key before the vault does.
        let early = try house.act(.confirm, by: "gina", on: statement.ceremony)
        house.expectRefusal(.notYet, "FP-4", of: house.signed(early).command)
        try house.decide(.done(ceremony: statement.ceremony, step: "publish"))
        var act = try house.act(.confirm, by: "alice", on: statement.ceremony)
        house.expectRefusal(.wrongRole, "FR70", of: house.signed(act).command)
        let gina = house.signed(try house.act(.confirm, by: "gina", on: statement.ceremony))
        let signed = SignedDocument(
            lines: try Act(bytes: gina.document).lines,
            key: house.person("gina").keys[0].fingerprint,
            sshsig: gina.sshsig)
        expectRefusal(.notListed, "CT-12") {
            try house.append(
                .peerConfirmed(
                    PeerConfirmed(ceremony: "alpha-root-2", peer: "gina", signed: signed)))
        }
        expectRefusal(.notListed, "CT-12") {
            try house.append(
                .peerConfirmed(
                    PeerConfirmed(ceremony: statement.ceremony, peer: "mallory", signed: signed)))
        }
        var other = try house.act(.confirm, by: "gina", on: statement.ceremony)
        other.document = statement.digest
        house.expectRefusal(.wrongDocument, of: house.signed(other).command)
        for name in ["gina", "mallory"] {
            act = try house.act(.confirm, by: name, on: statement.ceremony)
            try house.decide(house.signed(act).command)
            let again = try house.act(.confirm, by: name, on: statement.ceremony)
            house.expectRefusal(.alreadyAnswered, "CT-12", of: house.signed(again).command)
        }
        #expect(house.state.unconfirmed.isEmpty)
        #expect(try house.ceremony(statement.ceremony).record == record)
        house.expectConsistent()
    }

    @Test("Nobody attests what is in effect already")
    func attestations() throws {
        var policy = Self.policy
        policy.kinds["provara_rotation"]?.attest = 2
        expectRefusal(.badPolicy) { try policy.checkFloors(mode: .rehearsal) }
    }
}
