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
        in state: State
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
        endorser = oldKeyIsRevoked ? nil : oldKey?.place
        self.overlapDays = overlapDays
    }

    var fields: Fields {
        let old = oldKey.map { "\($0)" + (oldKeyIsRevoked ? " revoked" : "") }
        return [
            Field(name: "algorithm", value: "Ed25519"),
            Field(name: "token", value: token.uri),
            Field(name: "key-label", value: label),
            Field(name: "key-id", value: keyID.map { Hex.encode($0) } ?? "random"),
            Field(name: "old-key", value: old ?? "none"),
            Field(name: "overlap-days", value: String(overlapDays)),
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
        guard ceremony.execution != nil else { return .intent(intent(survey)) }
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
            guard let made = done.signature(by: signer.key) else {
                return .step(.sign(signer, bytes: bytes))
            }
            guard let signature = try? SSHSIG(signature: made, key: signer.key, namespace: .key)
            else {
                return .fail(
                    reason: "token-error", detail: "a signature came that is none of this key")
            }
            signatures.append(signature)
        }
        return .commit(outcome(record, key, signatures.map(\.blob)))
    }

    private func intent(_ survey: Survey) -> JSON {
        .object([
            "manufacturer": .string(token.manufacturer), "model": .string(token.model),
            "token_serial": .string(token.serial), "key_id": .string(Hex.encode(survey.keyID)),
            "label": .string(label), "inventory": .string(survey.inventory.hex),
        ])
    }

    private func record(_ key: GeneratedKey, id: [UInt8], of ceremony: Ceremony) -> KeyRecord {
        KeyRecord(
            log: ceremony.statement.log, mode: ceremony.statement.mode, ceremony: ceremony.id,
            statement: ceremony.digest, kind: ceremony.kind, subject: ceremony.statement.subject,
            publicKey: key.publicKey, token: token.uri, keyLabel: label, keyID: id,
            attributes: KeyMaking.attributes, attestation: nil, generated: key.generated,
            oldKey: oldKeyIsRevoked ? nil : oldKey, overlapDays: overlapDays)
    }

    /// The signatures are the new key's and, for a rotation, the old one's.
    private func outcome(_ record: KeyRecord, _ key: GeneratedKey, _ signatures: [[UInt8]]) -> JSON
    {
        var fields: [String: JSON] = [
            "record": .array(record.lines.map { .string($0) }),
            "evidence": .object([
                "attributes": .array(key.attributes.map { .string($0) }),
                "module": .string(key.module), "module_sha256": .string(key.moduleDigest.hex),
                "token": .string(token.uri),
            ]),
        ]
        for (name, signature) in zip(["sig_new", "sig_old"], signatures) {
            fields[name] = .string(Base64.encode(signature))
        }
        return .object(fields)
    }

    // MARK: Checks

    func checkIntent(_ intent: JSON?, in state: State) throws(Refusal) {
        guard let intent, case .object(let fields) = intent,
            case .string(let hex)? = fields["key_id"], let id = Hex.decode(hex),
            case .string(let inventory)? = fields["inventory"], let digest = Digest(hex: inventory),
            intent == self.intent(Survey(keyID: id, inventory: digest)),
            keyID.map({ $0 == id }) ?? (id.count == 16)
        else {
            throw Refusal(
                .outcomeDiffers, "The announced execution is not what the statement orders.",
                requirement: "FR69")
        }
    }

    func check(_ outcome: JSON, of ceremony: Ceremony, at time: Timestamp, in state: State)
        throws(Refusal) -> KeyRecord
    {
        let parts = try OutcomeParts(outcome)
        guard case .object(let intent)? = ceremony.execution?.intent,
            case .string(let hex)? = intent["key_id"], let id = Hex.decode(hex),
            let began = ceremony.execution?.time
        else { throw differs("there is no intent for it") }
        let record = parts.record
        let expected = self.record(
            GeneratedKey(
                publicKey: record.publicKey, attributes: parts.attributes, module: parts.module,
                moduleDigest: parts.moduleDigest, generated: record.generated),
            id: id, of: ceremony)
        guard record == expected else { throw differs("the key record is not the statement's") }
        // The clock may have been a little behind the log when it began.
        guard began - record.generated <= Limits.clockSlack, record.generated <= time else {
            throw differs("the key was generated at another time than the execution")
        }
        guard Set(KeyMaking.attributes).isSubset(of: parts.attributes), parts.token == token.uri
        else {
            throw differs("the attributes or the token read back are not those demanded")
        }
        let modules = state.roster.policy.modules
        guard modules.isEmpty || modules.contains("\(parts.moduleDigest)") else {
            throw differs("the policy does not allow the module \(parts.module)")
        }
        if let role = state.taken[record.publicKey.point] {
            throw Refusal(
                .keyTaken,
                "The public key \(record.fingerprint) stands in this log already, as \(role).",
                requirement: "FR69")
        }
        do {
            try SSHSIG(blob: parts.possession).verify(
                message: record.bytes, namespace: .key, by: record.publicKey)
        } catch {
            throw differs("the new key does not prove its possession: \(error)")
        }
        try checkEndorsement(parts.endorsement, of: record)
        return record
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
        Refusal(.outcomeDiffers, "The outcome cannot be committed: \(what).", requirement: "FR69")
    }
}

/// The outcome's fields, all of them and no others.
private struct OutcomeParts {
    let record: KeyRecord
    let possession: [UInt8]
    let endorsement: [UInt8]?
    let attributes: [String]
    let module: String
    let moduleDigest: Digest
    let token: String

    init(_ outcome: JSON) throws(Refusal) {
        do {
            var fields = try JSONFields(outcome, at: "outcome")
            let lines = try fields.strings("record")
            possession = try fields.parsed("sig_new", as: "base64", Base64.decode)
            endorsement =
                fields.has("sig_old")
                ? try fields.parsed("sig_old", as: "base64", Base64.decode) : nil
            var evidence = try fields.object("evidence")
            attributes = try evidence.strings("attributes")
            module = try evidence.string("module")
            moduleDigest = try evidence.parsed("module_sha256", as: "a digest") { Digest(hex: $0) }
            token = try evidence.string("token")
            try evidence.finish()
            try fields.finish()
            record = try KeyRecord(lines: lines)
        } catch {
            throw Refusal(.outcomeDiffers, "The outcome cannot be read: \(error).")
        }
    }
}
