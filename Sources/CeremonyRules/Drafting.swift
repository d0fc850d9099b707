// The statement, derived from the log. The daemon derives it once to draft and again when it is
// opened; the verifier derives it a third time, years later. Only time, reason and nonce, the
// prefix seen and the kind's parameters are the drafter's own.

public import CeremonyRecord
import HashTreeCollections

/// What a drafter chooses; everything else follows from the log.
public struct Draft: Sendable {
    /// The kind's name.
    public var kind: String
    /// What it is done to.
    public var subject: String
    /// The kind's parameters.
    public var parameters: [String: String]
    /// The ceremony to be replaced.
    public var supersedes: String?
    /// Who starts it, with the key that will sign.
    public var initiator: Signatory
    /// Why.
    public var reason: String
    /// When.
    public var drafted: Timestamp
    /// 32 hex digits, never used before.
    public var nonce: String

    /// A choice.
    public init(
        kind: String, subject: String, parameters: [String: String], supersedes: String? = nil,
        initiator: Signatory, reason: String, drafted: Timestamp, nonce: String
    ) {
        self.kind = kind
        self.subject = subject
        self.parameters = parameters
        self.supersedes = supersedes
        self.initiator = initiator
        self.reason = reason
        self.drafted = drafted
        self.nonce = nonce
    }
}

extension State {
    /// Derives the statement of a ceremony that could be opened now.
    ///
    /// Nothing is stored. What would refuse the opening refuses the drafting already, so that
    /// nobody signs in vain.
    ///
    /// - Throws: ``Refusal``: everything that an opening can be refused for.
    public func statement(for draft: Draft) throws(Refusal) -> Statement {
        let statement = try statement(for: draft, treeSize: head.size, treeRoot: head.root)
        do { return try statement.checked() } catch {
            throw Refusal(
                .badParameter, "This cannot be written as a statement: \(error).",
                next: "Change what was given for that line.")
        }
    }

    /// Refuses a drafter who could start nothing: what can be told before anything outside the log
    /// is looked at.
    ///
    /// - Throws: ``Refusal``.
    public func checkDrafter(of draft: Draft) throws(Refusal) {
        _ = try drafter(of: draft)
        _ = try ceremonyID(for: draft.subject)
    }

    private func drafter(of draft: Draft) throws(Refusal) -> Member {
        let initiator = try roster.require(draft.initiator).member
        guard initiator.mayStart else {
            throw Refusal(
                .wrongRole, "\(initiator.name) may not start a ceremony.",
                next: "Operators and keepers may.", requirement: "FR70")
        }
        return initiator
    }

    /// The same at opening, with the prefix that the drafter saw.
    func statement(for draft: Draft, treeSize: Int, treeRoot: Digest) throws(Refusal) -> Statement {
        try checkHalt(draft)
        let initiator = try drafter(of: draft)
        let id = try ceremonyID(for: draft.subject)
        let (kind, operation) = try operation(draft, id: id)
        guard let entry = roster.policy.entry(kind: kind.name, class: operation.subjectClass) else {
            throw Refusal(
                .unknownKind, "The policy of this log has no entry for \(kind.name).",
                next: "The policy is shown by: ceremonyctl policy.")
        }
        guard entry.attest <= kind.mostAttestations else {
            throw Refusal(
                .badPolicy,
                "The policy asks for \(entry.attest) attestations here, and the outcome of "
                    + "\(kind.name) is in effect before anybody could attest it.",
                next: "Have the policy set attest to 0 for it: ceremonyctl start set-policy.")
        }
        try operation.checkInitiator(initiator.name)
        try checkSupersede(draft, operation.locks)
        try checkFree(operation.locks, besides: draft.supersedes)
        let eligible = roster.members.filter {
            kind.mayApprove($0, class: operation.subjectClass)
        }
        let barred = operation.excluded(in: self)
        let barredKeys = kind.barredKeys(by: operation.fields, in: roster)
        let excluded = eligible.filter { member in
            (member.name == initiator.name && !roster.policy.initiatorCounts)
                || member.name == operation.holder || barred.contains(member.name)
                || member.keys.allSatisfy { barredKeys.contains($0.key.fingerprint) }
        }.map(\.name)
        let witnesses = eligible.filter { !excluded.contains($0.name) }
        try checkEnough(witnesses, entry, kind: kind.name)
        return Statement(
            log: log.origin, mode: log.mode, ceremony: id, supersedes: draft.supersedes,
            kind: kind.name, subject: draft.subject, holder: operation.holder,
            subjectClass: operation.subjectClass, fields: operation.fields, reason: draft.reason,
            initiator: draft.initiator, drafted: draft.drafted,
            expires: draft.drafted + entry.lifetime, treeSize: treeSize, treeRoot: treeRoot,
            prestate: prestate(of: operation, kind: kind.name, subject: draft.subject),
            policy: roster.policy.digest, threshold: entry.threshold, people: entry.people,
            attestThreshold: entry.attest, attestBy: roster.policy.attestDays,
            excluded: excluded.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
            witnesses: witnesses.flatMap { member in
                member.keys.map(\.key.fingerprint).filter { !barredKeys.contains($0) }.map {
                    Witness(name: member.name, kind: member.kind, fingerprint: $0)
                }
            },
            accepts: kind.acceptances(by: operation.fields, in: roster).flatMap(\.lines),
            nonce: draft.nonce)
    }

    /// What the operation depends on, as one digest (FORMATS section 4).
    func prestate(of operation: any CeremonyKind, kind: String, subject: String) -> Digest {
        var list: [JSON] = []
        for fingerprint in subjects[subject]?.keys ?? [] {
            guard let entry = keys[fingerprint], entry.lapsed == nil else { continue }
            var fields: [String: JSON] = [
                "fingerprint": .string("\(fingerprint)"),
                "from": .string("\((entry.activated ?? entry.registered).time)"),
            ]
            if let until = entry.until { fields["until"] = .string("\(until)") }
            if let revoked = entry.revoked { fields["revoked"] = .string("\(revoked.time)") }
            list.append(.object(fields))
        }
        let object = JSON.object([
            "domain": .string("ceremonyd prestate v1"), "kind": .string(kind),
            "subject": .string(subject), "keys": .array(list),
            "roster_epoch": .number(roster.epoch), "policy": .string("\(roster.policy.digest)"),
            "depends": .object(operation.dependencies(in: self)),
        ])
        return Digest(of: object.canonicalBytes)
    }

    /// The kind and the operation that a ceremony's statement describes, in the log as it stands.
    ///
    /// - Throws: ``Refusal`` where the log does not allow the operation any more.
    public func operation(of statement: Statement) throws(Refusal) -> any CeremonyKind {
        let kind = try Kinds.named(statement.kind)
        try Kinds.check(statement.subject, for: kind, in: self)
        return try kind.init(
            kind.parameters(of: statement), subject: statement.subject,
            ceremony: statement.ceremony, in: self)
    }

    /// Halt first, everywhere (CT-11); what goes on all the same says its kind.
    private func checkHalt(_ draft: Draft) throws(Refusal) {
        guard isHalted else { return }
        let id = (try? ceremonyID(for: draft.subject)) ?? ""
        do throws(Refusal) {
            let (_, operation) = try operation(draft, id: id)
            guard operation.goesOnDespite.contains(.halted) else { throw haltedRefusal }
        } catch {
            // Why a ceremony that would go on cannot be drafted is worth more than that others
            // could not.
            let kind = try? Kinds.named(draft.kind)
            let goesOn = kind?.wouldGoOnHalted(draft.parameters, in: self) ?? false
            throw goesOn ? error : haltedRefusal
        }
    }

    private func operation(_ draft: Draft, id: String) throws(Refusal) -> (
        any CeremonyKind.Type, any CeremonyKind
    ) {
        let kind = try Kinds.named(draft.kind)
        let known = Set(kind.parameters.map(\.name))
        if let stranger = draft.parameters.keys.sorted().first(where: { !known.contains($0) }) {
            throw Refusal(
                .badParameter, "\(kind.name) has no parameter \(stranger).",
                next: "Its parameters are shown by: ceremonyctl kinds \(kind.name).")
        }
        try Kinds.check(draft.subject, for: kind, in: self)
        let parameters = try kind.completed(draft.parameters, drafted: draft.drafted, in: self)
        return (
            kind, try kind.init(parameters, subject: draft.subject, ceremony: id, in: self)
        )
    }

    private func ceremonyID(for subject: String) throws(Refusal) -> String {
        let id = "\(subject)-\((subjects[subject]?.ceremonies ?? 0) + 1)"
        guard Identifier.isValid(subject), Identifier.isValid(id) else {
            throw Refusal(
                .badParameter, "The subject's name does not fit.",
                next: "Use a-z, 0-9, dot, dash and underscore, a letter or digit first, 55 at most."
            )
        }
        return id
    }

    /// What is replaced is of the same subject or stands in the new one's way. The old one's
    /// initiator may replace it; anyone who may start, while nobody has approved.
    private func checkSupersede(_ draft: Draft, _ locks: [Lock]) throws(Refusal) {
        guard let id = draft.supersedes else { return }
        let old = try ceremony(id)
        guard old.state == .pending || old.state == .approved else { throw leftState(old) }
        guard old.statement.subject == draft.subject || conflict(locks, with: old) != nil else {
            throw Refusal(
                .badParameter,
                "\(id) is of the subject \(old.statement.subject), and shares nothing with this one "
                    + "that only one ceremony may hold; so it is not this one that replaces it.",
                next: "Leave --supersede out. What nobody wants any more is ended by: ceremonyctl "
                    + "cancel \(id).", requirement: "CM-5")
        }
        guard old.statement.initiator.name == draft.initiator.name || old.approvals.count == 0
        else {
            throw Refusal(
                .wrongRole,
                "\(id) has approvals, so only \(old.statement.initiator.name) may supersede it.",
                next: "Ask \(old.statement.initiator.name), or end it first: ceremonyctl cancel "
                    + "\(id).", requirement: "FR70")
        }
    }

    private func checkFree(_ locks: [Lock], besides superseded: String?) throws(Refusal) {
        for other in unfinished where other.afterwards.first?.canBeOvertaken != true {
            // Its key is made: the token is free for others, whatever keeps the rest.
            guard let shared = other.locks.first(where: { locks.contains($0) && !$0.isToken })
            else { continue }
            throw Refusal(
                .busy,
                "\(other.id) is COMPLETED and has still something to do for \(shared.text): "
                    + "\(other.afterwards.first?.name ?? "").",
                next: "What keeps it is shown by: ceremonyctl show \(other.id).",
                requirement: "CM-5")
        }
        for id in live where id != superseded {
            guard let other = ceremonies[id], let shared = conflict(locks, with: other) else {
                continue
            }
            throw Refusal(
                .busy,
                "\(id) is under way for \(shared): \(other.state.rawValue), started by "
                    + "\(other.statement.initiator.name), until \(other.statement.expires).",
                next: other.state == .executing
                    ? "Its end is shown by: ceremonyctl watch \(id)."
                    : "Finish or cancel it first, or replace it with --supersede \(id).",
                requirement: "CM-5")
        }
    }

    /// What a ceremony with these locks and a live one cannot both have; `nil` where they can be
    /// under way together.
    private func conflict(_ locks: [Lock], with other: Ceremony) -> String? {
        let shared = other.locks.first { locks.contains($0) }
        let one = roster.policy.concurrency == .one && !locks.isEmpty && !other.locks.isEmpty
        return shared?.text ?? (one ? "this log, which allows one ceremony at a time" : nil)
    }

    private func checkEnough(_ witnesses: [Member], _ entry: Policy.Entry, kind: String)
        throws(Refusal)
    {
        let humans = witnesses.count { $0.kind != .system }
        guard witnesses.count >= max(entry.threshold, entry.attest), humans >= entry.people else {
            throw Refusal(
                .unmeetable,
                "\(kind) needs \(entry.threshold) approvals, \(entry.people) of them human; "
                    + "\(witnesses.count) people could give one.",
                next: "Let somebody start it who is not needed as a witness, or change the roster.",
                requirement: "CT-12")
        }
    }
}
