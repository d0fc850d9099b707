// The part of an outcome that every kind which makes a key has in common: the record and the
// signatures over it. FORMATS section 2, `ceremony.completed`.

/// A key record with the signatures that the new and the old key gave.
public struct KeyOutcome: Sendable, Hashable {
    /// The record (field `record`).
    public let record: KeyRecord
    /// The new key's SSHSIG over it (field `sig_new`).
    public let possession: [UInt8]
    /// The old key's (field `sig_old`).
    public let endorsement: [UInt8]?
    /// The token's own attestation (`evidence.attestation`, base64), whose digest the record has.
    public let attestation: [UInt8]?

    /// Reads an outcome; `nil` when it has no record, as no key was made.
    ///
    /// - Throws: ``BundleError`` when there is a record, but not as it must be.
    public init?(_ outcome: JSON, at seq: Int) throws(BundleError) {
        guard case .object(let fields) = outcome, let lines = fields["record"] else { return nil }
        do {
            record = try KeyRecord(lines: KeyOutcome.strings(lines) ?? [])
        } catch {
            throw BundleError(seq: seq, problem: "holds no key record: \(error)")
        }
        guard let possession = KeyOutcome.bytes(fields["sig_new"]) else {
            throw BundleError(seq: seq, problem: "has no `sig_new` in base64")
        }
        self.possession = possession
        endorsement = KeyOutcome.bytes(fields["sig_old"])
        if case .object(let evidence)? = fields["evidence"] {
            attestation = KeyOutcome.bytes(evidence["attestation"])
        } else {
            attestation = nil
        }
        guard (fields["sig_old"] == nil) == (endorsement == nil) else {
            throw BundleError(seq: seq, problem: "has a `sig_old` that is not base64")
        }
        guard record.attestation == attestation.map({ Digest(of: $0) }) else {
            throw BundleError(
                seq: seq, problem: "has another attestation than its key record speaks of")
        }
    }

    private static func strings(_ json: JSON) -> [String]? {
        guard case .array(let items) = json else { return nil }
        var texts: [String] = []
        for item in items {
            guard case .string(let text) = item else { return nil }
            texts.append(text)
        }
        return texts
    }

    private static func bytes(_ json: JSON?) -> [UInt8]? {
        guard case .string(let text)? = json else { return nil }
        return TextForm<[UInt8]>.base64.read(text)
    }
}
