// What every kind has in common that makes a key in a token: the block of the statement, the steps,
// the intent, the key record, and what is checked of them. DESIGN section 3, steps 1 to 6.

public import CeremonyRecord
import HashTreeCollections

/// The making of one Ed25519 key in one token.
public struct KeyMaking: Hashable, Sendable {
    /// The receiving token.
    public let token: TokenReference
    /// CKA_LABEL: the ceremony's identifier, so that an object tells where it came from.
    public let label: String
    /// The CKA_ID that the statement names, for tokens with fixed slots; `nil`: 16 random bytes.
    public let keyID: [UInt8]?
    /// The key before this one.
    public let oldKey: Fingerprint?
    /// Whether that one is revoked, so that it cannot endorse its successor.
    public let oldKeyIsRevoked: Bool
    /// The key before this one, where it signs for its successor.
    public let endorser: SigningKey?
    /// Days in which both are valid; 0 where there is no overlap.
    public let overlapDays: Int

    /// The words that a key record lists, in order: what the gate demands of the private key.
    public static let attributes = [
        "local", "sensitive", "always-sensitive", "never-extractable", "private", "sign",
    ]

    init(
        _ parameters: [String: String], label: String, oldKey: KeyEntry?, overlapDays: Int,
        isEndorsed: Bool = true, in state: State
    ) throws(Refusal) {
        guard let uri = parameters["token"], let token = TokenReference(uri: uri) else {
            throw Refusal(
                .badParameter,
                "The receiving token must be named by token, manufacturer, model and serial.",
                next: "Choose one from: ceremonyctl tokens.")
        }
        guard state.roster.policy.accepts(manufacturer: token.manufacturer, mode: state.log.mode)
        else {
            throw Refusal(
                .softwareToken,
                "\(token.label) is a software token (\(token.manufacturer)), and this is a "
                    + "production log.",
                next: "Use a hardware token, or have the policy name this manufacturer.")
        }
        switch parameters["key-id"] ?? "random" {
        case "random": keyID = nil
        case let hex:
            guard let bytes = Hex.decode(hex), (1...32).contains(bytes.count) else {
                throw Refusal(
                    .badParameter, "key-id is random, or 1 to 32 bytes in hex.",
                    next: "Leave it out, or give the CKA_ID of the token's slot.")
            }
            keyID = bytes
        }
        self.token = token
        self.label = label
        self.oldKey = oldKey?.publicKey.fingerprint
        oldKeyIsRevoked = oldKey?.revocation != nil
        endorser = oldKeyIsRevoked || !isEndorsed ? nil : oldKey?.place
        self.overlapDays = overlapDays
    }

    var fields: Fields {
        let old = oldKey.map { "\($0)" + (oldKeyIsRevoked ? " revoked" : "") }
        return Fields(
            [Field(name: "algorithm", value: "Ed25519")] + place + [
                Field(name: "old-key", value: old ?? "none"),
                Field(name: "overlap-days", value: String(overlapDays)),
            ])
    }

    /// Where the key will be.
    var place: [Field] {
        [
            Field(name: "token", value: token.uri), Field(name: "key-label", value: label),
            Field(name: "key-id", value: keyID.map { Hex.encode($0) } ?? "random"),
        ]
    }

    static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        parameters["token"] = statement.fields["token"]
        parameters["key-id"] = statement.fields["key-id"]
        parameters["class"] = statement.subjectClass
        parameters["holder"] = statement.holder
        return parameters
    }

    // MARK: Steps

    func next(after done: [StepResult], of ceremony: Ceremony) -> Work {
        guard let survey = done.survey else {
            return .step(.survey(token: token, label: label, keyID: keyID))
        }
        if let endorser, !done.contains(.probed(endorser.key.fingerprint)) {
            return .step(.probe(endorser))
        }
        guard ceremony.execution != nil else { return .intent(intent(survey).json) }
        guard let key = done.generated else {
            return .step(.generate(token: token, keyID: survey.keyID, label: label))
        }
        let record = record(key, id: survey.keyID, of: ceremony)
        let bytes = SSHSIG.signedBytes(namespace: .key, message: record.bytes)
        let signers =
            [SigningKey(token: token, keyID: survey.keyID, key: key.publicKey)]
            + (endorser.map { [$0] } ?? [])
        var signatures: [SSHSIG] = []
        for signer in signers {
            guard let made = done.signature(by: signer.key, of: bytes) else {
                return .step(.sign(signer, bytes: bytes))
            }
            guard let signature = try? SSHSIG(signature: made, key: signer.key, namespace: .key)
            else {
                return .fail(
                    reason: "token-error", detail: "a signature came that is none of this key")
            }
            signatures.append(signature)
        }
        return .commit(outcome(record, key, signatures.map(\.blob)).json)
    }

    private func intent(_ survey: Survey) -> KeyIntent {
        KeyIntent(
            manufacturer: token.manufacturer, model: token.model, tokenSerial: token.serial,
            keyID: survey.keyID, label: label, inventory: survey.inventory)
    }

    private func record(_ key: GeneratedKey, id: [UInt8], of ceremony: Ceremony) -> KeyRecord {
        KeyRecord(
            log: ceremony.statement.log, mode: ceremony.statement.mode, ceremony: ceremony.id,
            statement: ceremony.digest, kind: ceremony.kind, subject: ceremony.statement.subject,
            publicKey: key.publicKey, token: token.uri, keyLabel: label, keyID: id,
            attributes: KeyMaking.attributes,
            attestation: key.attestation.map { Digest(of: $0) }, generated: key.generated,
            oldKey: oldKeyIsRevoked ? nil : oldKey, overlapDays: overlapDays)
    }

    /// The signatures are the new key's and, for a rotation, the old one's.
    private func outcome(_ record: KeyRecord, _ key: GeneratedKey, _ signatures: [[UInt8]])
        -> KeyOutcome
    {
        KeyOutcome(
            record: record, possession: signatures[0], endorsement: signatures.dropFirst().first,
            evidence: KeyEvidence(
                attributes: key.attributes, module: key.module, moduleDigest: key.moduleDigest,
                token: token.uri, attestation: key.attestation))
    }

    // MARK: Checks

    /// - Parameter also: What the kind announces besides the key.
    func checkIntent(_ intent: JSON?, also: JSON? = nil, in state: State) throws(Refusal) {
        guard let intent, let read = try? KeyIntent(intent), read.also == also,
            read.names == self.intent(Survey(keyID: read.keyID, inventory: read.inventory)),
            keyID.map({ $0 == read.keyID }) ?? (read.keyID.count == 16)
        else {
            throw Refusal(
                .outcomeDiffers, "The announced execution is not what the statement orders.",
                requirement: "FR69")
        }
    }

    func check(_ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State)
        throws(Refusal) -> KeyRecord
    {
        let made: KeyOutcome
        do { made = try KeyOutcome(outcome) } catch {
            throw Refusal(.outcomeDiffers, "The outcome cannot be read: \(error).")
        }
        let (record, evidence) = (made.record, made.evidence)
        guard Set(KeyMaking.attributes).isSubset(of: evidence.attributes),
            evidence.token == token.uri
        else {
            throw differs("the attributes or the token read back are not those demanded")
        }
        let modules = state.roster.policy.modules
        guard modules.isEmpty || modules.contains("\(evidence.moduleDigest)") else {
            throw differs("the policy does not allow the module \(evidence.module)")
        }
        try check(record, possession: made.possession, of: ceremony, at: time, in: state)
        try checkEndorsement(made.endorsement, of: record)
        return record
    }

    /// Refuses a key record that does not follow from the statement and the intent, or for which
    /// the new key does not stand.
    ///
    /// - Parameter time: Not before the key was generated.
    func check(
        _ record: KeyRecord, possession: [UInt8], of ceremony: Ceremony, at time: Timestamp,
        in state: State
    ) throws(Refusal) {
        guard let id = ceremony.announced?.keyID, let began = ceremony.execution?.time else {
            throw differs("there is no intent for it")
        }
        guard record == expected(record, id: id, of: ceremony) else {
            throw differs("the key record is not the statement's")
        }
        // The clock may have been a little behind the log when it began.
        guard began - record.generated <= Limits.clockSlack, record.generated <= time else {
            throw differs("the key was generated at another time than the execution")
        }
        if let role = state.taken[record.publicKey.point] {
            throw Refusal(
                .keyTaken,
                "The public key \(record.fingerprint) stands in this log already, as \(role).",
                next: "No key was registered. Have the token make a new one: start it again.",
                requirement: "FR69")
        }
        do {
            try SSHSIG(blob: possession).verify(
                message: record.bytes, namespace: .key, by: record.publicKey)
        } catch {
            throw differs("the new key does not prove its possession: \(error)")
        }
    }

    /// The record that the statement and the intent demand of this key, made at this time.
    private func expected(_ record: KeyRecord, id: [UInt8], of ceremony: Ceremony) -> KeyRecord {
        var expected = self.record(
            GeneratedKey(
                publicKey: record.publicKey, attributes: [], module: "",
                moduleDigest: .zero, generated: record.generated),
            id: id, of: ceremony)
        expected.attestation = record.attestation
        return expected
    }

    /// The old key signs for its successor exactly where it is neither lost nor suspect.
    private func checkEndorsement(_ endorsement: [UInt8]?, of record: KeyRecord) throws(Refusal) {
        guard let endorser else {
            guard endorsement == nil else { throw differs("no old key was to sign for it") }
            return
        }
        guard let endorsement else { throw differs("the old key has not signed for it") }
        do {
            try SSHSIG(blob: endorsement).verify(
                message: record.bytes, namespace: .key, by: endorser.key)
        } catch {
            throw differs("the old key's signature for it does not verify: \(error)")
        }
    }

    private func differs(_ what: String) -> Refusal {
        Refusal(
            .outcomeDiffers, "The outcome cannot be committed: \(what).",
            next: "No key was registered. Look at the token, then start it again.",
            requirement: "FR69")
    }
}
