// Damaged and dishonest bundles, each refused by the name of its defect. The forger here holds the
// log key and everybody's silence: lines are chained again, files derived again, the head signed.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Evidence")
struct EvidenceTests {
    /// A whole ceremony with a note, a halt at its end, and its evidence.
    static func house() throws -> House {
        var house = try House()
        try house.decide(.start(version: "1", commit: "abc", modules: []))
        let declined = try house.open(subject: "keeper-beta")
        for name in ["alice", "bob", "carol"] {
            try house.order(.decline, by: name, on: declined.ceremony)
        }
        let record = try house.completed()
        try house.decide(house.attestation(by: "frank", key: 1, of: record).command)
        try house.attest("bob", record: record)
        try house.order(.note, by: "erin")
        return house
    }

    static func trust(_ house: House, seen: [UInt8]? = nil) -> Trust {
        Trust(genesis: house.genesis.digest, seen: seen, allowsRehearsal: true)
    }

    /// The evidence of other events than those of the house: chained, derived and signed again.
    static func forged(
        _ house: House, from seq: Int = 0, _ change: (inout [Event]) throws -> Void
    ) throws -> EvidenceFolder {
        var events = try house.lines.map { try Event(line: $0) }
        try change(&events)
        var prev = Digest.zero
        for index in events.indices {
            if index >= seq {
                events[index].seq = index
                events[index].prev = prev
            }
            prev = events[index].leafHash
        }
        return try evidence(house, lines: events.map(\.line))
    }

    /// Whatever these lines give, with a head that the log key signed over them.
    static func evidence(_ house: House, lines: [[UInt8]]) throws -> EvidenceFolder {
        let events = lines.compactMap { try? Event(line: $0) }
        var files = try (try? EvidenceBundle.files(of: events)) ?? house.evidence().files
        files["log/events.jsonl"] = lines.flatMap { $0 + [0x0a] }
        let tree = MerkleTree(leaves: lines.map(TreeHash.leaf))
        let note = try house.note(Checkpoint(origin: house.state.log.origin, head: tree.head))
        files["log/checkpoint"] = note.bytes
        for event in events {
            guard case .ceremonyCompleted(let body) = event.body,
                let proof = tree.inclusionProof(of: event.seq, in: tree.size)
            else { continue }
            files[EvidenceBundle.proofPath(of: body.ceremony)] =
                try LogProof(proof, checkpoint: note).bytes
        }
        return EvidenceFolder(files: files).summed()
    }

    static func refused(
        _ name: Defect.Name, _ folder: EvidenceFolder, _ trust: Trust,
        at location: SourceLocation = #_sourceLocation
    ) {
        let result = EvidenceVerifier.verify(folder, against: trust)
        #expect(result.defect?.name == name, "\(result)", sourceLocation: location)
        #expect(!result.isVerified, sourceLocation: location)
        if let defect = result.defect {
            #expect(defect.description.hasPrefix(name.rawValue), sourceLocation: location)
            #expect(!defect.meaning.isEmpty && !defect.place.isEmpty, sourceLocation: location)
        }
    }

    @Test("Honest evidence verifies, with and without checksums")
    func honest() throws {
        let house = try Self.house()
        var folder = try house.evidence()
        let seen = try house.checkpoint(size: 5).bytes
        #expect(EvidenceVerifier.verify(folder, against: Self.trust(house, seen: seen)).isVerified)
        folder.files["SHA256SUMS"] = nil
        let result = EvidenceVerifier.verify(folder, against: Self.trust(house))
        #expect(result.isVerified)
        #expect(result.people.map(\.name) == House.everybody.map(\.member.name))
        #expect(result.keys.map(\.status) == [.active])
        #expect(result.head == TreeHead(size: house.lines.count, root: house.state.head.root))
        #expect(result.state == house.state)
    }

    @Test("What is forged again from the honest events is the honest evidence")
    func forgerIsHonest() throws {
        let house = try Self.house()
        let folder = try Self.forged(house) { _ in }
        #expect(EvidenceVerifier.verify(folder, against: Self.trust(house)).isVerified)
    }

    @Test("Every defect of files is named")
    func files() throws {
        let house = try Self.house()
        let honest = try house.evidence()
        let trust = Self.trust(house)
        func with(_ change: (inout [String: [UInt8]]) -> Void) -> EvidenceFolder {
            var folder = honest
            change(&folder.files)
            return folder.summed()
        }
        Self.refused(.notABundle, with { $0["FORMAT"] = nil }, trust)
        Self.refused(.notABundle, with { $0["FORMAT"]? += [0x0a] }, trust)
        var linked = honest
        linked.irregular = ["log/link"]
        Self.refused(.notAFile, linked, trust)
        Self.refused(.unknownFile, with { $0["ceremonies/keeper-alpha-1/more.txt"] = [] }, trust)
        Self.refused(.unknownFile, with { $0["../outside"] = [] }, trust)
        Self.refused(
            .unknownFile, with { $0["ceremonies/keeper-beta-1/completed.tlog-proof"] = [] }, trust)
        Self.refused(
            .badProof,
            with {
                let path = "ceremonies/keeper-alpha-1/completed.tlog-proof"
                $0[path]?[30] ^= 1
            }, trust)
        for path in honest.files.keys
        where path != "SHA256SUMS" && path != "FORMAT" {
            Self.refused(.missingFile, with { $0[path] = nil }, trust)
            guard path != "log/events.jsonl", path != "log/checkpoint", !path.hasSuffix("-proof")
            else { continue }
            Self.refused(.alteredFile, with { $0[path]? += [0x20] }, trust)
        }
        for change in [
            { $0["SHA256SUMS"]?.removeFirst(100) },
            { $0["SHA256SUMS"]? += Array("nonsense\n".utf8) },
            { $0["SHA256SUMS"] = [] },
        ] as [(inout [String: [UInt8]]) -> Void] {
            var folder = honest
            change(&folder.files)
            Self.refused(.transportSums, folder, trust)
        }
    }

    @Test("A proof must be of this completion, in this log, signed by its key")
    func proofs() throws {
        let house = try Self.house()
        let trust = Self.trust(house)
        let path = "ceremonies/keeper-alpha-1/completed.tlog-proof"
        let seq = try #require(try house.ceremony("keeper-alpha-1").end?.seq)
        let tree = MerkleTree(leaves: house.lines.map(TreeHash.leaf))
        func proof(of index: Int, size: Int? = nil, by key: SoftwareKey? = nil) throws -> [UInt8] {
            let size = size ?? tree.size
            let path = try #require(tree.inclusionProof(of: index, in: size))
            return try LogProof(
                path, checkpoint: try house.checkpoint(size: size, by: key)
            ).bytes
        }
        func with(_ bytes: [UInt8]) throws -> EvidenceFolder {
            var folder = try house.evidence()
            folder.files[path] = bytes
            return folder.summed()
        }
        Self.refused(.badProof, try with(try proof(of: seq - 1)), trust)
        Self.refused(.badProof, try with(try proof(of: seq, by: SoftwareKey(12))), trust)
        var other = try House { $0.genesis.nonce = String(repeating: "1", count: 32) }
        for _ in 0..<40 {
            try other.decide(.start(version: "1", commit: "other", modules: []))
        }
        let foreign = MerkleTree(leaves: other.lines.map(TreeHash.leaf))
        let stolen = try LogProof(
            try #require(foreign.inclusionProof(of: seq, in: tree.size)),
            checkpoint: try other.checkpoint(size: tree.size))
        Self.refused(.badProof, try with(stolen.bytes), trust)
        // The same line in another history that the log key signed as well.
        var forked = MerkleTree(leaves: house.lines.prefix(seq + 1).map(TreeHash.leaf))
        forked.append(leaf: .zero)
        let twin = try LogProof(
            try #require(forked.inclusionProof(of: seq, in: forked.size)),
            checkpoint: try house.note(
                Checkpoint(origin: house.state.log.origin, head: forked.head)))
        Self.refused(.badProof, try with(twin.bytes), trust)
        // An earlier head of the same log proves it as well.
        let early = try with(try proof(of: seq, size: seq + 1))
        #expect(EvidenceVerifier.verify(early, against: trust).isVerified)
    }

    @Test("Every defect of lines is named")
    func lines() throws {
        let house = try Self.house()
        let trust = Self.trust(house)
        func with(_ change: (inout [[UInt8]]) throws -> Void) throws -> EvidenceFolder {
            var lines = house.lines
            try change(&lines)
            return try Self.evidence(house, lines: lines)
        }
        Self.refused(.emptyLog, try with { $0 = [] }, trust)
        Self.refused(.tornLog, try with { $0.insert([], at: 3) }, trust)
        var torn = try house.evidence()
        torn.files["log/events.jsonl"]?.removeLast()
        Self.refused(.tornLog, torn.summed(), trust)
        Self.refused(.unreadableEvent, try with { $0[4].removeLast() }, trust)
        Self.refused(.notCanonical, try with { $0[4].insert(0x20, at: 1) }, trust)
        Self.refused(
            .unknownEvent,
            try with { lines in
                let text = String(decoding: lines[2], as: UTF8.self)
                lines[2] = Array(text.replacing("daemon.started", with: "daemon.stopped").utf8)
            }, trust)
        Self.refused(
            .unknownEvent,
            try with { lines in
                let text = String(decoding: lines[2], as: UTF8.self)
                lines[2] = Array(text.replacing(#""v":1"#, with: #""v":2"#).utf8)
            }, trust)
        Self.refused(.wrongSequence, try with { $0.remove(at: 4) }, trust)
        Self.refused(.wrongSequence, try with { $0.swapAt(4, 5) }, trust)
        Self.refused(.wrongSequence, try with { $0.insert($0[4], at: 4) }, trust)
        Self.refused(
            .brokenChain,
            try with { lines in
                var event = try Event(line: lines[2])
                event.body = .daemonStarted(
                    DaemonStarted(version: "1", commit: "other", modules: [], fence: 1))
                lines[2] = event.line
            }, trust)
        Self.refused(
            .otherLog,
            try Self.forged(house) { events in
                for index in events.indices.dropFirst() {
                    events[index].origin = "example.org/other"
                }
            }, trust)
        Self.refused(
            .timeBackwards,
            try Self.forged(house) {
                $0[5].time = House.dawn + -1
            }, trust)
    }

    @Test("What the events of a dishonest log say is named")
    func events() throws {
        let house = try Self.house()
        let trust = Self.trust(house)
        func place(_ type: String, _ number: Int = 0) throws -> Int {
            let all = try house.types().enumerated().filter { $0.element == type }.map(\.offset)
            return all[number]
        }
        let witnessed = try place("ceremony.witnessed")
        let approved = try place("ceremony.approved")
        let executing = try place("ceremony.executing")
        func refused(
            _ name: Defect.Name, at location: SourceLocation = #_sourceLocation,
            _ change: (inout [Event]) throws -> Void
        ) throws {
            Self.refused(name, try Self.forged(house, change), trust, at: location)
        }
        try refused(.badSignature) { events in
            guard case .ceremonyWitnessed(var answer) = events[witnessed].body else { return }
            answer.sshsig[answer.sshsig.count - 1] ^= 1
            events[witnessed].body = .ceremonyWitnessed(answer)
        }
        try refused(.notEntitled) { events in
            guard case .ceremonyWitnessed(var answer) = events[witnessed].body else { return }
            let statement = try house.ceremony(answer.ceremony).statement
            answer.witness = "gina"
            answer.key = house.person("gina").keys[0].fingerprint
            answer.sshsig = house.approval(by: "gina", of: statement).sshsig
            events[witnessed].body = .ceremonyWitnessed(answer)
        }
        try refused(.answeredTwice) { events in
            guard case .ceremonyWitnessed(var answer) = events[witnessed + 1].body else { return }
            let statement = try house.ceremony(answer.ceremony).statement
            answer.witness = "alice"
            answer.key = house.person("alice").keys[0].fingerprint
            answer.sshsig = house.approval(by: "alice", of: statement).sshsig
            events[witnessed + 1].body = .ceremonyWitnessed(answer)
        }
        try refused(.missingConsequence) { $0.remove(at: approved) }
        try refused(.missingConsequence) { $0.removeSubrange(approved...) }
        try refused(.illegalEvent) { $0.insert($0[approved], at: witnessed) }
        try refused(.otherHistory) { $0.removeSubrange((approved - 1)...approved) }
        try refused(.answeredTwice) { $0.insert($0[executing], at: executing + 2) }
        try refused(.outOfTime) { events in
            for index in (witnessed + 1)..<events.count {
                events[index].time = events[index].time + 3600
            }
        }
        try refused(.whileHalted) {
            $0.insert($0[2], at: witnessed)
            $0[witnessed].body = .haltRaised(
                HaltRaised(signed: nil, invariant: "chain", effective: nil))
        }
        try refused(.conflictingCeremony) { events in
            var copy = try House()
            try copy.decide(.start(version: "1", commit: "abc", modules: []))
            let second = try copy.statement(by: "gina", subject: "keeper-gamma")
            events.insert(events[2], at: witnessed)
            events[witnessed].body = .ceremonyOpened(
                CeremonyOpened(
                    ceremony: second.ceremony, from: nil, to: .pending,
                    signed: SignedDocument(
                        lines: second.lines, key: second.initiator.fingerprint,
                        sshsig: copy.opening(second).sshsig), supersedes: nil))
        }
        try refused(.wrongDocument) { events in
            let opened = try place("ceremony.opened", 1)
            guard case .ceremonyOpened(var body) = events[opened].body else { return }
            var statement = try Statement(lines: body.signed.lines)
            statement.threshold = 2
            body.signed.lines = statement.lines
            body.signed.sshsig = house.opening(statement).sshsig
            events[opened].body = .ceremonyOpened(body)
        }
        try refused(.changedPrestate) { events in
            let opened = try place("ceremony.opened", 1)
            guard case .ceremonyOpened(var body) = events[opened].body else { return }
            var statement = try Statement(lines: body.signed.lines)
            statement.prestate = .zero
            body.signed.lines = statement.lines
            body.signed.sshsig = house.opening(statement).sshsig
            events[opened].body = .ceremonyOpened(body)
        }
        try refused(.unprovenOutcome) { events in
            var copy = house
            copy.state = try Replay.state(of: house.lines.prefix(executing + 1))
            copy.now = copy.state.head.time
            let completed = try place("ceremony.completed")
            guard case .ceremonyCompleted(var body) = events[completed].body else { return }
            guard case .object(var outcome)? = try copy.outcome(of: "keeper-alpha-1", key: 600),
                case .object(let old) = body.outcome
            else { return }
            outcome["sig_new"] = old["sig_new"]
            body.outcome = .object(outcome)
            events[completed].body = .ceremonyCompleted(body)
        }
        try refused(.unsoundFounding) { events in
            guard case .logCreated(var body) = events[0].body else { return }
            body.signatures.removeLast()
            events[0].body = .logCreated(body)
        }
        try refused(.badSignature) { events in
            guard case .logCreated(var body) = events[0].body else { return }
            body.signatures[0].sshsig = body.signatures[1].sshsig
            events[0].body = .logCreated(body)
        }
    }

    @Test("An execution before the threshold, or a second one, is named")
    func executions() throws {
        func evidence(_ house: House, by name: String) throws -> EvidenceFolder {
            var house = house
            var act = try house.act(.execute, by: name, on: "keeper-alpha-1")
            act.from = CeremonyState.approved.rawValue
            let event = house.event(
                .ceremonyExecuting(
                    CeremonyExecuting(
                        ceremony: "keeper-alpha-1", from: .approved, to: .executing,
                        signed: SignedDocument(
                            lines: act.lines, key: act.actor.fingerprint,
                            sshsig: house.signed(act).sshsig),
                        intent: try house.intent(of: "keeper-alpha-1") ?? .object([:]))))
            return try Self.evidence(house, lines: house.lines + [event.line])
        }
        var house = try House()
        let statement = try house.open()
        try house.approve("alice", "bob", statement: statement)
        Self.refused(.belowThreshold, try evidence(house, by: "dave"), Self.trust(house))
        try house.approve("carol", statement: statement)
        try house.execute(statement.ceremony)
        Self.refused(.illegalTransition, try evidence(house, by: "alice"), Self.trust(house))
    }

    @Test("Every defect of the signed head is named")
    func heads() throws {
        let house = try Self.house()
        let trust = Self.trust(house)
        let tree = MerkleTree(leaves: house.lines.map(TreeHash.leaf))
        func with(_ note: [UInt8]) throws -> EvidenceFolder {
            var folder = try house.evidence()
            folder.files["log/checkpoint"] = note
            return folder.summed()
        }
        let origin = house.state.log.origin
        Self.refused(.badCheckpoint, try with(Array("nonsense\n".utf8)), trust)
        Self.refused(
            .checkpointNotSigned, try with(try house.checkpoint(by: SoftwareKey(12)).bytes), trust)
        var note = try house.checkpoint()
        var spoiled = note.signatures[0].bytes
        spoiled[3] ^= 1
        note = try SignedNote(
            text: note.text,
            signatures: [
                NoteSignature(
                    spoiled,
                    by: try #require(NoteKey(name: origin, publicKey: house.logKey.publicKey.point))
                )
            ])
        Self.refused(.checkpointSignature, try with(note.bytes), trust)
        Self.refused(
            .checkpointOrigin,
            try with(
                try house.note(Checkpoint(origin: "example.org/other", head: tree.head)).bytes),
            trust)
        Self.refused(
            .checkpointSize, try with(try house.checkpoint(size: house.lines.count - 1).bytes),
            trust)
        Self.refused(
            .checkpointRoot,
            try with(
                try house.note(
                    Checkpoint(origin: origin, head: TreeHead(size: tree.size, root: .zero))
                ).bytes), trust)
    }

    @Test("A standby key signs heads as well as the first")
    func standby() throws {
        let standby = SoftwareKey(1001)
        let house = try House {
            $0.genesis.logKeys.append(
                LogKey(
                    vkey: Founding.vkey($0.genesis.log, of: standby), uri: House.otherToken.uri))
        }
        let trust = Self.trust(house)
        #expect(EvidenceVerifier.verify(try house.evidence(), against: trust).isVerified)
        var folder = try house.evidence()
        folder.files["log/checkpoint"] = try house.checkpoint(by: standby).bytes
        #expect(EvidenceVerifier.verify(folder.summed(), against: trust).isVerified)
        let both = try house.checkpoint().adding(try house.checkpoint(by: standby).signatures[0])
        folder.files["log/checkpoint"] = both.bytes
        #expect(EvidenceVerifier.verify(folder.summed(), against: trust).isVerified)
        let other = try house.checkpoint(size: 1, by: standby).signatures[0]
        folder.files["log/checkpoint"] = try house.checkpoint().adding(other).bytes
        Self.refused(.checkpointSignature, folder.summed(), trust)
    }

    @Test("What the auditor brought decides")
    func trust() throws {
        let house = try Self.house()
        let folder = try house.evidence()
        Self.refused(.genesisNotGiven, folder, Trust(genesis: nil, allowsRehearsal: true))
        Self.refused(.genesisDiffers, folder, Trust(genesis: .zero, allowsRehearsal: true))
        Self.refused(.rehearsal, folder, Trust(genesis: house.genesis.digest))
        func seen(_ name: Defect.Name, _ bytes: [UInt8]) {
            Self.refused(name, folder, Self.trust(house, seen: bytes))
        }
        seen(.seenUnreadable, Array("nonsense\n".utf8))
        seen(.seenNotSigned, try house.checkpoint(size: 3, by: SoftwareKey(12)).bytes)
        seen(
            .seenNotSigned,
            try house.note(
                Checkpoint(origin: "example.org/other", head: TreeHead(size: 0, root: .zero))
            ).bytes)
        let origin = house.state.log.origin
        // This log's key, under the head of another log.
        let other = Checkpoint(
            origin: "example.org/other",
            head: MerkleTree(leaves: house.lines.map(TreeHash.leaf)).head)
        let key = try #require(NoteKey(name: origin, publicKey: house.logKey.publicKey.point))
        let note = try SignedNote(
            text: other.text,
            signatures: [NoteSignature(house.logKey.signature(over: other.text), by: key)])
        seen(.seenNotSigned, note.bytes)
        seen(
            .logForked,
            try house.note(Checkpoint(origin: origin, head: TreeHead(size: 3, root: .zero))).bytes)
        seen(
            .logForked,
            try house.note(
                Checkpoint(origin: origin, head: TreeHead(size: house.lines.count, root: .zero))
            ).bytes)
        var later = house
        try later.order(.note, by: "erin")
        seen(.logShrank, try later.checkpoint().bytes)
        for size in 0...house.lines.count {
            let trust = Self.trust(house, seen: try house.checkpoint(size: size).bytes)
            #expect(EvidenceVerifier.verify(folder, against: trust).isVerified)
        }
    }

    @Test("A production log needs no leave to be looked at")
    func production() throws {
        var policy = House.policy
        policy.softwareTokens = ["SoftHSM project"]
        let house = try House(policy: policy, mode: .production)
        let result = EvidenceVerifier.verify(
            try house.evidence(), against: Trust(genesis: house.genesis.digest))
        #expect(result.isVerified)
    }

    @Test("A single byte changed anywhere in the log is refused")
    func bytes() throws {
        let house = try Self.house()
        let honest = try house.evidence()
        let log = try #require(honest.files["log/events.jsonl"])
        for index in stride(from: 7, to: log.count, by: 1499) {
            var folder = honest
            folder.files["log/events.jsonl"]?[index] ^= 1
            let result = EvidenceVerifier.verify(folder.summed(), against: Self.trust(house))
            #expect(result.defect != nil, "byte \(index)")
        }
    }

    @Test("Names and codes are stable words, each with a meaning of its own")
    func names() {
        let all = Defect.Name.allCases
        #expect(Set(all.map(\.meaning)).count == all.count)
        #expect(all.count >= 20)
        #expect(
            all.allSatisfy {
                $0.rawValue.utf8.allSatisfy { $0 == 0x2d || (0x61...0x7a).contains($0) }
            })
    }
}
