// The first key of a subject, or the one after a revocation: made under the eyes of witnesses,
// endorsed by nobody but them. FR69.

import CeremonyRecord
import HashTreeCollections

/// Makes a key for a subject that has no valid one.
public struct NewKeeperKey: KeyMakingKind {
    /// `new-keeper-key`
    public static let name = "new-keeper-key"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Makes the first Ed25519 key of a subject in a token, or the one after a revocation."
    /// The token, and once and for all the subject's class and holder.
    public static let parameters = [
        KindParameter("token", "the receiving token; --into chooses it"),
        KindParameter("key-id", "CKA_ID in hex, for tokens with fixed slots", standard: "random"),
        KindParameter("class", "keeper, operational, provara-root or drill", standard: "keeper"),
        KindParameter("holder", "the person whom the subject belongs to", standard: "none"),
    ]

    /// Three witnesses, who also attest the key.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 3)

    /// The making of the key.
    public let making: KeyMaking
    /// Whose key it will be.
    public let subject: String
    /// Fixed at the subject's first key.
    public let subjectClass: String?
    /// Fixed at the subject's first key.
    public let holder: String?

    /// Makes the operation.
    ///
    /// A key that is retiring stands in the way as well, unless its successor is revoked: then the
    /// subject has no key to sign with, and must not wait for the end of the overlap.
    ///
    /// - Throws: ``Refusal`` (`key-exists`) while the subject has a key; `bad-parameter`,
    ///   `software-token`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        let known = state.subjects[subject]
        var (revoked, standing): (KeyEntry?, KeyEntry?) = (nil, nil)
        for fingerprint in known?.keys ?? [] {
            guard let entry = state.keys[fingerprint] else { continue }
            switch entry.status(at: state.head.time) {
            case .registered, .active, .retiring: standing = entry
            case .revoked:
                revoked = entry
                if standing?.status(at: state.head.time) == .retiring { standing = nil }
            case .retired, .lapsed: break
            }
        }
        if let standing {
            throw Refusal(
                .keyExists,
                "\(subject) has a key already: \(standing.publicKey.fingerprint), from "
                    + "\(standing.ceremony).",
                next: "It is replaced by key-rotation, not by a second first key.",
                requirement: "FR69")
        }
        if let known, !known.keys.isEmpty {
            subjectClass = known.subjectClass
            holder = known.holder
        } else {
            subjectClass = parameters["class"] ?? "keeper"
            holder = parameters["holder"] == "none" ? nil : parameters["holder"]
            // Later the subject may need a key because its holder has left.
            if let holder, state.roster.member(named: holder) == nil {
                throw Refusal(
                    .notOnRoster, "The holder \(holder) is not on the roster.",
                    next: "The roster is shown by: ceremonyctl roster.")
            }
        }
        guard let subjectClass, NewKeeperKey.classes.contains(subjectClass) else {
            throw Refusal(
                .badParameter, "class is one of: \(NewKeeperKey.classes.joined(separator: ", ")).",
                next: "Say which: --set class=keeper.")
        }
        self.subject = subject
        making = try KeyMaking(
            parameters, label: ceremony, oldKey: revoked, overlapDays: 0, in: state)
    }

    private static let classes = ["keeper", "operational", "provara-root", "drill"]
}
