// Accepting one's own part, or declining it: by the key that an `accept:` line of the statement
// names, whether or not it is on the roster (DESIGN 2.7). A key that has accepted for somebody is
// theirs from then on.

public import CeremonyRecord
import HashTreeCollections

extension State {
    /// `ceremony.accepted`: one participant more says yes to their part.
    mutating func take(_ accepted: CeremonyAccepted, at moment: KeyEntry.Moment) throws(Refusal) {
        var ceremony = try ceremony(accepted.ceremony)
        guard ceremony.state == .pending || ceremony.state == .approved else {
            throw leftState(ceremony)
        }
        try checkInTime(ceremony, at: moment.time)
        let acceptance = try read(accepted.signed, as: Acceptance.self)
        let (name, key) = try participant(of: ceremony, by: accepted.signed, for: .accept)
        try check(acceptance, by: name, accepted, of: ceremony)
        guard
            let index = ceremony.acceptances.firstIndex(where: {
                $0.name == acceptance.set && $0.invites(accepted.signed.key)
            })
        else { throw notAsked(name, accepted.signed.key, in: ceremony) }
        let set = ceremony.acceptances[index]
        try checkHasNotAnswered(set, name, accepted.signed.key)
        try checkAge(of: acceptance, in: ceremony, at: moment.time)
        try use(acceptance.nonce, by: name)
        if set.signers == .people { try claim(key, for: name) }
        let newKey = try newKey(of: acceptance, accepted, for: set, in: ceremony)
        if let newKey {
            taken[newKey.key.point] = State.membership(of: name, in: ceremony.statement.subject)
        }
        ceremony.acceptances[index].answers[accepted.signed.key] = AcceptanceSet.Answer(
            isYes: true, signed: accepted.signed, seq: moment.seq, time: moment.time, reason: nil,
            newKey: newKey)
        ceremonies[ceremony.id] = ceremony
        remember(
            accepted.signed.digest, by: accepted.signed.key, for: .accept, at: moment,
            ceremony: ceremony.id)
        demandApproval(of: ceremony)
    }

    /// A participant's no, in every set that asks for this key and that it has not answered yet.
    mutating func decline(
        _ ceremony: inout Ceremony, by name: String, _ signed: SignedDocument, reason: String,
        at moment: KeyEntry.Moment
    ) throws(Refusal) {
        let asking = ceremony.acceptances.indices.filter {
            ceremony.acceptances[$0].invites(signed.key)
        }
        let open = asking.filter { ceremony.acceptances[$0].answers[signed.key] == nil }
        if open.isEmpty, let index = asking.first {
            try checkHasNotAnswered(ceremony.acceptances[index], name, signed.key)
        }
        for index in open {
            ceremony.acceptances[index].answers[signed.key] = AcceptanceSet.Answer(
                isYes: false, signed: signed, seq: moment.seq, time: moment.time, reason: reason,
                newKey: nil)
        }
        if ceremony.state == .pending, ceremony.acceptances.contains(where: \.isOutOfReach) {
            demandEnding(of: ceremony.id, reason: "declined", by: nil)
        }
    }

    /// Refuses the no of somebody whom an execution that is under way does not ask for anything:
    /// whoever leaves, consented, vouched, or has declined already.
    ///
    /// - Throws: ``Refusal`` (`not-listed`).
    func checkIsAsked(_ key: Fingerprint, in ceremony: Ceremony) throws(Refusal) {
        let asked = try operation(of: ceremony.statement).asked(in: ceremony)
        guard !asked.contains(key) else { return }
        let names = namesAsked(in: ceremony)
        throw Refusal(
            .notListed,
            "\(ceremony.id) is being carried out, and asks the key \(key) for nothing.",
            next: names.isEmpty
                ? "It asks nobody. Whoever sees a danger has it halted: ceremonyctl halt --reason TEXT."
                : "It asks \(names.joined(separator: ", ")). Whoever sees a danger has it halted: "
                    + "ceremonyctl halt --reason TEXT.", requirement: "CT-12")
    }

    /// Those of a statement's `accept:` lines whom its execution asks for something, by key.
    public func linesAsked(in ceremony: Ceremony) -> [AcceptLine] {
        guard let asked = try? operation(of: ceremony.statement).asked(in: ceremony) else {
            return []
        }
        return ceremony.statement.accepts.filter { asked.contains($0.fingerprint) }
    }

    /// The same people, each once.
    public func namesAsked(in ceremony: Ceremony) -> [String] {
        linesAsked(in: ceremony).map(\.name).reduce(into: []) { names, name in
            if !names.contains(name) { names.append(name) }
        }
    }

    /// The person and the key of a signature by a key that the statement asks to accept.
    ///
    /// - Throws: ``Refusal`` (`not-on-roster`, `not-listed`, `bad-signature`, `wrong-namespace`).
    func participant(
        of ceremony: Ceremony, by signed: SignedDocument, for namespace: SignatureNamespace
    ) throws(Refusal) -> (name: String, key: SSHPublicKey) {
        guard
            let line = ceremony.statement.accepts.first(where: { $0.fingerprint == signed.key })
        else { throw notAsked(nil, signed.key, in: ceremony) }
        let key = try signer(
            Signatory(name: line.name, fingerprint: line.fingerprint), of: signed, for: namespace)
        return (line.name, key)
    }

    /// The key of a signature by somebody whom a statement names by the fingerprint alone.
    ///
    /// - Throws: ``Refusal`` (`bad-signature`, `wrong-namespace`).
    func signer(
        _ line: Signatory, of signed: SignedDocument, for namespace: SignatureNamespace
    ) throws(Refusal) -> SSHPublicKey {
        // The statement names the key by its fingerprint; the signature carries the key itself.
        let signature: SSHSIG
        do { signature = try SSHSIG(blob: signed.sshsig) } catch {
            throw Refusal(
                .badSignature, "The signature by \(line.name) cannot be read: \(error).",
                requirement: "NFR18")
        }
        guard signature.key.fingerprint == signed.key else {
            throw Refusal(
                .badSignature,
                "The signature is by \(signature.key.fingerprint), not by \(signed.key).",
                requirement: "NFR18")
        }
        try check(
            signed.sshsig, over: signed.bytes, by: signature.key, of: line.name, for: namespace)
        return signature.key
    }

    /// Whether the act is a participant's no, or what became of the key that they brought: a key
    /// may sign these that is on no roster.
    func isParticipants(_ act: Act, by key: Fingerprint) -> Bool {
        guard [.decline, .tidy].contains(act.act), act.role == .participant,
            let id = act.ceremony
        else { return false }
        return committed(id)?.statement.accepts.contains { $0.fingerprint == key } ?? false
    }

    /// Refuses a key that stands in the log as anything else than this person's (DESIGN 2.6).
    ///
    /// - Throws: ``Refusal`` (`key-taken`).
    func checkOwn(_ key: SSHPublicKey, of name: String) throws(Refusal) {
        guard let role = taken[key.point], role != State.personal(name) else { return }
        throw Refusal(
            .keyTaken,
            "The key \(key.fingerprint) cannot be \(name)'s: it stands in this log already, as "
                + "\(role).",
            next: "Make a new key: ceremonyctl identity create.", requirement: "FR69")
    }

    /// A key that is on the roster, or has accepted for a person, is theirs for ever.
    mutating func claim(_ key: SSHPublicKey, for name: String) throws(Refusal) {
        try checkOwn(key, of: name)
        taken[key.point] = State.personal(name)
    }

    /// As what a person's key stands in the log.
    static func personal(_ name: String) -> String { "a key of \(name)" }

    /// Demands the approval that the last answer has completed.
    mutating func demandApproval(of ceremony: Ceremony) {
        guard ceremony.state == .pending, ceremony.isAgreed else { return }
        demands.append(
            .ceremonyApproved(
                CeremonyApproved(ceremony: ceremony.id, from: .pending, to: .approved)))
    }

    // MARK: The guards of an acceptance

    private func check(
        _ acceptance: Acceptance, by name: String, _ accepted: CeremonyAccepted,
        of ceremony: Ceremony
    ) throws(Refusal) {
        try checkLog(acceptance.log, acceptance.mode)
        let signatory = Signatory(name: name, fingerprint: accepted.signed.key)
        guard acceptance.ceremony == ceremony.id, acceptance.statement == ceremony.digest,
            acceptance.kind == ceremony.kind, acceptance.subject == ceremony.statement.subject,
            acceptance.participant == signatory
        else {
            throw Refusal(
                .wrongDocument,
                "The acceptance is not \(name)'s, of the statement of \(ceremony.id).",
                next: "Accept it with: ceremonyctl accept \(ceremony.id).", requirement: "CT-12")
        }
        guard accepted.set == acceptance.set, accepted.participant == name,
            accepted.newKey == acceptance.newKey, accepted.from == ceremony.state,
            accepted.to == ceremony.state
        else {
            throw Refusal(
                .illegalEvent, "The acceptance's set, name, key or states are not the log's.")
        }
    }

    /// The key that an acceptance brings, which nobody has seen before and which has signed it too.
    /// Where none is asked for, the key that signs is the new one, and proves its possession so.
    ///
    /// - Throws: ``Refusal`` (`wrong-document`, `key-taken`, `software-token`, `bad-signature`).
    private func newKey(
        of acceptance: Acceptance, _ accepted: CeremonyAccepted, for set: AcceptanceSet,
        in ceremony: Ceremony
    ) throws(Refusal) -> AcceptanceSet.NewKey? {
        guard set.bringsKey else {
            guard acceptance.newKey == nil, acceptance.token == nil, acceptance.keyID == nil,
                accepted.possession == nil
            else {
                throw Refusal(
                    .wrongDocument, "\(ceremony.kind) asks nobody for a further key there.",
                    next: "Accept it with: ceremonyctl accept \(ceremony.id).")
            }
            return nil
        }
        let name = acceptance.participant.name
        guard let key = acceptance.newKey, key.algorithm == .ed25519, let uri = acceptance.token,
            let token = TokenReference(uri: uri), let keyID = acceptance.keyID,
            let possession = accepted.possession
        else {
            throw Refusal(
                .wrongDocument,
                "\(name) is asked for a new key in their own token, with its signature.",
                next: "Make and bring it with: ceremonyctl accept "
                    + "\(ceremony.id).", requirement: "I11")
        }
        if let role = taken[key.point] {
            throw Refusal(
                .keyTaken, "The key \(key.fingerprint) stands in this log already, as \(role).",
                next: "A new key is made by: ceremonyctl accept \(ceremony.id).",
                requirement: "FR69")
        }
        guard roster.policy.accepts(manufacturer: token.manufacturer, mode: log.mode) else {
            throw Refusal(
                .softwareToken,
                "\(token.label) is a software token (\(token.manufacturer)), and this is a "
                    + "production log.",
                next: "Use a hardware token, or have the policy name this manufacturer.")
        }
        try check(
            possession, over: accepted.signed.bytes, by: key, of: "\(name)'s new key",
            for: .possession)
        return AcceptanceSet.NewKey(
            key: key, token: uri, keyID: keyID, possession: possession)
    }

    private func checkHasNotAnswered(_ set: AcceptanceSet, _ name: String, _ key: Fingerprint)
        throws(Refusal)
    {
        guard let answer = set.answers[key] else { return }
        throw Refusal(
            .alreadyAnswered,
            "\(name) has \(answer.isYes ? "accepted" : "declined") with \(key) already, at "
                + "\(answer.time) (event \(answer.seq)).",
            next: "The first answer stands.", requirement: "CT-12")
    }

    /// An acceptance holds as long as its statement does, and is younger than that.
    private func checkAge(of acceptance: Acceptance, in ceremony: Ceremony, at time: Timestamp)
        throws(Refusal)
    {
        guard acceptance.at - time <= Limits.clockLead,
            ceremony.statement.drafted - acceptance.at <= Limits.clockLead
        else {
            throw Refusal(
                .stale,
                "The acceptance is dated \(acceptance.at); the statement was drafted at "
                    + "\(ceremony.statement.drafted), and it is \(time) now.",
                next: "Set the clock right and accept again.")
        }
    }

    private func notAsked(_ name: String?, _ key: Fingerprint, in ceremony: Ceremony) -> Refusal {
        let asked = ceremony.statement.accepts.map { "\($0.name) with \($0.fingerprint)" }
        let next =
            asked.isEmpty
            ? "It asks nobody to accept anything." : "It asks: \(asked.joined(separator: ", "))."
        guard name != nil || roster.member(holding: key) != nil else {
            return Refusal(
                .notOnRoster,
                "The key \(key) belongs to nobody on the roster, and the statement of "
                    + "\(ceremony.id) does not name it.", next: next, requirement: "CT-12")
        }
        return Refusal(
            .notListed,
            "The statement of \(ceremony.id) does not ask the key \(key) to accept that.",
            next: next, requirement: "CT-12")
    }
}
