// Reading a log back: each line strictly, then the same fold that the daemon decided with. The
// daemon's start, the client's `verify` and every test use this one.

public import CeremonyRecord

/// A fold over the lines of a log, in their order.
public struct Replay: Sendable {
    /// What the log says so far; `nil` before event 0.
    public private(set) var state: State?

    private let predecessor: State?

    /// A fold that has taken no line yet.
    ///
    /// - Parameter predecessor: The end of the log that this one goes on from, if it goes on from
    ///   one: where this fold begins.
    public init(after predecessor: State? = nil) {
        self.predecessor = predecessor
    }

    /// Takes the next line, without its LF.
    ///
    /// - Returns: The event that it holds.
    /// - Throws: ``Defect`` with the event's position; the fold stays where it was.
    @discardableResult
    public mutating func take(_ line: [UInt8]) throws(Defect) -> Event {
        let seq = state?.head.size ?? 0
        let event = try Replay.read(line, at: seq)
        guard event.seq == seq else {
            throw Defect(.wrongSequence, at: seq, "The event calls itself number \(event.seq).")
        }
        guard var next = state else {
            do {
                state = try State.founded(by: event, line: line, after: predecessor)
            } catch {
                throw Defect(error, at: seq, missingConsequence: false)
            }
            return event
        }
        guard event.origin.utf8.elementsEqual(next.log.origin.utf8) else {
            throw Defect(
                .otherLog, at: seq, "The event is of \(event.origin), not \(next.log.origin).")
        }
        let demanded = next.demands.first
        do { try next.evolve(event, line: line) } catch {
            throw Defect(
                error, at: seq,
                missingConsequence: error.code == .illegalEvent && demanded != nil
                    && demanded != event.body)
        }
        state = next
        return event
    }

    /// The state at the end of the log.
    ///
    /// - Throws: ``Defect``: `empty-log`, or `missing-consequence` where the last event demands
    ///   another one that is not there.
    public func finish() throws(Defect) -> State {
        guard let state else { throw Defect(.emptyLog, "There is no event in the log.") }
        if let demanded = state.demands.first {
            throw Defect(
                .missingConsequence, at: state.head.size,
                "The log ends where \(demanded.type) must follow.")
        }
        return state
    }

    /// The state at the end of these lines, which may go on from another log.
    ///
    /// - Throws: ``Defect``, the first one there is.
    public static func state(
        of lines: some Sequence<[UInt8]>, after predecessor: State? = nil
    ) throws(Defect) -> State {
        var replay = Replay(after: predecessor)
        for line in lines { try replay.take(line) }
        return try replay.finish()
    }

    /// The lines of a file that holds a log, each ended by LF and none empty.
    ///
    /// - Throws: ``Defect``: `empty-log`, `torn-log`.
    static func lines(in bytes: [UInt8]) throws(Defect) -> [[UInt8]] {
        guard !bytes.isEmpty else { throw Defect(.emptyLog, "There is no event in the log.") }
        guard bytes.last == UInt8(ascii: "\n") else {
            throw Defect(.tornLog, "The last line has no end.")
        }
        let lines = bytes.dropLast().split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if let seq = lines.firstIndex(where: \.isEmpty) {
            throw Defect(.tornLog, at: seq, "There is an empty line.")
        }
        return lines.map(Array.init)
    }

    private static func read(_ line: [UInt8], at seq: Int) throws(Defect) -> Event {
        do { return try Event(line: line) } catch {
            let name: Defect.Name =
                switch error {
                case .notCanonical: .notCanonical
                case .malformed(let json) where json.problem == .notCanonical: .notCanonical
                case .unknownType, .version: .unknownEvent
                case .malformed, .contradictory: .unreadableEvent
                }
            throw Defect(name, at: seq, "\(error).")
        }
    }
}
