// What must be true after every step, said a second time and from the log's own lines: where each
// event came from, that the fold of the lines is what the engine shows, and the invariants I1 to
// I16 of the contract for ceremonies. What is broken is reported; nothing here changes anything.
//
//   I1  the active epoch is the fold of commits: ``Audit/checkMembership`` applies each statement
//       itself, and authorities change at no other event.
//   I2  one live ceremony per lock: ``Audit/checkLocks``. A removal holds none; what it overtakes
//       ends with its commit or commits nothing: I4, in ``Book``.
//   I3  a commit has its consents: ``Book``, which verifies each signature itself.
//   I4  a commit meets the state that was agreed on: epoch, members, keys, roster as they were.
//   I5  an end is final: ``Audit/checkEnds``.
//   I6  epochs rise by one with a commit and never else: with I1.
//   I7  no key outside the epoch signs for it: ``Audit/checkSigning``.
//   I8  every key on a token has its place in the log: ``Audit/checkTokens``.
//   I9  every prefix folds to the same state twice: ``Audit/close``, and at every start.
//   I10 a changed byte is found: ``Audit/close``, by the offline verifier.
//   I11 an answer holds for one ceremony, statement, operation and person: forged papers are never
//       in the log, and ``Book`` compares each acceptance with its statement.
//   I12 an abort changes no authority and no key: with I1.
//   I13 supersession is mutual and has no circle: ``Audit/checkSupersession``.
//   I14 the membership is the operation applied to the one before: with I1.
//   I15 who is removed is out at the commit: with I7.
//   I16 no secret is in the log or in a word of the engine: ``Audit/hears``. The one secret that
//       the engine is given is the PIN; codes and share codes do not pass it.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules

/// Who looks at everything.
///
/// `@unchecked Sendable`: the loop has one thread, and the audit looks between its steps.
final class Audit: @unchecked Sendable {
    let disk: Disk
    let tokens: [SimulatedToken]
    /// What is broken, the first thing first.
    private(set) var problems: [String] = []
    /// The state after every event whose consequences are complete, by size.
    private(set) var states: [Int: State] = [:]
    /// The fold of the lines, as whoever reads them later makes it.
    private var replay = Replay()
    private(set) var events: [Event] = []
    var book = Book()
    /// How often somebody tried to unlock, and how often somebody was refused at the door.
    var unlocks = 0
    var knocks = 0
    private var papers: Set<Trace> = []
    private var forged: Set<Trace> = []
    private var answers: Set<[UInt8]> = []
    private var places: [Trace: Int] = [:]
    private var told: [Int: Int] = [:]
    private var batchesSeen = 0
    /// Authorities that have changed since signing for them was last tried.
    var signings: [String] = []

    /// A paper as it stands in the log.
    private struct Trace: Hashable {
        let document: Digest
        let sshsig: [UInt8]
    }

    init(disk: Disk, tokens: [SimulatedToken]) {
        self.disk = disk
        self.tokens = tokens
    }

    /// The state at the end of the log.
    var state: State? { replay.state }

    func report(_ problem: String) { problems.append(problem) }

    // MARK: What people did

    func handedIn(_ paper: Paper) {
        let trace = Trace(document: Digest(of: paper.document), sshsig: paper.sshsig)
        if paper.isForged { forged.insert(trace) }
        papers.insert(trace)
    }

    func answered(_ signatures: [[UInt8]]) { answers.formUnion(signatures) }

    /// Whether the log holds the paper.
    func holds(_ paper: Paper) -> Bool {
        places[Trace(document: Digest(of: paper.document), sshsig: paper.sshsig)] != nil
    }

    /// What the engine says to anybody.
    func hears(_ words: String) {
        if words.contains(SimulatedToken.pin) { report("I16: the engine says the PIN: \(words)") }
    }

    /// An answer must be true: what is said to be recorded is, and nothing else.
    ///
    /// - Parameter isAlone: Whether nobody else hands the same in at the same time.
    func judge(_ call: Call, _ answer: Result<Recorded?, EngineError>, isAlone: Bool) {
        guard let paper = call.paper else { return }
        read()
        let trace = Trace(document: Digest(of: paper.document), sshsig: paper.sshsig)
        let place = places[trace]
        switch answer {
        case .success(let recorded):
            if paper.isForged { report("I11: the engine took a forgery: \(paper.what)") }
            guard let recorded, let receipt = recorded.receipt else { return }
            if place != receipt.seq {
                report("\(paper.what) is said to be event \(receipt.seq), and is \(place ?? -1)")
            }
            if disk.lines.count <= receipt.seq { report("\(paper.what) was not durable") }
            if recorded.isRepeat != call.wasKnown, recorded.isRepeat == false {
                report("\(paper.what) was recorded twice")
            }
        case .failure(let error):
            let may: [EngineError.Code] = [.recordedNotSigned, .stopping, .executionFailed]
            if place != nil, !call.wasKnown, isAlone, !may.contains(where: error.has) {
                report("\(paper.what) was refused (\(error.code)), and is event \(place ?? -1)")
            }
        }
    }

    // MARK: What an engine tells

    /// Who listens to the events that an engine tells.
    func listener(for life: Life) -> @Sendable ([Event], [[UInt8]]) -> Void {
        { [self] events, lines in
            for (event, line) in zip(events, lines) {
                if let last = told[life.number], event.seq != last + 1 {
                    report("life \(life.number) tells event \(event.seq) after \(last)")
                }
                told[life.number] = event.seq
                if !disk.lines.indices.contains(event.seq) || disk.lines[event.seq] != line {
                    report("life \(life.number) tells of an event that is not on the disk")
                }
            }
        }
    }

    // MARK: Looking

    /// Looks at everything.
    ///
    /// - Parameter isQuiet: Whether nothing is under way.
    func look(at life: Life?, isQuiet: Bool) {
        read()
        if let life { compare(with: life, isQuiet: isQuiet) }
        checkTokens(isQuiet: isQuiet)
    }

    /// A process is over; what it wrote must be known to its engine.
    func over(_ life: Life) {
        read()
        checkBatches(of: life)
        life.engine = nil
    }

    private func compare(with life: Life, isQuiet: Bool) {
        // What is durable is shown when the log key has signed it, or could not.
        guard isQuiet else { return }
        checkBatches(of: life)
        guard !life.isDead, life.wantsEnd == nil, let shown = life.engine?.snapshot.state else {
            return
        }
        if shown != state { report("I9: the engine shows another state than the lines") }
        if let checkpoint = life.engine?.snapshot.checkpointSize, checkpoint > disk.lines.count {
            report("a head of \(checkpoint) events is signed, and \(disk.lines.count) are durable")
        }
    }

    /// Every batch was written by an engine that knows it: nothing else can append.
    private func checkBatches(of life: Life) {
        let size = life.engine?.snapshot.state.head.size ?? 0
        var unknown = 0
        while batchesSeen < disk.batches.count {
            let batch = disk.batches[batchesSeen]
            // The two events of the founding are written before there is an engine.
            let isFounding = batchesSeen == 0 && batch.end == 2 && batch.life.number == 0
            guard isFounding || batch.life === life else {
                batchesSeen += 1
                report("events up to \(batch.end - 1) were written by no engine at work")
                continue
            }
            if !isFounding, size < batch.end { unknown += 1 }
            // Of the write in which a process died its engine has not heard any more.
            if unknown > (batch.isInDoubt || life.isDead ? 1 : 0) {
                report("events up to \(batch.end - 1) were written past the engine")
            }
            batchesSeen += 1
        }
    }

    /// Folds what is new on the disk.
    private func read() {
        while events.count < disk.lines.count, problems.isEmpty {
            let line = disk.lines[events.count]
            let before = replay.state
            do throws(Defect) {
                let event = try replay.take(line)
                events.append(event)
                guard let after = replay.state else { return }
                if after.demands.isEmpty { states[after.head.size] = after }
                checkSource(of: event, before)
                if let before { checkStep(event, line, from: before, to: after) }
            } catch {
                report("I9: the log does not replay: \(error)")
            }
        }
    }

    private func checkStep(_ event: Event, _ line: [UInt8], from before: State, to after: State) {
        hears(String(decoding: line, as: UTF8.self))
        if event.time < before.head.time, !after.hasCorrection(since: before) {
            report("event \(event.seq) is dated before the one in front of it")
        }
        checkEnds(event, from: before, to: after)
        checkLocks(in: after)
        checkAuthorities(event, from: before, to: after)
        book.take(event, from: before, to: after) { self.report($0) }
    }

    // MARK: Where an event came from

    /// Every document in the log was handed in at the engine's door.
    private func checkSource(of event: Event, _ before: State?) {
        for (bytes, sshsig) in event.body.papers(in: before) {
            let trace = Trace(document: Digest(of: bytes), sshsig: sshsig)
            if !papers.contains(trace) {
                report("event \(event.seq) (\(event.body.type)) was handed in by nobody")
            }
            if forged.contains(trace) {
                report("I11: event \(event.seq) (\(event.body.type)) is a forgery")
            }
            if let place = places[trace] {
                report("events \(place) and \(event.seq) hold the same paper")
            }
            places[trace] = event.seq
        }
        switch event.body {
        case .daemonStarted(let started) where started.fence > unlocks:
            report("event \(event.seq): the log was opened more often than anybody unlocked it")
        case .accessRefused(let refused) where refused.count > knocks:
            report("event \(event.seq): more were refused than knocked")
        case .ceremonyCompleted(let completed):
            for signature in book.memberSignatures(in: completed) where !answers.contains(signature)
            {
                report("event \(event.seq): a member's signature was given by nobody")
            }
            if let key = replay.state?.ceremony(named: completed.ceremony)?.record?.publicKey,
                !tokens.contains(where: { $0.made.contains(key.point) })
            {
                report("event \(event.seq): no token made the key")
            }
        default: break
        }
    }
}

extension State {
    /// Whether the log's time was set back by its last event.
    fileprivate func hasCorrection(since before: State) -> Bool {
        head.time < before.head.time && !before.demands.isEmpty
    }
}

extension EventBody {
    /// The documents that people signed, with their signatures, as they were handed in.
    func papers(in before: State?) -> [([UInt8], [UInt8])] {
        func of(_ signed: SignedDocument?) -> [([UInt8], [UInt8])] {
            signed.map { [($0.bytes, $0.sshsig)] } ?? []
        }
        switch self {
        case .ceremonyOpened(let body): return of(body.signed)
        case .ceremonyWitnessed(let body):
            return before?.ceremony(named: body.ceremony).map {
                [($0.statement.bytes, body.sshsig)]
            } ?? []
        case .ceremonyAccepted(let body): return of(body.signed)
        case .ceremonyDeclined(let body): return of(body.signed)
        case .ceremonyExecuting(let body): return of(body.signed)
        case .ceremonyAttested(let body):
            return before?.ceremony(named: body.ceremony)?.record.map {
                [($0.bytes, body.sshsig)]
            } ?? []
        case .ceremonyFailed(let body): return of(body.signed)
        case .ceremonyExpired(let body): return of(body.signed)
        case .objectDestroyed(let body): return of(body.signed)
        case .haltRaised(let body): return of(body.signed)
        case .exceptionNoted(let body): return of(body.signed)
        case .peerConfirmed(let body): return of(body.signed)
        default: return []
        }
    }
}
