// A vault that begins anew, because no authority of the old one is left to sign for a rotation: a
// new vault, with a new root key from a token, that names the old one's Merkle root in its birth.
// What stands in for an authority is a person whom the old vault cannot name, and who accepts that
// they order it, with the witnesses' quorum behind it. The rotation ceremony's section 5.1.

public import CeremonyRecord
import Provara

/// Founds a new vault in the place of one without a surviving authority.
public struct ProvaraHardReset: KeyMakingKind {
    /// `provara-hard-reset`
    public static let name = "provara-hard-reset"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Founds a new Provara vault in the place of one that no authority is left for."
    /// What the drafter says, and what is seen in the old vault.
    public static let parameters: [KindParameter] =
        [
            KindParameter("token", "the receiving token; --into chooses it"),
            KindParameter(
                "key-id", "CKA_ID in hex, for tokens with fixed slots", standard: "random"),
            KindParameter("vault", "the old vault, as the daemon's configuration calls it"),
            KindParameter("new-vault", "the new vault, as the daemon's configuration calls it"),
            KindParameter("new-uid", "the new vault's own name; the old one's never comes back"),
            KindParameter("ordered-by", "who orders it: a name on the roster, who must accept"),
            KindParameter(
                "peers", "who must confirm, NAME or NAME=SHA256:..., with commas",
                standard: "none"),
        ]
        + [
            "vault-uid", "vault-root", "vault-events", "vault-last", "vault-seal", "seal-hash",
            "vault-faults", "surviving", VaultDoubts.warningsName,
        ].map { KindParameter($0, "seen in the old vault", isFromLog: true) }

    /// Three witnesses. The key is active when the outcome is committed.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 0)
    /// The vault is written at once; nobody attests first.
    public static let mostAttestations = 0

    /// Whose key it is: the new vault's root.
    public let subject: String
    /// The making of the key.
    public let making: KeyMaking
    private let terms: ResetTerms
    private let peers: [Field]

    /// A root key.
    public var subjectClass: String? { "provara-root" }
    /// Nobody holds it.
    public var holder: String? { nil }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        VaultTerms.parameters(of: statement)
    }

    /// The old vault, and whether the new one's place is free.
    public static func sight(of parameters: [String: String]) throws(Refusal) -> VaultSight? {
        guard let vault = parameters["vault"], let successor = parameters["new-vault"],
            Identifier.isValid(vault), Identifier.isValid(successor), vault != successor
        else {
            throw Refusal(
                .badParameter,
                "vault and new-vault are names of two vaults in the daemon's configuration.",
                next: "Say which: --set vault=OLD --set new-vault=NEW.")
        }
        return VaultSight(
            vault: vault, keys: [], boundary: nil, actor: ResetTerms.actor, successor: successor)
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal``: `bad-parameter`, `not-on-roster`; `key-exists` where the subject has
    ///   had a key; `software-token`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        terms = try ResetTerms(parameters, in: state.roster)
        peers = VaultTerms.lines(
            of: try VaultTerms.peers(parameters["peers"], in: state.roster), besides: terms.fields,
            in: state)
        guard state.subject(subject)?.keys.isEmpty ?? true else {
            throw Refusal(
                .keyExists,
                "\(subject) has had a key already, and a new vault has a key of its own.",
                next: "Choose another subject for the new vault's root.", requirement: "FR69")
        }
        self.subject = subject
        making = try KeyMaking(
            parameters, label: ceremony, oldKey: nil, overlapDays: 0, in: state)
    }

    /// The statement's block: the old vault as it stands, the new one, who orders it, the new key's
    /// place.
    public var fields: Fields {
        Fields(
            [Field(name: "algorithm", value: "Ed25519")] + terms.fields + peers + making.place)
    }

    /// The subject, the receiving token and both vaults.
    public var locks: [Lock] {
        [
            .subject(subject), .token(making.token.serial), .vault(terms.vault),
            .vault(terms.newVault),
        ]
    }

    /// Whoever orders it says so with their own signature.
    public static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet] {
        VaultTerms.acceptances(by: fields, in: roster)
    }

    /// Those who are to say that they have taken the new vault over.
    public static func peers(by fields: Fields) -> [Signatory] { VaultTerms.peers(by: fields) }

    /// Whoever orders it neither starts it nor approves it: else one person would be two of those
    /// who stand in for an authority.
    public static let excludesOthers = true

    /// Whoever orders it.
    public func excluded(in state: State) -> Set<String> { [terms.orderedBy] }

    /// Not whoever orders it.
    public func checkInitiator(_ name: String) throws(Refusal) {
        guard name.utf8.elementsEqual(terms.orderedBy.utf8) else { return }
        throw Refusal(
            .wrongRole, "\(name) orders it, so somebody else has to start it.",
            next: "Let another operator or keeper start it, or another person order it.",
            requirement: "FR70")
    }

    /// The old vault as it was seen.
    public func dependencies(in state: State) -> [String: JSON] {
        [
            "vault": .object([
                "uid": .string(terms.uid), "root": .string("\(terms.root)"),
                "last": .string(terms.last),
            ])
        ]
    }

    /// The intent is the key's, with the moment of the new vault's birth.
    public func checkIntent(
        _ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) {
        try making.checkVaultIntent(intent, after: nil, at: time, in: state)
    }

    /// Look, survey, intent, generate, prove possession, sign the two events, work the files out,
    /// sign for them, put them ready, commit.
    public func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        let parameters = ProvaraHardReset.parameters(of: ceremony.statement)
        guard let sight = try? ProvaraHardReset.sight(of: parameters) else {
            return .fail(reason: "token-error", detail: "the statement names no vault")
        }
        guard let seen = done.seen else { return .step(.look(sight)) }
        if let changed = seen.difference(from: parameters) {
            return .fail(
                reason: "prestate-changed",
                detail: "the vault \(terms.vault) is not as it was agreed on: \(changed)")
        }
        switch making.next(after: done, of: ceremony) {
        case .intent(let intent): return .intent(VaultMoment(seen.moment).announced(with: intent))
        case .commit(let outcome):
            guard let made = try? KeyOutcome(outcome) else { return .commit(outcome) }
            return finish(made, after: done, of: ceremony)
        case let work: return work
        }
    }

    private func finish(_ made: KeyOutcome, after done: [StepResult], of ceremony: Ceremony)
        -> Work
    {
        guard let events = events(for: made.record, of: ceremony) else {
            return .fail(reason: "token-error", detail: "the vault's events cannot be worked out")
        }
        let key = SigningKey(
            token: making.token, keyID: made.record.keyID, key: made.record.publicKey)
        var signatures: [[UInt8]] = []
        for event in [events.genesis, events.observation] {
            guard let bytes = done.signature(by: key.key, of: event.bytesToSign) else {
                return .step(.sign(key, bytes: event.bytesToSign))
            }
            signatures.append(bytes)
        }
        return work(events, signatures, of: ceremony).next(
            after: done, made, by: key, signedAt: events.order.times.manifestSignedAt,
            events: signatures)
    }

    private func events(for record: KeyRecord, of ceremony: Ceremony) -> ResetEvents? {
        guard let moment = ceremony.vaultMoment, let times = HardReset.Times(at: moment.time),
            let key = VaultPublicKey(record.publicKey.point)
        else { return nil }
        return ResetEvents(
            ResetOrder(
                uid: terms.newUID, rootKey: key, actor: ResetTerms.actor, times: times),
            anchor: terms.anchor)
    }

    private func work(_ events: ResetEvents, _ signatures: [[UInt8]], of ceremony: Ceremony)
        -> VaultWork
    {
        VaultWork(
            ceremony: ceremony.id, vault: terms.newVault, root: terms.root,
            operation: .reset(
                events.order, of: terms.vault, genesis: signatures[0], observation: signatures[1]),
            signer: events.order.rootKey)
    }

    /// The record is the statement's, and the new key has signed its vault's birth and files.
    public func check(
        _ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) -> KeyRecord? {
        let record = try making.check(outcome, of: ceremony, at: time, in: state)
        guard let made = VaultOutcome(in: outcome), let events = events(for: record, of: ceremony)
        else { throw VaultOutcome.differs("what it says of the vault cannot be read") }
        guard made.events.count == 2, made.payloads.isEmpty,
            let vault = try? NewVault(
                events, genesis: made.events[0], observation: made.events[1])
        else { throw VaultOutcome.differs("the new key has not signed its vault") }
        // The whole vault follows from what was agreed on, the moment and the key.
        guard vault.manifest.root == made.root else {
            throw VaultOutcome.differs("its files are not those that a new vault has")
        }
        guard let files = try? vault.files(signature: made.manifest) else {
            throw VaultOutcome.differs("the new key does not stand for its vault's files")
        }
        guard files.compactMap(\.vaultFile) == made.files else {
            throw VaultOutcome.differs("its files are not those that a new vault has")
        }
        return record
    }

    /// The vault is made.
    public func afterwards(of ceremony: Ceremony) -> [Afterwards] {
        guard let record = ceremony.record, let made = VaultOutcome(in: ceremony.outcome),
            made.events.count == 2, let events = events(for: record, of: ceremony)
        else { return [] }
        var work = work(events, made.events, of: ceremony)
        work.manifestSignature = made.manifest
        return [
            Afterwards(
                "publish", .publish(VaultPublication(work, files: made.files)),
                result: .object(["root": .string("\(made.root)")]))
        ]
    }
}
