// How a vault's key is replaced, step by step. Before the intent everything is only looked at; the
// vault itself is written after the commit, from what the outcome holds (DESIGN 2.5, section 3).

public import CeremonyRecord
import Provara

extension ProvaraRotation {
    /// Look, probe, survey, intent, generate, prove possession, have the authorities sign, sign for
    /// the events that the new key stands for, work the files out, sign for them, put them ready,
    /// commit.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        let parameters = ProvaraRotation.parameters(of: ceremony.statement)
        guard let sight = try? VaultTerms.sight(of: parameters) else {
            return .fail(reason: "token-error", detail: "the statement names no vault")
        }
        guard let seen = done.seen else { return .step(.look(sight)) }
        if let changed = seen.difference(from: parameters) {
            return .fail(
                reason: "prestate-changed",
                detail: "the vault \(terms.vault) is not as it was agreed on: \(changed)")
        }
        for case .token(let key) in [authority.place, promoter.place]
        where !done.contains(.probed(key.key.fingerprint)) {
            return .step(.probe(key))
        }
        switch making.next(after: done, of: ceremony) {
        case .intent(let intent): return .intent(VaultMoment(seen.moment).announced(with: intent))
        case .commit(let outcome):
            guard let made = try? KeyOutcome(outcome) else { return .commit(outcome) }
            return finish(made, after: done, of: ceremony)
        case let work: return work
        }
    }

    /// Everything between the new key's proof and the commit.
    private func finish(_ made: KeyOutcome, after done: [StepResult], of ceremony: Ceremony)
        -> Work
    {
        let payloads = done.seen?.payloads ?? []
        guard let plan = plan(for: made.record, vouching: payloads, of: ceremony) else {
            return .fail(reason: "token-error", detail: "the vault's events cannot be worked out")
        }
        let questions = questions(
            Question.Made(record: made.record, possession: made.possession), of: ceremony)
        var signatures: [[UInt8]] = []
        for part in plan.parts {
            switch part.place {
            case .token(let key):
                guard let bytes = done.signature(by: part.sshKey, of: part.event.bytesToSign)
                else { return .step(.sign(key, bytes: part.event.bytesToSign)) }
                signatures.append(bytes)
            case .person:
                guard let question = questions.first(where: { $0.key == part.sshKey }) else {
                    return .fail(reason: "token-error", detail: "nobody could be asked to sign")
                }
                guard let answer = done.answer(by: part.sshKey) else {
                    return .step(.ask(question))
                }
                guard
                    let place = question.messages.firstIndex(where: {
                        $0.bytes == part.event.bytesToSign
                    }), place < answer.count
                else { return .fail(reason: "token-error", detail: "an answer lacks a signature") }
                signatures.append(answer[place])
            }
        }
        guard let work = work(plan, signatures, of: ceremony) else {
            return .fail(reason: "token-error", detail: "the vault's files cannot be worked out")
        }
        return work.next(
            after: done, made, by: signingKey(of: made.record),
            signedAt: plan.order.times.manifestSignedAt, events: signatures, payloads: payloads)
    }

    // MARK: What follows from the statement, the intent, the new key and what it stands for

    /// An event that is to be signed.
    struct Part {
        let title: String
        let event: UnsignedEvent
        let sshKey: SSHPublicKey
        let place: VaultAuthority.Place
    }

    /// The order, and the events that come of it in the order of the log.
    struct Plan {
        let order: RotationOrder
        let parts: [Part]
    }

    /// - Parameter payloads: What the events say that the new key stands for. What the authorities
    ///   sign does not depend on it.
    /// - Returns: `nil` where something of it cannot be, or is not what was agreed on.
    func plan(for record: KeyRecord, vouching payloads: [[UInt8]], of ceremony: Ceremony) -> Plan? {
        vouch.events(saying: payloads).flatMap { plan(for: record, vouching: $0, of: ceremony) }
    }

    private func plan(for record: KeyRecord, vouching events: [VouchedEvent], of ceremony: Ceremony)
        -> Plan?
    {
        guard let moment = ceremony.vaultMoment,
            let newKey = VaultPublicKey(record.publicKey.point),
            let order = order.order(
                newKey: newKey, revoker: authority.key, promoter: promoter.key,
                actor: terms.actor, at: moment)?.vouching(for: events)
        else { return nil }
        let events = RotationEvents(order, after: terms.tip.last, nextLogicalTime: terms.tip.next)
        return Plan(
            order: order,
            parts: [
                Part(
                    title: "KEY_REVOCATION", event: events.revocation, sshKey: authority.sshKey,
                    place: authority.place),
                Part(
                    title: "KEY_PROMOTION", event: events.promotion, sshKey: promoter.sshKey,
                    place: promoter.place),
            ]
                + events.attestations.map {
                    Part(
                        title: "ATTESTATION", event: $0, sshKey: record.publicKey,
                        place: .token(signingKey(of: record)))
                })
    }

    private func signingKey(of record: KeyRecord) -> SigningKey {
        SigningKey(token: making.token, keyID: record.keyID, key: record.publicKey)
    }

    private func work(_ plan: Plan, _ signatures: [[UInt8]], of ceremony: Ceremony) -> VaultWork? {
        guard signatures.count == plan.parts.count else { return nil }
        return VaultWork(
            ceremony: ceremony.id, vault: terms.vault, root: terms.root,
            operation: .rotation(
                plan.order, revocation: VaultSignature(signatures[0], by: authority.key),
                promotion: VaultSignature(signatures[1], by: promoter.key),
                attestations: Array(signatures.dropFirst(2))),
            signer: plan.order.newKey)
    }

    /// What an authority signs in a client of their own: the one event, or both.
    public func questions(_ made: Question.Made?, of ceremony: Ceremony) -> [Question] {
        guard let made,
            let plan = plan(for: made.record, vouching: [VouchedEvent](), of: ceremony)
        else { return [] }
        var questions: [Question] = []
        for part in plan.parts {
            guard case .person(let person) = part.place,
                !questions.contains(where: { $0.key == part.sshKey })
            else { continue }
            questions.append(
                Question(
                    person: person, key: part.sshKey, made: made,
                    messages: plan.parts.filter { $0.sshKey == part.sshKey }.map {
                        Question.Message(title: $0.title, bytes: $0.event.bytesToSign)
                    }))
        }
        return questions
    }

    /// Those who hold an authority's key: the line names their key on the roster.
    public func asked(in ceremony: Ceremony) -> Set<Fingerprint> {
        let people = [authority.place, promoter.place].compactMap { place in
            if case .person(let name) = place { name } else { nil }
        }
        return Set(
            ceremony.statement.accepts.filter { people.contains($0.name) }.map(\.fingerprint))
    }

    /// The record is the statement's, the new key has shown itself, and it is none of those that
    /// are asked to sign for it.
    public func checkNewKey(
        _ record: KeyRecord, possession: [UInt8], of ceremony: Ceremony, at time: Timestamp,
        in state: State
    ) throws(Refusal) {
        try making.check(record, possession: possession, of: ceremony, at: time, in: state)
        try checkIsNew(record)
    }

    /// The key is none of those that are asked to sign for it, nor what whoever has one of these
    /// could sign with as well.
    private func checkIsNew(_ record: KeyRecord) throws(Refusal) {
        guard let newKey = VaultPublicKey(record.publicKey.point) else {
            throw VaultOutcome.differs("the new key can be no vault's")
        }
        for known in [authority.key, promoter.key, order.revoked]
        where newKey.id == known.id || newKey.isTwin(of: known) {
            throw VaultOutcome.differs("the new key is one of the vault's")
        }
    }

    /// The record is the statement's, the new key has shown itself, and each authority has signed
    /// exactly what follows from that; the new key stands for what was agreed on, and for the
    /// files.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        let record = try making.check(outcome, of: ceremony, at: time, in: state)
        try checkIsNew(record)
        guard let made = VaultOutcome(in: outcome) else {
            throw VaultOutcome.differs("what it says of the vault cannot be read")
        }
        guard let plan = plan(for: record, vouching: made.payloads, of: ceremony) else {
            throw VaultOutcome.differs("it is not what was agreed on that the new key stands for")
        }
        guard made.events.count == plan.parts.count else {
            throw VaultOutcome.differs("it has not one signature for each event of the vault")
        }
        for (part, signature) in zip(plan.parts, made.events)
        where !part.sshKey.verifies(signature, of: part.event.bytesToSign) {
            throw VaultOutcome.differs("the \(part.title) is not signed by whose word it is")
        }
        try made.checkFiles(of: plan)
        return record
    }

    /// The vault is written.
    public func afterwards(of ceremony: Ceremony) -> [Afterwards] {
        guard let record = ceremony.record, let made = VaultOutcome(in: ceremony.outcome),
            let plan = plan(for: record, vouching: made.payloads, of: ceremony),
            var work = work(plan, made.events, of: ceremony)
        else { return [] }
        work.manifestSignature = made.manifest
        return [
            Afterwards(
                "publish", .publish(VaultPublication(work, files: made.files)),
                result: .object(["root": .string("\(made.root)")]))
        ]
    }
}

extension Ceremony {
    /// The moment that its execution has announced for a vault.
    var vaultMoment: VaultMoment? { VaultMoment(intent: announced?.also) }
}

extension VaultOutcome {
    /// The files that every rotation writes, in their order.
    private static let rotatedPaths = [
        VaultPath.events, VaultPath.keys, VaultPath.manifest, VaultPath.root, VaultPath.signature,
    ]

    /// Refuses files that do not follow from the root, as far as that can be told without the
    /// vault, and a root that the new key does not stand for.
    ///
    /// - Throws: ``Refusal`` (`outcome-differs`).
    fileprivate func checkFiles(of plan: ProvaraRotation.Plan) throws(Refusal) {
        let newKey = plan.order.newKey
        let record = ManifestSignature(
            root: root, signer: newKey.id, signedAt: plan.order.times.manifestSignedAt)
        let signed: [UInt8]
        do { signed = try record.fileBytes(signature: manifest, by: newKey) } catch {
            throw VaultOutcome.differs("the new key does not stand for the vault's files")
        }
        guard files.map(\.path) == VaultOutcome.rotatedPaths else {
            throw VaultOutcome.differs("a rotation writes other files")
        }
        let last = [
            VaultFile(path: VaultPath.root, root.fileBytes),
            VaultFile(path: VaultPath.signature, signed),
        ]
        guard Array(files.suffix(last.count)) == last else {
            throw VaultOutcome.differs(
                "merkle_root.txt or manifest.sig do not follow from what was signed")
        }
    }

    /// Reads it from the outcome of a ceremony.
    init?(in outcome: JSON?) {
        guard let outcome, let also = (try? KeyOutcome(outcome))?.also,
            let made = try? VaultOutcome(also)
        else { return nil }
        self = made
    }

    static func differs(_ what: String) -> Refusal {
        Refusal(
            .outcomeDiffers, "The outcome cannot be committed: \(what).",
            next: "No key was registered, and the vault was not written.", requirement: "FR69")
    }
}
