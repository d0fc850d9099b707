// What comes out of a kind that makes a key: field `outcome` of `ceremony.completed`. The rules,
// the bundle and the client read it here and nowhere else. FORMATS section 2.

/// What was read back and seen when a key was made.
public struct KeyEvidence: Sendable, Hashable {
    /// The attributes of the private key that were read back as true, by the key record's words.
    public var attributes: [String]
    /// The path of the module that was used.
    public var module: String
    /// Its digest.
    public var moduleDigest: Digest
    /// The token's URI.
    public var token: String
    /// The token's own attestation, where it gives one; the key record has its digest.
    public var attestation: [UInt8]?

    /// Evidence of its parts.
    public init(
        attributes: [String], module: String, moduleDigest: Digest, token: String,
        attestation: [UInt8]?
    ) {
        self.attributes = attributes
        self.module = module
        self.moduleDigest = moduleDigest
        self.token = token
        self.attestation = attestation
    }

    fileprivate static let schema = BodySchema(
        KeyEvidence.init,
        .required("attributes", \.attributes, .array(.string(.code))),
        .required("module", \.module, .string(.recordable)),
        .required("module_sha256", \.moduleDigest, .hexDigest),
        .required("token", \.token, .string(.tokenURI)),
        .optional("attestation", \.attestation, .base64))
}

/// A key record with the signatures that the new and the old key gave, and the evidence for it.
public struct KeyOutcome: Sendable, Hashable {
    /// The record (field `record`).
    public var record: KeyRecord
    /// The new key's SSHSIG over it (field `sig_new`).
    public var possession: [UInt8]
    /// The old key's (field `sig_old`), where it signs for its successor.
    public var endorsement: [UInt8]?
    /// What was read back (field `evidence`).
    public var evidence: KeyEvidence
    /// An object with what the kind has made besides the key (field `also`).
    public var also: JSON?

    /// An outcome of its parts; nothing is checked before it is read back.
    public init(
        record: KeyRecord, possession: [UInt8], endorsement: [UInt8]?, evidence: KeyEvidence,
        also: JSON? = nil
    ) {
        self.record = record
        self.possession = possession
        self.endorsement = endorsement
        self.evidence = evidence
        self.also = also
    }

    /// Reads the outcome of a kind that makes a key.
    ///
    /// - Throws: ``JSONError`` for anything that ``json`` does not write, and where the record
    ///   speaks of another attestation than the evidence holds.
    public init(_ outcome: JSON) throws(JSONError) {
        self = try ValueForm.nested(Self.schema).read(outcome, "outcome")
        guard record.attestation == evidence.attestation.map({ Digest(of: $0) }) else {
            throw JSONError(
                .field("outcome.evidence.attestation"),
                .expected("the attestation of which the key record speaks"))
        }
    }

    /// Whether an outcome is one of a kind that makes a key.
    public static func isMade(by outcome: JSON) -> Bool {
        guard case .object(let fields) = outcome else { return false }
        return fields["record"] != nil
    }

    /// As it stands in the event.
    public var json: JSON { .object(Self.schema.fields(of: self)) }

    private static let schema = BodySchema(
        KeyOutcome.init(record:possession:endorsement:evidence:also:),
        .required("record", \.record, .keyRecord),
        .required("sig_new", \.possession, .base64),
        .optional("sig_old", \.endorsement, .base64),
        .required("evidence", \.evidence, .nested(KeyEvidence.schema)),
        .optional("also", \.also, .object))
}

extension ValueForm where Value == KeyRecord {
    /// The lines of a key record.
    fileprivate static var keyRecord: Self {
        ValueForm(
            read: { json, path throws(JSONError) in
                let lines = try ValueForm<[String]>.document.read(json, path)
                do { return try KeyRecord(lines: lines) } catch {
                    throw JSONError(.field(path), .expected("a key record (\(error))"))
                }
            },
            write: { ValueForm<[String]>.document.write($0.lines) })
    }
}
