// The commit of a membership. What comes into force follows from the statement and the acceptances;
// before it does, every member who can be reached shows that the new key is still there and signs
// the epoch record with it. One that is gone stops the commit (reference a.7).

public import CeremonyRecord
import HashTreeCollections

extension Membership {
    /// Announce the epoch, ask the new keys, commit.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        guard let record = record(of: ceremony) else {
            return .fail(
                reason: "outcome-refused", detail: "the membership cannot be worked out")
        }
        guard ceremony.execution != nil else { return .intent(intent(record)) }
        let questions = challenges(record, of: ceremony)
        guard let answers = done.challenged else {
            guard !questions.isEmpty, terms.patience > 0 else {
                return .commit(MembershipOutcome(record, [:], of: brought(to: ceremony)).json)
            }
            return .step(.challenge(questions, patience: terms.patience))
        }
        return .commit(MembershipOutcome(record, answers, of: brought(to: ceremony)).json)
    }

    /// The announcement is the epoch record's digest.
    public func checkIntent(
        _ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) {
        guard let record = record(of: ceremony), intent == self.intent(record) else {
            throw Refusal(
                .outcomeDiffers, "The announced epoch is not what was agreed.",
                requirement: "I14")
        }
    }

    /// Every new key signs the epoch record in its member's own client.
    public func questions(_ made: Question.Made?, of ceremony: Ceremony) -> [Question] {
        record(of: ceremony).map { challenges($0, of: ceremony) } ?? []
    }

    /// The epoch record is what the statement and the acceptances come to; every new key has signed
    /// it, or is named as not reached.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        guard let record = record(of: ceremony) else {
            throw MembershipOutcome.differs("the membership cannot be worked out")
        }
        let made: MembershipOutcome
        do { made = try MembershipOutcome(outcome) } catch {
            throw MembershipOutcome.differs("\(error)")
        }
        try made.check(record, of: brought(to: ceremony))
        return nil
    }

    /// The epoch comes into force, and those whom people vouched for are known from now on.
    public func apply(_ ceremony: Ceremony, to state: inout State, at moment: KeyEntry.Moment) {
        guard let record = record(of: ceremony) else { return }
        let members = members(of: ceremony)
        let epoch = Authority.Epoch(
            number: terms.epoch, ceremony: ceremony.id, begun: moment, approve: terms.approve,
            sign: terms.sign, members: members,
            unreached: ceremony.outcome.flatMap { try? MembershipOutcome($0) }?.unreachable ?? [],
            record: record)
        if state.authorities[subject] == nil {
            state.authorities[subject] = Authority(
                name: subject, role: terms.role, epochs: [epoch])
        } else {
            state.authorities[subject]?.epochs.append(epoch)
        }
        for member in members where state.owner(of: member.identity) == nil {
            state.identities[member.identity] = member.owner
        }
    }

    // MARK: What follows from the statement and the acceptances

    /// A key that somebody brought, and who.
    struct Brought: Hashable {
        let invitation: Invitation
        let key: AcceptanceSet.NewKey
    }

    /// Who has accepted, with the key that they brought; by name.
    func brought(to ceremony: Ceremony) -> [Brought] {
        let answers = ceremony.acceptances.first { $0.name == Membership.memberSet }?.answers ?? [:]
        return terms.invitations.compactMap { invited in
            guard let answer = answers[invited.identity], answer.isYes, let key = answer.newKey
            else { return nil }
            return Brought(invitation: invited, key: key)
        }
    }

    /// Those who stay and those who have accepted, by name.
    private func members(of ceremony: Ceremony) -> [Authority.Member] {
        let new = brought(to: ceremony).map { brought in
            Authority.Member(
                name: brought.invitation.name, owner: brought.invitation.owner,
                identity: brought.invitation.identity, key: brought.key.key,
                token: brought.key.token, keyID: brought.key.keyID)
        }
        return (terms.staying + new).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The epoch as it will be; `nil` where too few have accepted.
    func record(of ceremony: Ceremony) -> EpochRecord? {
        let members = members(of: ceremony)
        guard members.count >= max(terms.sign, 1) else { return nil }
        return EpochRecord(
            log: ceremony.statement.log, mode: ceremony.statement.mode, ceremony: ceremony.id,
            statement: ceremony.digest, authority: subject, role: terms.role.rawValue,
            epoch: terms.epoch, approve: terms.approve, sign: terms.sign,
            members: members.map { EpochMember(name: $0.name, key: $0.key) })
    }

    private func intent(_ record: EpochRecord) -> JSON {
        .object(["epoch": .number(record.epoch), "record": .string("\(record.digest)")])
    }

    private func challenges(_ record: EpochRecord, of ceremony: Ceremony) -> [Question] {
        brought(to: ceremony).map { brought in
            Question(
                person: brought.invitation.name, key: brought.key.key, made: nil,
                messages: [
                    Question.Message(
                        title: "epoch \(record.epoch) of \(subject)", record, for: .member)
                ])
        }
    }
}
