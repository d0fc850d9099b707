// Another key for the log's heads: both sign for a while, so that whoever knows only the old one
// can follow to the new one. DESIGN section 3, The log key.

public import CeremonyRecord
import HashTreeCollections

/// Replaces the log key.
public struct LogKeyChange: ImmediateKind {
    /// `log-key-change`
    public static let name = "log-key-change"
    /// For `ceremonyctl kinds`.
    public static let summary = "Replaces the log key; the old and the new one sign for a while."
    /// The new key, and how long both sign.
    public static let parameters = [
        KindParameter("new-log-key", "the new key as `ceremonyd log-key` prints it"),
        KindParameter(
            "both-until", "the time from which on the new one signs alone", isFromLog: true),
    ]
    /// Three witnesses.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 0)
    /// The house's log.
    public static let houseSubject: String? = "house-log"

    private let old: NoteKey
    private let new: NoteKey
    private let bothUntil: Timestamp

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        parameters["new-log-key"] = statement.fields["new-log-key"]
        parameters["both-until"] = statement.fields["both-until"]
        return parameters
    }

    /// Both keys sign for the days of an overlap, counted from the draft, unless it is said
    /// otherwise. The log's last event may be long ago.
    public static func completed(
        _ parameters: [String: String], drafted: Timestamp, in state: State
    ) -> [String: String] {
        let until = drafted + state.roster.policy.overlapDays * Limits.day
        return parameters.merging(["both-until": "\(until)"]) { given, _ in given }
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`, `key-taken`).
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        guard let old = state.logKeys.newest else {
            throw Refusal(.illegalEvent, "The log has no key that can be read.")
        }
        guard let new = parameters["new-log-key"].flatMap({ NoteKey(vkey: $0) }),
            new.kind == .ed25519, new.name.utf8.elementsEqual(state.log.origin.utf8)
        else {
            throw Refusal(
                .badParameter, "new-log-key is a verifier key of \(state.log.origin).",
                next: "Make it in its token: ceremonyd log-key.")
        }
        if let role = state.taken[new.publicKey] {
            throw Refusal(
                .keyTaken, "The new log key stands in this log already, as \(role).",
                next: "Make another one: ceremonyd log-key.")
        }
        // Somebody who knows only the old key follows by a head that both have signed.
        guard let until = parameters["both-until"].flatMap({ Timestamp($0) }),
            until > state.head.time,
            until - state.head.time <= LogKeyChange.longest
        else {
            throw Refusal(
                .badParameter,
                "both-until is a UTC time like 2026-01-15T10:00:00Z, within a year from now.",
                next: "Leave it out for \(state.roster.policy.overlapDays) days.")
        }
        self.old = old
        self.new = new
        bothUntil = until
    }

    private static let longest = 366 * Limits.day

    /// Both keys, and until when both sign.
    public var fields: Fields {
        [
            Field(name: "old-log-key", value: old.vkey),
            Field(name: "new-log-key", value: new.vkey),
            Field(name: "both-until", value: "\(bothUntil)"),
        ]
    }

    /// The key that is replaced.
    public func dependencies(in state: State) -> [String: JSON] {
        ["log_key": .string(old.vkey)]
    }

    /// The change itself.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        [
            .logRekeyed(
                LogRekeyed(ceremony: ceremony.id, vkey: new.vkey, bothUntil: bothUntil))
        ]
    }
}
