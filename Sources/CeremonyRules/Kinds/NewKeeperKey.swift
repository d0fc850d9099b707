// The first key of a subject, or the one after a revocation: made under the eyes of witnesses,
// endorsed by nobody but them. FR69.

public import CeremonyRecord
import HashTreeCollections

/// Makes a key for a subject that has no valid one.
public struct NewKeeperKey: CeremonyKind {
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

    private let making: KeyMaking
    private let subject: String
    /// Fixed at the subject's first key.
    public let subjectClass: String?
    /// Fixed at the subject's first key.
    public let holder: String?

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        KeyMaking.parameters(of: statement)
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal`` (`key-exists`) while the subject has a registered, active or retiring
    ///   key; `bad-parameter`, `software-token`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        guard !Kinds.reservedSubjects.contains(subject) else {
            throw Refusal(
                .badParameter, "The subject \(subject) is the house's own, and has no keys.",
                next: "Choose another name for it.")
        }
        let known = state.subjects[subject]
        var revoked: Fingerprint?
        for fingerprint in known?.keys ?? [] {
            guard let entry = state.keys[fingerprint] else { continue }
            switch entry.status(at: state.head.time) {
            case .registered, .active, .retiring:
                throw Refusal(
                    .keyExists,
                    "\(subject) has a key already: \(fingerprint), from \(entry.ceremony).",
                    next: "It is replaced by rotation, not by a second first key.",
                    requirement: "FR69")
            case .revoked: revoked = fingerprint
            case .retired, .lapsed: break
            }
        }
        if let known, !known.keys.isEmpty {
            subjectClass = known.subjectClass
            holder = known.holder
        } else {
            subjectClass = parameters["class"] ?? "keeper"
            holder = parameters["holder"] == "none" ? nil : parameters["holder"]
        }
        guard let subjectClass, NewKeeperKey.classes.contains(subjectClass) else {
            throw Refusal(
                .badParameter, "class is one of: \(NewKeeperKey.classes.joined(separator: ", ")).")
        }
        if let holder, state.roster.member(named: holder) == nil {
            throw Refusal(
                .notOnRoster, "The holder \(holder) is not on the roster.",
                next: "The roster is shown by: ceremonyctl roster.")
        }
        self.subject = subject
        making = try KeyMaking(
            parameters, label: ceremony, oldKey: revoked, oldKeyIsRevoked: revoked != nil,
            overlapDays: 0, in: state)
    }

    private static let classes = ["keeper", "operational", "provara-root", "drill"]

    /// The block from `algorithm` to `overlap-days`.
    public var fields: Fields { making.fields }
    /// The subject and the receiving token.
    public var locks: [Lock] { [.subject(subject), .token(making.token.serial)] }

    /// Survey, intent, generate, prove possession, commit.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        making.next(after: done, of: ceremony)
    }

    /// The intent names token, id and label.
    public func checkIntent(_ intent: JSON?, of ceremony: Ceremony, in state: State) throws(Refusal)
    {
        try making.checkIntent(intent, in: state)
    }

    /// The record is the statement's and the intent's, and the key proves its possession.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        try making.check(outcome, of: ceremony, at: time, in: state)
    }

    /// The key is registered.
    public func apply(
        _ record: KeyRecord?, of ceremony: Ceremony, at moment: KeyEntry.Moment,
        to state: inout State
    ) {
        guard let record else { return }
        making.apply(record, of: ceremony, at: moment, to: &state)
    }
}
