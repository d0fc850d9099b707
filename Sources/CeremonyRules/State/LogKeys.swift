// Which keys sign the log's heads, and from where on. They come from the founding document and from
// the log's own events, never from a signed note (FORMATS section 2, `log.rekeyed`; DESIGN section
// 3, The log key).

public import CeremonyRecord
import HashTreeCollections

/// The keys of a log, from its founding on.
public struct LogKeys: Hashable, Sendable {
    /// One replacement of the log key.
    struct Change: Hashable, Sendable {
        /// Where it stands.
        let seq: Int
        /// The new key.
        let key: NoteKey
        /// When both keys began to sign, and until when: before the end a head needs the keys
        /// before and the new one, from then on the new one. A log whose time is set back has
        /// another span from there on.
        var spans: [Span]

        /// Whether the new key signs alone a head of so many events, the last one of that time.
        func isOver(size: Int, time: Timestamp) -> Bool {
            end(size: size).map { time >= $0 } ?? false
        }

        /// From when on the new key signs alone a head of so many events.
        func end(size: Int) -> Timestamp? { spans.last { $0.seq < size }?.until }
    }

    /// The time in which two keys sign, for heads that cover the event of that position.
    struct Span: Hashable, Sendable {
        let seq: Int
        let begun: Timestamp
        let until: Timestamp
    }

    /// The founding document's: the first one, and where it has one its standby.
    public let founding: [NoteKey]
    private(set) var changes: [Change] = []

    init(founding: [NoteKey]) {
        self.founding = founding
    }

    mutating func change(to key: NoteKey, bothUntil: Timestamp, at moment: KeyEntry.Moment) {
        let span = Span(seq: moment.seq, begun: moment.time, until: bothUntil)
        changes.append(Change(seq: moment.seq, key: key, spans: [span]))
    }

    /// Hears that the log's time steps back: a change that is over stays so, for the key before it
    /// may be gone by then, and no head could be signed any more. One that the wrong clock began
    /// begins now.
    ///
    /// - Parameters:
    ///   - time: The time from which it steps back.
    ///   - now: The time to which it does.
    ///   - seq: Where the event stands that sets it back.
    mutating func stepBack(from time: Timestamp, to now: Timestamp, at seq: Int) {
        for index in changes.indices {
            guard let span = changes[index].spans.last else { continue }
            let begun = min(span.begun, now)
            let isOver = time >= span.until
            let until = isOver ? min(span.until, now) : begun + (span.until - span.begun)
            changes[index].spans.append(Span(seq: seq, begun: begun, until: until))
        }
    }

    /// Who must sign a head: of each group one key.
    ///
    /// - Parameters:
    ///   - size: How many events the head covers.
    ///   - time: The time of the last of them.
    public func groups(size: Int, time: Timestamp) -> [[NoteKey]] {
        var groups = [founding]
        for change in changes where change.seq < size {
            let isOver = change.isOver(size: size, time: time)
            groups = isOver ? [[change.key]] : groups + [[change.key]]
        }
        return groups
    }

    /// When a key that must sign heads need not any more; `nil` where nothing says so.
    ///
    /// - Parameters:
    ///   - size: How many events the head covers.
    ///   - time: The time of the last of them.
    public func end(of key: NoteKey, size: Int, time: Timestamp) -> Timestamp? {
        let ends = changes.filter { $0.seq < size && !$0.isOver(size: size, time: time) }
            .compactMap { $0.end(size: size) }
        return ends.sorted().first { end in
            !groups(size: size, time: end).joined().contains(key)
        }
    }

    /// Every key that ever signed heads of this log.
    public var all: [NoteKey] { founding + changes.map(\.key) }

    /// The newest key, which a further change replaces.
    public var newest: NoteKey? { changes.last?.key ?? founding.first }

    /// Refuses a note that is of another log, that the keys in force at its head have not signed,
    /// or that has a wrong line of such a key.
    ///
    /// - Parameters:
    ///   - size: How many events the note's head covers.
    ///   - time: The time of the last of them.
    /// - Throws: ``NoteError``.
    public func check(_ note: SignedNote, size: Int, time: Timestamp) throws(NoteError) {
        try LogKeys.check(note, by: groups(size: size, time: time))
    }

    /// The same for the groups of keys in force at the note's head.
    public static func check(_ note: SignedNote, by groups: [[NoteKey]]) throws(NoteError) {
        let origin = try Checkpoint(text: note.text).origin
        guard !groups.isEmpty else { throw .notSigned(by: origin) }
        for group in groups {
            var isSigned = false
            for key in group {
                guard key.name.utf8.elementsEqual(origin.utf8) else { throw .otherOrigin(origin) }
                do throws(NoteError) {
                    try note.verify(by: key)
                    isSigned = true
                } catch .notSigned {
                    // The standby key signs only where the first one cannot.
                    continue
                }
            }
            guard isSigned else { throw .notSigned(by: origin) }
        }
    }
}

extension State {
    /// Who must sign the head of the log as it stands: of each group one key.
    public var headKeys: [[NoteKey]] { logKeys.groups(size: head.size, time: head.time) }

    /// Who must sign the next head, if the next event is appended now: from the day on which the
    /// new key signs alone, the old one is needed no more.
    public func nextHeadKeys(at time: Timestamp) -> [[NoteKey]] {
        logKeys.groups(size: head.size, time: max(time, head.time))
    }

    /// When no head needs a key any more that the next one needs at that time; `nil` where nothing
    /// says so.
    public func needed(_ key: NoteKey, after time: Timestamp) -> Timestamp? {
        logKeys.end(of: key, size: head.size, time: max(time, head.time))
    }

    /// `log.rekeyed`, demanded by its ceremony: from here on the new key signs too.
    mutating func take(_ rekeyed: LogRekeyed, at moment: KeyEntry.Moment) throws(Refusal) {
        guard let key = NoteKey(vkey: rekeyed.vkey) else {
            throw Refusal(.illegalEvent, "The new log key cannot be read.")
        }
        logKeys.change(to: key, bothUntil: rekeyed.bothUntil, at: moment)
        taken[key.publicKey] = "the log key"
        demandPrestateEndings(besides: rekeyed.ceremony)
    }
}
