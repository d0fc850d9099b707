// How a vault's key is replaced, step by step. Before the intent everything is only looked at; the
// vault itself is written after the commit, from what the outcome holds (DESIGN 2.5, section 3).

public import CeremonyRecord
import Provara

extension ProvaraRotation {
    /// Look, probe, survey, intent, generate, prove possession, have the authorities sign, work the
    /// files out, sign for them, put them ready, commit.
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
        guard let events = events(for: made.record, of: ceremony) else {
            return .fail(reason: "token-error", detail: "the vault's events cannot be worked out")
        }
        var signatures: [VaultSignature] = []
        let questions = questions(
            Question.Made(record: made.record, possession: made.possession), of: ceremony)
        for (signer, event) in [(authority, events.revocation), (promoter, events.promotion)] {
            switch signer.place {
            case .token(let key):
                guard let bytes = done.signature(by: signer.sshKey, of: event.bytesToSign) else {
                    return .step(.sign(key, bytes: event.bytesToSign))
                }
                signatures.append(VaultSignature(bytes, by: signer.key))
            case .person:
                guard let question = questions.first(where: { $0.key == signer.sshKey }) else {
                    return .fail(reason: "token-error", detail: "nobody could be asked to sign")
                }
                guard let answer = done.answer(by: signer.sshKey) else {
                    return .step(.ask(question))
                }
                guard
                    let place = question.messages.firstIndex(where: {
                        $0.bytes == event.bytesToSign
                    }), place < answer.count
                else { return .fail(reason: "token-error", detail: "an answer lacks a signature") }
                signatures.append(VaultSignature(answer[place], by: signer.key))
            }
        }
        guard let work = work(made.record, signatures, of: ceremony) else {
            return .fail(reason: "token-error", detail: "the vault's files cannot be worked out")
        }
        let newKey = SigningKey(
            token: making.token, keyID: made.record.keyID, key: made.record.publicKey)
        return work.next(
            after: done, made, by: newKey, signedAt: events.order.times.manifestSignedAt,
            events: signatures.map(\.bytes))
    }

    // MARK: What follows from the statement, the intent and the new key

    /// The two events, ready to be signed.
    func events(for record: KeyRecord, of ceremony: Ceremony) -> RotationEvents? {
        guard let moment = ceremony.vaultMoment,
            let newKey = VaultPublicKey(record.publicKey.point),
            let order = order.order(
                newKey: newKey, revoker: authority.key, promoter: promoter.key,
                actor: terms.actor, at: moment)
        else { return nil }
        return RotationEvents(order, after: terms.tip.last, nextLogicalTime: terms.tip.next)
    }

    private func work(
        _ record: KeyRecord, _ signatures: [VaultSignature], of ceremony: Ceremony
    ) -> VaultWork? {
        guard let events = events(for: record, of: ceremony), signatures.count == 2,
            let signer = VaultPublicKey(record.publicKey.point)
        else { return nil }
        return VaultWork(
            ceremony: ceremony.id, vault: terms.vault, root: terms.root,
            operation: .rotation(
                events.order, revocation: signatures[0], promotion: signatures[1]),
            signer: signer)
    }

    /// What an authority signs in a client of their own: the one event, or both.
    public func questions(_ made: Question.Made?, of ceremony: Ceremony) -> [Question] {
        guard let made, let events = events(for: made.record, of: ceremony) else { return [] }
        let parts = [
            (authority, "KEY_REVOCATION", events.revocation.bytesToSign),
            (promoter, "KEY_PROMOTION", events.promotion.bytesToSign),
        ]
        var questions: [Question] = []
        for (signer, _, _) in parts {
            guard case .person(let person) = signer.place,
                !questions.contains(where: { $0.key == signer.sshKey })
            else { continue }
            questions.append(
                Question(
                    person: person, key: signer.sshKey, made: made,
                    messages: parts.filter { $0.0.sshKey == signer.sshKey }.map {
                        Question.Message(title: $0.1, bytes: $0.2)
                    }))
        }
        return questions
    }

    /// The record is the statement's, the new key has shown itself, and it is none of those that
    /// are asked to sign for it.
    public func checkNewKey(
        _ record: KeyRecord, possession: [UInt8], of ceremony: Ceremony, at time: Timestamp,
        in state: State
    ) throws(Refusal) {
        try making.check(record, possession: possession, of: ceremony, at: time, in: state)
        guard let newKey = VaultPublicKey(record.publicKey.point) else {
            throw VaultOutcome.differs("the new key can be no vault's")
        }
        for known in [authority.key, promoter.key, order.revoked]
        where newKey.id == known.id || newKey.isTwin(of: known) {
            throw VaultOutcome.differs("the new key is one of the vault's")
        }
    }

    /// The record is the statement's, the new key has shown itself, and each authority has signed
    /// exactly what follows from that; the new key stands for the files.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        let record = try making.check(outcome, of: ceremony, at: time, in: state)
        let made = VaultOutcome(in: outcome)
        guard let made, let events = events(for: record, of: ceremony),
            let newKey = VaultPublicKey(record.publicKey.point)
        else { throw VaultOutcome.differs("what it says of the vault cannot be read") }
        guard made.events.count == 2,
            authority.sshKey.verifies(made.events[0], of: events.revocation.bytesToSign),
            promoter.sshKey.verifies(made.events[1], of: events.promotion.bytesToSign)
        else { throw VaultOutcome.differs("an authority has not signed for it") }
        guard newKey.id != authority.key.id, newKey.id != promoter.key.id,
            newKey.id != order.revoked.id
        else { throw VaultOutcome.differs("the new key is one of the vault's") }
        let manifest = ManifestSignature(
            root: made.root, signer: newKey.id, signedAt: events.order.times.manifestSignedAt)
        guard record.publicKey.verifies(made.manifest, of: manifest.bytesToSign) else {
            throw VaultOutcome.differs("the new key does not stand for the vault's files")
        }
        return record
    }

    /// The vault is written.
    public func afterwards(of ceremony: Ceremony) -> [Afterwards] {
        guard let record = ceremony.record, let made = VaultOutcome(in: ceremony.outcome),
            made.events.count == 2,
            var work = work(
                record,
                [
                    VaultSignature(made.events[0], by: authority.key),
                    VaultSignature(made.events[1], by: promoter.key),
                ], of: ceremony)
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
