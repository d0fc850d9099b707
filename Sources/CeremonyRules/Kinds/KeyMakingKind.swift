// What the kinds that make a key say alike, so that their files hold only what tells them apart.

public import CeremonyRecord

/// A kind that makes one key for its subject.
public protocol KeyMakingKind: CeremonyKind {
    /// Whose key it will be.
    var subject: String { get }
    /// The making of the key.
    var making: KeyMaking { get }
}

extension KeyMakingKind {
    /// A key is made.
    public static var hasSteps: Bool { true }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        KeyMaking.parameters(of: statement)
    }

    /// The block from `algorithm` to `overlap-days`.
    public var fields: Fields { making.fields }
    /// The subject and the receiving token.
    public var locks: [Lock] { [.subject(subject), .token(making.token.serial)] }

    /// Survey, probe, intent, generate, prove possession, endorse, commit.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        making.next(after: done, of: ceremony)
    }

    /// The intent names token, id and label.
    public func checkIntent(
        _ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) {
        try making.checkIntent(intent, in: state)
    }

    /// The record is the statement's and the intent's, and the keys have signed it.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        try making.check(outcome, of: ceremony, at: time, in: state)
    }
}
