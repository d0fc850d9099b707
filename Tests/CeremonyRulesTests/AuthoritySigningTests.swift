// What an authority signs counts by the epoch that was in force where it says; and what an ended
// ceremony left in somebody's token is listed until they have said what became of it.

import CeremonyRecord
import HashTreeCollections
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("Members sign for their authority")
struct AuthoritySigningTests {
    /// alice, bob and carol, of whom two sign; with the roots of the log so far.
    private func guarded() throws -> (House, MerkleTree) {
        var house = try House(policy: House.membershipPolicy)
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "2", "approve": "1"])
        return (house, MerkleTree(leaves: house.lines.map { TreeHash.leaf($0) }))
    }

    private func order(_ house: House, _ tree: MerkleTree) throws -> AuthorityOrder {
        let epoch = try #require(house.state.authority("guardians")?.current)
        return AuthorityOrder(
            log: house.state.log.origin, mode: house.state.log.mode, authority: "guardians",
            epoch: epoch.number, record: epoch.record.digest, sign: epoch.sign, name: "file",
            size: 3, file: Digest(of: [1, 2, 3]), treeSize: tree.size, treeRoot: tree.root)
    }

    private func signature(
        _ order: AuthorityOrder, _ parts: [(String, Int)],
        for namespace: SignatureNamespace = .authority
    ) throws -> Multisignature {
        var signature = Multisignature(order)
        for (name, number) in parts {
            let blob = SoftwareKey(number).sshsig(over: order.bytes, for: namespace)
            signature.add(Multisignature.Part(member: name, sshsig: try SSHSIG(blob: blob)))
        }
        return signature
    }

    @Test("Members of the epoch count, each once, whoever added their part when")
    func counts() throws {
        let (house, tree) = try guarded()
        let order = try order(house, tree)
        let signature = try signature(order, [("carol", 303), ("alice", 301), ("carol", 303)])
        let found = try house.state.signers(of: signature) { tree.root(at: $0) }
        #expect(found.members == ["alice", "carol"])
        #expect(found.epoch.number == 1)
        let read = try Multisignature(bytes: signature.bytes)
        #expect(read == signature)
    }

    @Test(
        "A member counts once, however often their part stands in a file, and too few are too few")
    func repeated() throws {
        let (house, tree) = try guarded()
        let order = try order(house, tree)
        let one = try signature(order, [("alice", 301)])
        let part = Array(one.bytes.dropFirst(order.bytes.count))
        #expect(throws: DocumentError.self) { try Multisignature(bytes: one.bytes + part) }
        let found = try house.state.signers(of: one) { tree.root(at: $0) }
        #expect(found.members == ["alice"] && !found.isEnough)
        let both = try signature(order, [("alice", 301), ("bob", 302)])
        #expect(try house.state.signers(of: both) { tree.root(at: $0) }.isEnough)
        // Nor in the wrong order, in which a second part could hide.
        let other = try signature(order, [("bob", 302)])
        #expect(throws: DocumentError.self) { try Multisignature(bytes: other.bytes + part) }
        for parts in [one.parts + one.parts, both.parts + one.parts] {
            expectRefusal(.alreadyAnswered, "I3") {
                _ = try house.state.signers(of: order, by: parts) { tree.root(at: $0) }
            }
        }
    }

    @Test("No other log, place, epoch, member, key or purpose counts")
    func refusals() throws {
        let (house, tree) = try guarded()
        let good = try order(house, tree)
        let changes: [(inout AuthorityOrder) -> Void] = [
            { $0.log = "example.org/other/rehearsal" }, { $0.authority = "others" },
            { $0.epoch = 2 }, { $0.record = .zero }, { $0.sign = 1 }, { $0.treeRoot = .zero },
            { $0.treeSize -= 1 }, { $0.treeSize = 0 },
        ]
        for change in changes {
            var wrong = good
            change(&wrong)
            let signature = try signature(wrong, [("alice", 301), ("bob", 302)])
            expectRefusal(.wrongDocument) {
                _ = try house.state.signers(of: signature) { tree.root(at: $0) }
            }
        }
        // What is newer than the log here is no other history.
        var newer = good
        newer.treeSize += 1
        let later = try signature(newer, [("alice", 301), ("bob", 302)])
        let refusal = expectRefusal(.wrongDocument) {
            _ = try house.state.signers(of: later) { tree.root(at: min($0, tree.size)) }
        }
        #expect(refusal?.next?.contains("newer export") == true)
        let parts: [([(String, Int)], SignatureNamespace, RefusalCode)] = [
            ([("frank", 301)], .authority, .notListed),
            ([("alice", 302)], .authority, .badSignature),
            ([("alice", 1)], .authority, .badSignature),
            ([("alice", 301)], .member, .wrongNamespace),
        ]
        for (parts, namespace, code) in parts {
            let signature = try signature(good, parts, for: namespace)
            expectRefusal(code) {
                _ = try house.state.signers(of: signature) { tree.root(at: $0) }
            }
        }
    }

    @Test("Who has left signs for no later place, and what they signed before still holds")
    func afterwards() throws {
        var (house, tree) = try guarded()
        let before = try signature(try order(house, tree), [("alice", 301), ("bob", 302)])
        let statement = try house.openMembership(["remove": "bob", "approve": "1"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        try house.carryOut(statement.ceremony)
        tree = MerkleTree(leaves: house.lines.map { TreeHash.leaf($0) })
        let found = try house.state.signers(of: before) { tree.root(at: $0) }
        #expect(found.members == ["alice", "bob"] && found.epoch.number == 1)
        let later = try signature(try order(house, tree), [("alice", 301), ("bob", 302)])
        expectRefusal(.notListed) {
            _ = try house.state.signers(of: later) { tree.root(at: $0) }
        }
    }

    @Test("Relying parties get each epoch with its members and its time")
    func files() throws {
        var (house, _) = try guarded()
        house.pass(60)
        let statement = try house.openMembership(["remove": "bob", "approve": "1"])
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        house.pass(60)
        try house.carryOut(statement.ceremony)
        let epochs = try #require(house.state.authority("guardians")).epochs
        let end = LogPosition(seq: house.state.head.size - 1, time: house.now)
        let files = house.state.keyFiles(at: end)
        for epoch in epochs {
            let folder = "authorities/guardians/\(epoch.number)/"
            #expect(files[folder + "epoch.txt"] == epoch.record.bytes)
            let text = String(decoding: files[folder + "allowed_signers"] ?? [], as: UTF8.self)
            #expect(text.hasPrefix("# 2 of \(epoch.members.count) sign\n"))
            #expect(
                text.contains("bob namespaces=\"ceremonyd-authority-v1\"") == (epoch.number == 1))
            #expect(text.contains("valid-before") == (epoch.number == 1))
            for member in epoch.members { #expect(text.contains(member.key.line)) }
        }
        let before = LogPosition(seq: epochs[1].begun.seq - 1, time: house.now)
        #expect(
            house.state.keyFiles(at: before).keys.contains {
                $0.hasPrefix("authorities/guardians/1/")
            })
        #expect(
            !house.state.keyFiles(at: before).keys.contains {
                $0.hasPrefix("authorities/guardians/2/")
            })
    }

    @Test("A log that goes on from another has its authorities, and they go on")
    func successor() throws {
        let (old, tree) = try guarded()
        var house = try House(policy: House.membershipPolicy, after: old)
        let before = try #require(old.state.authority("guardians")?.current)
        let carried = try #require(house.state.authority("guardians")?.current)
        #expect(carried.members == before.members && carried.number == 1)
        #expect(carried.begun.seq == 0 && carried.begun.time == before.begun.time)
        // What was signed by the old log counts by the old log.
        let signature = try signature(try order(old, tree), [("alice", 301), ("bob", 302)])
        let refusal = expectRefusal(.wrongDocument) {
            _ = try house.state.signers(of: signature) { tree.root(at: $0) }
        }
        #expect(refusal?.detail.contains("which this one goes on from") == true)
        #expect(refusal?.next?.contains("--evidence") == true)
        let here = MerkleTree(leaves: house.lines.map { TreeHash.leaf($0) })
        let now = try self.signature(try order(house, here), [("alice", 301), ("bob", 302)])
        #expect(try house.state.signers(of: now) { here.root(at: $0) }.members == ["alice", "bob"])
        let statement = try house.openMembership(["add": "frank"])
        #expect(statement.ceremony == "guardians-2")
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.consent(key: 301, to: statement, as: "alice")
        expectRefusal(.keyTaken) { try house.bring(key: 303, to: statement, as: "frank") }
        try house.bring(key: 304, to: statement, as: "frank")
        try house.carryOut(statement.ceremony)
        #expect(house.state.authority("guardians")?.current.number == 2)
        #expect(house.state.authority("guardians")?.epoch(atSize: 2)?.number == 1)
    }

    @Test("A multisignature file has one form, and every part of it is read")
    func form() throws {
        let (house, tree) = try guarded()
        let good = try signature(try order(house, tree), [("alice", 301), ("bob", 302)]).bytes
        let text = String(decoding: good, as: UTF8.self)
        let wrong = [
            "", text + "\n", "\n" + text, String(text.dropLast()), text + "\nmallory\n",
            text + text,
        ]
        for text in wrong {
            #expect(throws: DocumentError.self, "\(text.suffix(40))") {
                _ = try Multisignature(bytes: Array(text.utf8))
            }
        }
    }
}

@Suite("What an ended ceremony left is told until it is gone")
struct TidyingTests {
    /// frank has brought a key to a ceremony that is over.
    private func left() throws -> (House, Statement, Acceptance) {
        var house = try House(policy: House.membershipPolicy)
        let statement = try house.openMembership(["role": "group", "add": "frank", "sign": "1"])
        try house.bring(key: 304, to: statement, as: "frank")
        let accepted = try house.ceremony(statement.ceremony).acceptances[0]
        let answer = try #require(accepted.answers.values.first)
        #expect(house.state.leftKeys.isEmpty)
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        return (house, statement, try Acceptance(lines: answer.signed.lines))
    }

    private func act(
        _ house: inout House, _ outcome: DestructionOutcome, on id: String, key number: Int = 304,
        _ change: (inout Act) -> Void = { _ in }
    ) throws -> Signed {
        var act = try house.act(.tidy, by: "frank", on: id)
        act.evidence = [
            Evidence(
                what: outcome.rawValue, digest: Digest(of: SoftwareKey(number).publicKey.blob))
        ]
        change(&act)
        return house.signed(act)
    }

    @Test("The key is listed with its maker and its place, and not after they have dealt with it")
    func tidied() throws {
        for outcome in DestructionOutcome.allCases {
            var (house, statement, acceptance) = try left()
            let listed = try #require(house.state.leftKeys.first)
            #expect(listed.participant.name == "frank")
            #expect(listed.key.key == SoftwareKey(304).publicKey)
            #expect(listed.key.keyID == acceptance.keyID)
            let decision = try house.decide(
                try act(&house, outcome, on: statement.ceremony).command)
            guard case .objectDestroyed(let body)? = decision.events.first?.body else {
                Issue.record("no object.destroyed")
                return
            }
            #expect(body.outcome == outcome && body.keyID == acceptance.keyID)
            if outcome == .unreachable {
                // It is in a token that may be found: it stays listed, and is tidied up then.
                #expect(house.state.leftKeys.map(\.isTokenLost) == [true])
                #expect(house.state.deadlines().allSatisfy { $0.matter != .tidying })
                try house.decide(try act(&house, .destroyed, on: statement.ceremony).command)
            }
            #expect(house.state.leftKeys.isEmpty)
            house.expectRefusal(
                .nothingToRecover, of: try act(&house, outcome, on: statement.ceremony).command)
            house.expectConsistent()
        }
    }

    @Test("Only whoever brought it says so, of that key, of that ceremony, when it is over")
    func refusals() throws {
        var (house, statement, _) = try left()
        let (id, alice) = (statement.ceremony, house.signatory("alice"))
        house.expectRefusal(
            .nothingToRecover, of: try act(&house, .destroyed, on: id, key: 305).command)
        house.expectRefusal(
            .nothingToRecover, of: try act(&house, .destroyed, on: id) { $0.evidence = [] }.command)
        house.expectRefusal(
            .wrongDocument, of: try act(&house, .destroyed, on: id) { $0.document = .zero }.command)
        house.expectRefusal(
            .wrongRole,
            of: try act(&house, .destroyed, on: id) {
                $0.actor = alice
            }.command)
        house.expectRefusal(
            .wrongDocument, of: try act(&house, .destroyed, on: id) { $0.from = "PENDING" }.command)
        let other = try house.openMembership(["role": "group", "add": "frank", "sign": "1"])
        try house.bring(key: 305, to: other, as: "frank")
        house.expectRefusal(
            .nothingToRecover,
            of: try act(&house, .destroyed, on: other.ceremony, key: 305).command)
        // The event names the object that was brought, and what the act says of it.
        let signed = try act(&house, .absent, on: id)
        let good = ObjectDestroyed(
            ceremony: id, tokenSerial: "serial-of-frank",
            keyID: Array(SoftwareKey(304).fingerprint.bytes.prefix(16)), outcome: .absent,
            signed: SignedDocument(
                lines: try AnyDocument(bytes: signed.document).document.lines,
                key: house.person("frank").keys[0].fingerprint, sshsig: signed.sshsig))
        let changes: [(RefusalCode, (inout ObjectDestroyed) -> Void)] = [
            (.illegalEvent, { $0.keyID = [1] }), (.illegalEvent, { $0.tokenSerial = "other" }),
            (.nothingToRecover, { $0.outcome = .destroyed }),
            (.wrongDocument, { $0.ceremony = other.ceremony }),
        ]
        for (code, change) in changes {
            var wrong = good
            change(&wrong)
            house.expectIllegal(code, .objectDestroyed(wrong))
        }
        try house.append(.objectDestroyed(good))
        house.expectConsistent()
    }

    @Test("A log that goes on from another lists what is left, of what was open at its end too")
    func successor() throws {
        var (old, statement, _) = try left()
        let open = try old.openMembership(["role": "group", "add": "frank,gina", "sign": "1"])
        try old.bring(key: 305, to: open, as: "gina")
        // Nothing is left of one to which nobody has brought anything.
        try old.openMembership(["role": "group", "add": "frank", "sign": "1"], of: "council")
        var house = try House(policy: House.membershipPolicy, after: old)
        #expect(house.state.leftKeys.map(\.participant.name) == ["frank", "gina"])
        #expect(house.state.leftKeys.map(\.ceremony) == [statement.ceremony, open.ceremony])
        let due = house.state.deadlines().filter { $0.matter == .tidying }
        #expect(due.map(\.ceremony) == [nil, nil])
        #expect(due.allSatisfy { $0.text.contains("of the log \(old.state.log.origin)") })
        let left = try #require(house.state.leftKeys.last)
        let ceremony = try #require(house.state.ceremony(leaving: left))
        #expect(ceremony.state == .expired)
        // It is tidied up in the new log, and in no other way.
        for (outcome, count) in [(DestructionOutcome.unreachable, 2), (.absent, 1)] {
            var act = try house.act(.note, by: "gina")
            act.act = .tidy
            act.role = .participant
            act.ceremony = left.ceremony
            act.document = ceremony.digest
            act.from = "EXPIRED"
            act.evidence = [left.evidence(outcome)]
            try house.decide(house.signed(act).command)
            #expect(house.state.leftKeys.count == count)
        }
        house.expectRefusal(
            .unknownCeremony,
            of: try {
                var act = try house.act(.note, by: "gina")
                act.act = .decline
                act.role = .participant
                act.ceremony = left.ceremony
                return house.signed(act).command
            }())
        let third = try House(policy: House.membershipPolicy, after: house)
        #expect(third.state.leftKeys.map(\.participant.name) == ["frank"])
    }

    @Test("Nobody tidies up what somebody else brought")
    func others() throws {
        var house = try House(policy: House.membershipPolicy)
        let statement = try house.openMembership([
            "role": "group", "add": "frank,gina", "sign": "1",
        ])
        try house.bring(key: 304, to: statement, as: "frank")
        try house.bring(key: 305, to: statement, as: "gina")
        try house.order(.cancel, by: "dave", on: statement.ceremony)
        house.expectRefusal(
            .nothingToRecover,
            of: try act(&house, .destroyed, on: statement.ceremony, key: 305).command)
        try house.decide(try act(&house, .destroyed, on: statement.ceremony).command)
        #expect(house.state.leftKeys.map(\.participant.name) == ["gina"])
    }

    @Test("A key that a commit took into the authority is nobody's debris")
    func committed() throws {
        var house = try House(policy: House.membershipPolicy)
        let statement = try house.makeAuthority([("frank", 304)], ["sign": "1"])
        #expect(house.state.leftKeys.isEmpty)
        house.expectRefusal(
            .nothingToRecover,
            of: try act(&house, .destroyed, on: statement.ceremony).command)
    }
}
