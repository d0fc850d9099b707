// Another roster: somebody comes or goes, gets a key or loses one, has another role, or a subject
// has another holder. The old quorum decides; each new key accepts for itself. W21.

public import CeremonyRecord

/// Sets the people, their keys and roles, and the holders of subjects.
public struct SetRoster: ImmediateKind {
    /// `set-roster`
    public static let name = "set-roster"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Enrolls or removes people and keys; every new key accepts its part with a signature."
    /// The people as they will be.
    public static let parameters = [
        KindParameter("change", "the new members and holders as JSON; ceremonyctl start writes it")
    ]
    /// Two keepers.
    public static let standardEntry = Policy.Entry(threshold: 2, attest: 0)
    /// The house's roster.
    public static let houseSubject: String? = "house-roster"
    /// The response set of those who come and of the keys that are new.
    public static let acceptanceSet = "roster"

    private let change: RosterChange
    private let roster: Roster
    private let onlyRemoves: Bool

    /// Taking people, keys and roles away goes on while the log is halted: whose key is lost may be
    /// why it is.
    public var goesOnDespite: Set<Hindrance> { onlyRemoves ? [.halted] : [] }

    /// The same of a change that the log does not allow, as far as it can be read.
    public static func wouldGoOnHalted(_ parameters: [String: String], in state: State) -> Bool {
        guard let change = try? change(parameters["change"]), let members = change.members else {
            return false
        }
        return isLess(members, change.holders, than: state.roster)
    }

    /// Keepers.
    public static func mayApprove(_ member: Member, class subjectClass: String?) -> Bool {
        member.kind == .keeper
    }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        parameters["change"] = statement.fields["change"]
        return parameters
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal``: `bad-parameter` where the change cannot be read, changes nothing, or
    ///   does not tell people, keys and tokens apart; `key-taken`; `unmeetable`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        let old = state.roster
        change = try SetRoster.change(parameters["change"])
        guard let members = change.members, change.policy == nil else {
            throw Refusal(
                .badParameter, "A change of the roster lists every member, and no policy.",
                next: "Rules change by set-policy.")
        }
        var holders = old.holders
        for changed in change.holders ?? [] {
            try SetRoster.check(changed, among: members, in: state)
            holders[changed.subject] = changed.holder
        }
        roster = Roster(
            epoch: old.epoch + 1, members: members, holders: holders, policy: old.policy)
        guard members != old.members || change.holders != nil else {
            throw Refusal(.badParameter, "The change leaves the roster as it is.")
        }
        do { try roster.check() } catch {
            throw Refusal(.badParameter, error.detail, next: error.next)
        }
        for member in members {
            for held in member.keys { try state.checkOwn(held.key, of: member.name) }
        }
        try roster.checkMeetable()
        onlyRemoves = SetRoster.isLess(members, change.holders, than: old)
    }

    /// The epoch and the people as they will be.
    public var fields: Fields {
        [
            Field(name: "epoch", value: String(roster.epoch)),
            Field(name: "change", value: change.text),
        ]
    }

    /// The keys that it takes away: they may be lost or in other hands.
    public static func barredKeys(by fields: Fields, in roster: Roster) -> Set<Fingerprint> {
        let staying = keys(of: members(by: fields))
        return keys(of: roster.members).subtracting(staying)
    }

    /// Every key that is not on the roster: those of whoever comes, and the new ones of whoever is
    /// there.
    public static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet] {
        let known = keys(of: roster.members)
        let invited = members(by: fields).flatMap { member in
            member.keys.map(\.key.fingerprint).filter { !known.contains($0) }.map {
                Signatory(name: member.name, fingerprint: $0)
            }
        }
        return invited.isEmpty ? [] : [AcceptanceSet(acceptanceSet, invited)]
    }

    /// The new roster.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        [
            .rosterSet(
                RosterSet(
                    ceremony: ceremony.id, epoch: roster.epoch, policy: roster.policy.json,
                    members: roster.members, holders: change.holders))
        ]
    }

    // MARK: The change

    /// Reads a `change` parameter.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`).
    static func change(_ text: String?) throws(Refusal) -> RosterChange {
        guard let text else {
            throw Refusal(
                .badParameter, "change is missing: what is to be set.",
                next: "ceremonyctl start writes it, from --add, --remove, --add-key and the like.")
        }
        do { return try RosterChange(text) } catch {
            throw Refusal(.badParameter, "change cannot be read: \(error).")
        }
    }

    /// A subject that has had a key may get another holder, who is on the new roster.
    private static func check(_ changed: Holder, among members: [Member], in state: State)
        throws(Refusal)
    {
        guard let subject = state.subject(changed.subject), !subject.keys.isEmpty else {
            throw Refusal(
                .badParameter, "\(changed.subject) has had no key, so nobody holds it yet.",
                next: "The holder of a new subject is a parameter of new-keeper-key.")
        }
        guard members.contains(where: { $0.name == changed.holder }) else {
            throw Refusal(
                .badParameter, "The holder \(changed.holder) is not on the new roster.",
                next: "Name somebody who is.")
        }
        guard subject.holder != changed.holder else {
            throw Refusal(
                .badParameter, "\(changed.subject) belongs to \(changed.holder) already.",
                next: "Name only subjects whose holder changes.")
        }
    }

    private static func members(by fields: Fields) -> [Member] {
        fields["change"].flatMap { try? RosterChange($0) }?.members ?? []
    }

    private static func keys(of members: [Member]) -> Set<Fingerprint> {
        Set(members.flatMap { $0.keys.map(\.key.fingerprint) })
    }

    /// Whether nobody and nothing comes with a change.
    private static func isLess(_ members: [Member], _ holders: [Holder]?, than old: Roster) -> Bool
    {
        holders == nil
            && members.allSatisfy { member in
                old.member(named: member.name).map { isLess(member, than: $0) } ?? false
            }
    }

    /// Whether a member has nothing that they did not have before.
    private static func isLess(_ member: Member, than before: Member) -> Bool {
        member.kind == before.kind && member.display == before.display
            && Set(member.roles).isSubset(of: before.roles)
            && Set(member.keys).isSubset(of: before.keys)
    }
}
