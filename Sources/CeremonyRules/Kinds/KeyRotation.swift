// The key after this one, while this one still stands: the old key signs for its successor, and
// both are valid for a while. ADR-4; a drill is this on a subject of the class drill.

public import CeremonyRecord
import HashTreeCollections

/// Replaces the active key of a subject by a new one, with an overlap.
public struct KeyRotation: KeyMakingKind {
    /// `key-rotation`
    public static let name = "key-rotation"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Makes the next key of a subject; the old key endorses it and stays valid for a while."
    /// The receiving token; class and holder are the subject's own.
    public static let parameters = [
        KindParameter("token", "the receiving token; --into chooses it"),
        KindParameter("key-id", "CKA_ID in hex, for tokens with fixed slots", standard: "random"),
        KindParameter("old-key", "the key to be replaced: the active one", isFromLog: true),
    ]
    /// Three witnesses, who also attest the key.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 3)

    /// Whose key it will be.
    public let subject: String
    /// The making of the key.
    public let making: KeyMaking
    /// Fixed at the subject's first key.
    public let subjectClass: String?
    /// Fixed at the subject's first key.
    public let holder: String?

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        var parameters = KeyMaking.parameters(of: statement)
        parameters["class"] = nil
        parameters["holder"] = nil
        parameters["old-key"] = statement.fields["old-key"]
        return parameters
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal`` (`wrong-key`) where the subject has no active key, or the key named is
    ///   not that one; `busy` while another key of the subject is registered or retiring;
    ///   `bad-parameter`, `software-token`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        let known = state.subject(subject)
        var active: KeyEntry?
        for fingerprint in known?.keys ?? [] {
            guard let entry = state.keys[fingerprint] else { continue }
            switch entry.status(at: state.head.time) {
            case .active: active = entry
            case .registered, .retiring:
                throw KeyRotation.notOver(entry, of: subject, in: state)
            case .retired, .revoked, .lapsed: break
            }
        }
        if let named = parameters["old-key"] {
            try KeyRotation.check(named, is: active, of: subject, in: state)
        }
        guard let active else {
            throw Refusal(
                .wrongKey, "\(subject) has no active key that could be rotated.",
                next: "Its keys: ceremonyctl keys \(subject). A first key, or one after a "
                    + "revocation, is made by new-keeper-key.")
        }
        guard active.place != nil else {
            throw Refusal(
                .wrongKey, "Where the old key \(active.publicKey.fingerprint) is cannot be told.",
                next: "Revoke it, and make its successor by new-keeper-key.")
        }
        self.subject = subject
        subjectClass = known?.subjectClass
        holder = known?.holder
        making = try KeyMaking(
            parameters, label: ceremony, oldKey: active,
            overlapDays: state.roster.policy.overlapDays, in: state)
    }

    /// One rotation after the other: says until when the one before lasts.
    private static func notOver(_ entry: KeyEntry, of subject: String, in state: State) -> Refusal {
        let status = entry.status(at: state.head.time)
        let end =
            status == .retiring
            ? entry.until : state.ceremony(named: entry.ceremony)?.attestDeadline
        let next =
            status == .retiring
            ? "Rotate again when that one is retired"
            : "Rotate again when that one is attested, and the overlap after it is over; it lapses "
                + "if it is not attested"
        let by = end.map { status == .retiring ? ", at \($0)" : " by \($0)" } ?? ""
        return Refusal(
            .keyExists,
            "A rotation of \(subject) is not over: \(entry.publicKey.fingerprint) is "
                + "\(status.rawValue).",
            next: next + by + ". A key that must end sooner is revoked: ceremonyctl start "
                + "\(KeyRevocation.name) \(subject).")
    }

    /// Says of a key that cannot be rotated what it is.
    private static func check(
        _ named: String, is active: KeyEntry?, of subject: String, in state: State
    ) throws(Refusal) {
        guard let fingerprint = Fingerprint(named) else {
            throw Refusal(
                .badParameter, "old-key is a fingerprint, SHA256: and 43 base64 digits.",
                next: "Its keys: ceremonyctl keys \(subject).")
        }
        guard fingerprint != active?.publicKey.fingerprint else { return }
        let what =
            state.keys[fingerprint].map { entry in
                entry.subject == subject
                    ? "\(entry.status(at: state.head.time).rawValue)"
                    : "a key of \(entry.subject)"
            } ?? "no key of this log"
        throw Refusal(
            .wrongKey, "\(fingerprint) cannot be rotated for \(subject): it is \(what).",
            next: "Only the active key of the subject is rotated: ceremonyctl keys \(subject) "
                + "--current.")
    }
}
