// The one error of the client. Whoever throws it says three things, because the person who reads
// it stands in a room with others waiting: what happened, what that means for the ceremony, and
// what to do next.

package import CeremonyRecord

/// A refusal or a failure, as it is told to a person and to a script.
package struct ClientError: Error, Hashable {
    /// The ending that a script sees.
    package let status: ExitStatus
    /// A stable word for this very cause, `[a-z0-9-]+`.
    package let code: String
    /// What happened, as one or more whole sentences.
    package let happened: String
    /// What it means for the ceremony, above all whether anything has changed.
    package let meaning: String
    /// What to do now.
    package let next: String
    /// The requirement that is being kept, where one applies.
    package let requirement: String?

    package init(
        _ status: ExitStatus, _ code: String, _ happened: String, meaning: String, next: String,
        requirement: String? = nil
    ) {
        self.status = status
        self.code = code
        self.happened = happened
        self.meaning = meaning
        self.next = next
        self.requirement = requirement
    }

    /// `{"error":{"code":...,"detail":...,"meaning":...,"next":...,"requirement":...?}}`.
    package var json: JSON {
        var fields: [String: JSON] = [
            "code": .string(code), "detail": .string(happened), "meaning": .string(meaning),
            "next": .string(next),
        ]
        if let requirement { fields["requirement"] = .string(requirement) }
        return .object(["error": .object(fields)])
    }
}

extension ClientError {
    /// The command line makes no sense.
    package static func usage(_ happened: String, next: String) -> ClientError {
        ClientError(
            .usage, "usage", happened, meaning: "Nothing was signed and nothing was sent.",
            next: next)
    }
}
