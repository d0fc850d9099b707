// One line of the log: canonical JSON with its place, its time, the hash of the line before, and a
// body of its type. FORMATS section 2.

/// An event of the log.
public struct Event: Sendable, Hashable {
    /// The origin of the log.
    public var origin: String
    /// Its position, 0 for the first: the leaf index.
    public var seq: Int
    /// When it was written, as the daemon says.
    public var time: Timestamp
    /// The leaf hash of the event before; zero for the first.
    public var prev: Digest
    /// What happened.
    public var body: EventBody

    /// An event from its parts.
    public init(origin: String, seq: Int, time: Timestamp, prev: Digest, body: EventBody) {
        self.origin = origin
        self.seq = seq
        self.time = time
        self.prev = prev
        self.body = body
    }
}

extension Event {
    /// The version of the format, in every event.
    static let version = 1

    /// The line of the log without its LF: canonical JSON. These bytes are hashed and chained.
    ///
    /// Numbers must not be negative; a precondition of the writer checks it.
    public var line: [UInt8] {
        JSON.object([
            "body": .object(body.fields), "origin": .string(origin), "prev": .string(prev.hex),
            "seq": .number(seq), "time": .string(time.description), "type": .string(body.type),
            "v": .number(Event.version),
        ]).canonicalBytes
    }

    /// SHA-256 of a zero byte and the line: the tree's leaf, and `prev` of the next event.
    public var leafHash: Digest { Digest(of: [0] + line) }

    /// Reads exactly the bytes that ``line`` gives.
    ///
    /// - Throws: ``EventError``: for a type or field that is unknown as for one that is wrong.
    public init(line: [UInt8]) throws(EventError) {
        self = try Event.read(line)
        guard self.line == line else { throw .notCanonical }
    }

    /// The same event, read back from its own line.
    ///
    /// A value that was put together in memory may hold what the format does not allow. Call this
    /// before anything is recorded.
    ///
    /// - Throws: ``EventError`` for what could not be read back as it is.
    public func checked() throws(EventError) -> Event {
        let again = try Event(line: line)
        guard again == self else { throw .notCanonical }
        return self
    }

    private static func read(_ line: [UInt8]) throws(EventError) -> Event {
        let opened = try EventError.wrapping { () throws(JSONError) in
            var fields = try JSONFields(try JSON(line, .record))
            return (version: try fields.number("v"), rest: fields)
        }
        guard opened.version == version else { throw .version(opened.version) }
        let (type, body, place) = try EventError.wrapping { () throws(JSONError) in
            var fields = opened.rest
            let place = try Place(from: &fields)
            let type = try fields.string("type")
            let body = try fields.required("body")
            try fields.finish()
            return (type, body, place)
        }
        return Event(
            origin: place.origin, seq: place.seq, time: place.time, prev: place.prev,
            body: try EventBody(type: type, body))
    }

    /// Everything of an event but what it says.
    private struct Place {
        let origin: String
        let seq: Int
        let time: Timestamp
        let prev: Digest

        init(from fields: inout JSONFields) throws(JSONError) {
            origin = try fields.parsed("origin", as: "a log's origin", TextForm.origin.read)
            seq = try fields.number("seq")
            time = try fields.parsed("time", as: "a time", TextForm<Timestamp>.time.read)
            prev = try fields.parsed("prev", as: "64 hex digits", TextForm.hexDigest.read)
        }
    }
}
