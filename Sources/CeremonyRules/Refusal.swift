// A no with its reasons. The rules throw nothing else, so that the daemon, the client and the
// offline verifier all say the same thing about the same fact.

/// A refusal: what happened, and what to do now.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The stable word.
    public let code: RefusalCode
    /// What happened, with the facts: one or two sentences.
    public let detail: String
    /// The next step for the person, where there is one.
    public let next: String?
    /// The requirement that this enforces (`FR69`, `CM-5`, `CT-12`, `VAL-2`, `FP-4`, `CT-11`).
    public let requirement: String?

    /// A refusal with its facts.
    public init(
        _ code: RefusalCode, _ detail: String, next: String? = nil, requirement: String? = nil
    ) {
        self.code = code
        self.detail = detail
        self.next = next
        self.requirement = requirement
    }

    /// The code, the detail and the next step on one line.
    public var description: String {
        "\(code.rawValue): \(detail)" + (next.map { " \($0)" } ?? "")
    }
}
