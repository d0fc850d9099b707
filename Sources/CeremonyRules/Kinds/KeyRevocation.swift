// The end of all trust in a key that is lost or known to others: at once, without overlap, without
// a lock to wait for. What it signed up to the boundary keeps its standing. FR92, W38.

public import CeremonyRecord
import HashTreeCollections

/// Revokes one key, for ever.
public struct KeyRevocation: ImmediateKind {
    /// `key-revocation`
    public static let name = "key-revocation"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Revokes a key that is lost or compromised, at once and for ever."
    /// The key, why, and up to where what it signed is still trusted.
    public static let parameters = [
        KindParameter("key", "the fingerprint of the key, SHA256:..."),
        KindParameter("cause", "compromise or loss"),
        KindParameter(
            "boundary", "the last position in the log that is still trusted", standard: "none"),
        KindParameter(
            "boundary-time", "the last time that is still trusted, up to now", standard: "none"),
    ]
    /// Two keepers.
    public static let standardEntry = Policy.Entry(threshold: 2, attest: 0)

    /// The subject's.
    public let subjectClass: String?
    /// The subject's.
    public let holder: String?
    private let key: Fingerprint
    private let subject: String
    private let cause: String
    private let boundary: Int?
    private let boundaryTime: Timestamp?

    /// Nothing may keep a lost key trusted.
    public static func wouldGoOnHalted(_ parameters: [String: String], in state: State) -> Bool {
        true
    }

    /// It waits neither for a halt to be cleared nor for the clock.
    public var goesOnDespite: Set<Hindrance> { [.halted, .clock] }

    /// Keepers.
    public static func mayApprove(_ member: Member, class subjectClass: String?) -> Bool {
        member.kind == .keeper
    }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        for name in ["key", "cause", "boundary", "boundary-time"] {
            parameters[name] = statement.fields[name]
        }
        return parameters
    }

    /// A key may have been safe long after the last event. That it is safe at a time that has not
    /// come, nobody knows.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) for a boundary behind the date of the draft.
    public static func completed(
        _ parameters: [String: String], drafted: Timestamp, in state: State
    ) throws(Refusal) -> [String: String] {
        if let time = try boundaryTime(parameters["boundary-time"]), time > drafted {
            throw Refusal(
                .badParameter,
                "boundary-time is \(time), and the statement is drafted at \(drafted): nobody can "
                    + "trust a key beyond that.",
                next: "Give the last moment at which the key was surely safe.")
        }
        return parameters
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal`` (`wrong-key`) for a key that is not the subject's, or is revoked or
    ///   lapsed; `bad-parameter`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        guard let key = parameters["key"].flatMap({ Fingerprint($0) }) else {
            throw Refusal(
                .badParameter, "key is the fingerprint of the key to be revoked.",
                next: "The keys of the subject: ceremonyctl keys \(subject).")
        }
        guard let entry = state.keys[key], entry.subject == subject else {
            throw Refusal(
                .wrongKey, "\(key) is not a key of \(subject).",
                next: "The keys of the subject: ceremonyctl keys \(subject).")
        }
        guard entry.revocation == nil, entry.lapsed == nil else {
            throw Refusal(
                .wrongKey,
                "\(key) is \(entry.status(at: state.head.time).rawValue) already, for ever.",
                next: "Nothing more is to be done about it.")
        }
        guard let cause = parameters["cause"], ["compromise", "loss"].contains(cause) else {
            throw Refusal(
                .badParameter, "cause is compromise or loss.",
                next: "Say which: --set cause=compromise.")
        }
        self.key = key
        self.subject = subject
        self.cause = cause
        subjectClass = entry.subjectClass
        holder = state.subject(subject)?.holder
        boundary = try KeyRevocation.boundary(parameters["boundary"], in: state)
        boundaryTime = try KeyRevocation.boundaryTime(parameters["boundary-time"])
    }

    private static func boundary(_ text: String?, in state: State) throws(Refusal) -> Int? {
        guard let text, text != "none" else { return nil }
        guard let seq = Decimal.decode(text.utf8), seq < state.head.size else {
            throw Refusal(
                .badParameter, "boundary is a position in the log, 0 to \(state.head.size - 1).",
                next: "Positions are shown by: ceremonyctl log.")
        }
        return seq
    }

    private static func boundaryTime(_ text: String?) throws(Refusal) -> Timestamp? {
        guard let text, text != "none" else { return nil }
        guard let time = Timestamp(text) else {
            throw Refusal(
                .badParameter, "boundary-time is a UTC time like 2026-01-15T10:00:00Z.",
                next: "Give the last moment at which the key was surely safe.")
        }
        return time
    }

    /// The key, the cause and the boundary.
    public var fields: Fields {
        [
            Field(name: "key", value: "\(key)"),
            Field(name: "cause", value: cause),
            Field(name: "boundary", value: boundary.map { String($0) } ?? "none"),
            Field(name: "boundary-time", value: boundaryTime.map { "\($0)" } ?? "none"),
        ]
    }

    /// The revocation itself.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        [
            .keyRevoked(
                KeyRevoked(
                    ceremony: ceremony.id, fingerprint: key, subject: subject, reason: cause,
                    boundary: boundary, boundaryTime: boundaryTime))
        ]
    }
}
