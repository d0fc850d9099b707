// Other rules for the same people. The policy lives in the log and changes by this ceremony alone;
// the rules in force decide about those to come.

public import CeremonyRecord

/// Sets the policy.
public struct SetPolicy: ImmediateKind {
    /// `set-policy`
    public static let name = "set-policy"
    /// For `ceremonyctl kinds`.
    public static let summary = "Changes the rules: thresholds, spans of time, tokens allowed."
    /// The rules as they will be.
    public static let parameters = [
        KindParameter("change", "the new policy as JSON; ceremonyctl start writes it")
    ]
    /// Three witnesses.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 0)
    /// The house's policy.
    public static let houseSubject: String? = "house-policy"

    private let roster: Roster

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        parameters["change"] = statement.fields["change"]
        return parameters
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal``: `bad-parameter` where the change cannot be read or changes nothing;
    ///   `bad-policy`, `unknown-kind`, `below-floor`; `unmeetable`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        let change = try SetRoster.change(parameters["change"])
        guard let json = change.policy, change.members == nil, change.holders == nil else {
            throw Refusal(
                .badParameter, "A change of the policy gives a policy, and no people.",
                next: "People change by set-roster.")
        }
        let policy = try Policy(json)
        try policy.checkFloors(mode: state.log.mode)
        guard policy != state.roster.policy else {
            throw Refusal(.badParameter, "The change leaves the policy as it is.")
        }
        roster = Roster(
            epoch: state.roster.epoch + 1, members: state.roster.members,
            holders: state.roster.holders, policy: policy)
        try roster.checkMeetable()
    }

    /// The epoch and the rules as they will be.
    public var fields: Fields {
        [
            Field(name: "epoch", value: String(roster.epoch)),
            Field(name: "change", value: RosterChange(policy: roster.policy.json).text),
        ]
    }

    /// The same people under the new rules.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        [
            .rosterSet(
                RosterSet(
                    ceremony: ceremony.id, epoch: roster.epoch, policy: roster.policy.json,
                    members: roster.members, holders: nil))
        ]
    }
}
