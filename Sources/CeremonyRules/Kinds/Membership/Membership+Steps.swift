// The commit of a membership. What comes into force follows from the statement and the acceptances;
// before it does, every member who can be reached shows that the new key is still there and signs
// the epoch record with it. One that is gone stops the commit (reference a.7).

public import CeremonyRecord
import HashTreeCollections

extension Membership {
    /// Announce the epoch, ask the new keys, commit; where a token is guarded, split its new PIN
    /// first and have every member sign for a share.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        guard let record = record(of: ceremony) else {
            return .fail(
                reason: "outcome-refused", detail: "the membership cannot be worked out")
        }
        guard ceremony.execution != nil else {
            guard let guarded = terms.guarded, done.split == nil else {
                return .intent(intent(record, done.split))
            }
            return .step(
                .split(
                    token: guarded.token, threshold: record.sign, among: record.members.count))
        }
        let questions = challenges(record, of: ceremony)
        guard let answers = done.challenged else {
            guard !questions.isEmpty, terms.patience > 0 else {
                return .commit(MembershipOutcome(record, [:], of: brought(to: ceremony), []).json)
            }
            return .step(.challenge(questions, patience: terms.patience))
        }
        let receipts = receipts(record, of: ceremony)
        let absent = questions.first { answers[$0.key.fingerprint] == nil }
        if !receipts.isEmpty, let absent {
            return .fail(
                reason: "interrupted",
                detail: "\(absent.person) has put no share into their token in time")
        }
        let outcome = MembershipOutcome(record, answers, of: brought(to: ceremony), receipts)
        guard outcome.reached(in: record) >= record.sign else {
            return .fail(
                reason: "gate-failed", detail: outcome.tooFew(in: record, after: terms.patience))
        }
        return .commit(outcome.json)
    }

    /// The announcement is the epoch record's digest.
    public func checkIntent(
        _ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) {
        let announced = Membership.split(in: intent)
        guard let record = record(of: ceremony), intent == self.intent(record, announced),
            (announced != nil) == (terms.guarded != nil),
            announced.map({ $0.isWhole(for: record.members.count) }) ?? true
        else {
            throw Refusal(
                .outcomeDiffers, "The announced epoch is not what was agreed.",
                next:
                    "Nothing was done. Where somebody accepted at that very moment, order it again: "
                    + "ceremonyctl execute \(ceremony.id).", requirement: "I14")
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
        try made.check(record, of: brought(to: ceremony), receipts(record, of: ceremony))
        return nil
    }

    /// The epoch comes into force, and those whom people vouched for are known as long as it is.
    public func apply(_ ceremony: Ceremony, to state: inout State, at moment: KeyEntry.Moment) {
        guard let record = record(of: ceremony) else { return }
        let members = members(of: ceremony)
        let epoch = Authority.Epoch(
            number: terms.epoch, ceremony: ceremony.id, begun: moment, approve: terms.approve,
            sign: terms.sign, members: members,
            unreached: ceremony.outcome.flatMap { try? MembershipOutcome($0) }?.unreachable ?? [],
            record: record, split: split(record, digests(of: ceremony)))
        if state.authorities[subject] == nil {
            state.authorities[subject] = Authority(
                name: subject, role: terms.role, epochs: [epoch])
        } else {
            state.authorities[subject]?.epochs.append(epoch)
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

    private func intent(_ record: EpochRecord, _ split: SplitDigests?) -> JSON {
        var intent: [String: JSON] = [
            "epoch": .number(record.epoch), "record": .string("\(record.digest)"),
        ]
        intent["split"] = split?.json
        return .object(intent)
    }

    /// The split that an intent announces.
    static func split(in intent: JSON?) -> SplitDigests? {
        guard case .object(let fields)? = intent else { return nil }
        return fields["split"].flatMap { try? SplitDigests($0) }
    }

    /// Every new key signs the epoch; where a token is guarded, every member signs for a share.
    private func challenges(_ record: EpochRecord, of ceremony: Ceremony) -> [Question] {
        let receipts = receipts(record, of: ceremony)
        let new = Set(brought(to: ceremony).map(\.key.key.fingerprint))
        return record.members.enumerated().compactMap { place, member in
            var messages: [Question.Message] = []
            if new.contains(member.key.fingerprint) {
                messages.append(
                    Question.Message(
                        title: "epoch \(record.epoch) of \(subject)", record, for: .member))
            }
            let receipt = place < receipts.count ? receipts[place] : nil
            if let receipt {
                messages.append(
                    Question.Message(
                        title: "share \(receipt.number) of \(subject)", receipt, for: .share))
            }
            guard !messages.isEmpty else { return nil }
            return Question(
                person: member.name, key: member.key, made: nil, share: receipt,
                messages: messages)
        }
    }
}
