// An event's name in a vault: `evt_` and the first 24 hex digits of the SHA-256 of its content.
// Kept as twelve bytes, because a check of a long log holds many.

import Sodium

/// The id of an event, such as `evt_9f2401cee37aadf18ad58baf`.
public struct EventID: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt32

    /// The id of the content with these canonical bytes: the event without `event_id` and `sig`.
    public init(content: [UInt8]) {
        let digest = SHA256.hash(content)
        high = digest[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<12].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads an id in exactly this form, with lower-case digits.
    ///
    /// - Returns: `nil` for any other text.
    public init?(_ text: String) {
        let utf8 = text.utf8.span
        guard utf8.count == 28, utf8[0] == UInt8(ascii: "e"), utf8[1] == UInt8(ascii: "v"),
            utf8[2] == UInt8(ascii: "t"), utf8[3] == UInt8(ascii: "_")
        else { return nil }
        var high: UInt64 = 0
        var low: UInt32 = 0
        for position in 4..<28 {
            guard let value = Hex.value(utf8[position]) else { return nil }
            if position < 20 {
                high = high << 4 | UInt64(value)
            } else {
                low = low << 4 | UInt32(value)
            }
        }
        self.high = high
        self.low = low
    }

    /// The id as text.
    public var description: String {
        let first = (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
        let last = (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * $0)) }
        return "evt_" + Hex.encode(first + last)
    }
}

/// Where an event stands.
public struct EventReference: Hashable, Sendable, CustomStringConvertible {
    /// Its id.
    public let id: EventID
    /// Its line in `events/events.ndjson`, from 1.
    public let line: Int

    /// A reference by its parts.
    public init(id: EventID, line: Int) {
        self.id = id
        self.line = line
    }

    /// The id and the line.
    public var description: String { "\(id) (line \(line))" }
}
