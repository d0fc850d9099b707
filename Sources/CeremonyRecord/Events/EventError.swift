// Why a line is no event of this log's format. One refusal is enough to refuse the log.

/// Why a line was refused.
public enum EventError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It is not the JSON of the fields that an event of its type has.
    case malformed(JSONError)
    /// It is of a type that this version does not know.
    case unknownType(String)
    /// It is of another version of the format.
    case version(Int)
    /// Fields that are right by themselves do not fit each other.
    case contradictory(type: String, String)
    /// It says something in another way than this product writes it.
    case notCanonical

    /// One sentence for a person.
    public var description: String {
        switch self {
        case .malformed(let error): "\(error)"
        case .unknownType(let type):
            "events of the type \(type) are unknown: a newer ceremonyd may have written them"
        case .version(let version):
            "events of version \(version) are unknown: a newer ceremonyd may have written them"
        case .contradictory(let type, let problem): "a \(type) event contradicts itself: \(problem)"
        case .notCanonical: "the event is not in its one written form"
        }
    }
}

extension EventError {
    /// Does what may find malformed JSON.
    static func wrapping<Result>(
        _ work: () throws(JSONError) -> Result
    ) throws(EventError) -> Result {
        do { return try work() } catch { throw .malformed(error) }
    }
}
