// The new key's word for an event that its predecessor signed after the trust boundary. In the form
// that the reference reducer honours: it never looks at target or evidence, and believes subject,
// predicate and value, so these are copied from the event.

/// A re-attestation of a contested event, ready to be signed.
public struct ReAttestation: Sendable {
    /// The ATTESTATION.
    public let event: UnsignedEvent
    private let vault: Vault

    /// Works a re-attestation out.
    ///
    /// - Parameters:
    ///   - target: one of ``Vault/Log/contested``.
    ///   - line: the event's line, from ``Vault/line(of:)``.
    ///   - signer: the key that took the revoked one's place.
    ///   - note: a sentence for people.
    public init(
        _ vault: Vault, of target: ContestedEvent, line: [UInt8], signer: KeyID,
        actor: String = "recovery_authority", note: String, time: VaultTime
    ) throws(RotationRefusal) {
        try Rotation.expectReady(vault)
        guard vault.log.latestTime.precedes(time.description) else {
            throw .time(time, notAfter: vault.log.latestTime)
        }
        guard let read = try? PythonJSON(line, PythonJSON.Limits(bytes: line.count)),
            let original = read.members?["payload"]?.members,
            original.canonicalHash == target.payloadHash
        else { throw .unknownBoundary(target.event.id) }
        var payload: PythonObject = [
            "target_event_id": .string(target.event.id.description),
            "status": "verified_legitimate",
            "evidence_hash": .string(Hex.encode(target.payloadHash)),
            "actor_key_id": .string(signer.description),
            "note": .string(note),
        ]
        for name in ["subject", "predicate", "value"] {
            if let value = original[name] { payload[name] = value }
        }
        let tip = vault.log.tip(of: actor)
        event = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.attestation, namespace: EventNamespace.canonical, actor: actor,
                signer: signer, logicalTime: tip.nextLogicalTime, previous: tip.last, time: time),
            payload: payload)
        self.vault = vault
    }

    /// Puts the signature to it and works out what is written.
    ///
    /// - Throws: ``RotationRefusal`` where the signature is not right, or the attestation would not
    ///   be honoured.
    public func change(
        signature: [UInt8], by key: VaultPublicKey, manifestCreatedAt: VaultTime
    ) throws(RotationRefusal) -> VaultChange {
        let line: [UInt8]
        do throws(UnsignedEvent.SignatureMismatch) {
            line = try event.line(signature: signature, by: key)
        } catch {
            throw .signature(error)
        }
        let replay = try vault.log.continuing(with: [line])
        guard replay.contested.kept.contains(where: { $0.attestedBy?.id == event.id }) else {
            throw .wouldNotVerify(
                Vault.Finding(
                    .badAttestation, "\(key.id) is not the key that took the revoked one's place",
                    event: event.id))
        }
        return VaultChange(
            of: vault, appending: line, registry: nil, createdAt: manifestCreatedAt)
    }
}

extension Vault {
    /// The line of a contested event, without its line feed, read from the disk once more.
    ///
    /// - Throws: ``VaultError/changed(path:)`` where it is no longer that event.
    public func line(of event: ContestedEvent) throws(VaultError) -> [UInt8] {
        let directory = try OpenFile(vault: path)
        guard let file = try directory.file(VaultPath.events) else {
            throw .changed(path: VaultPath.events)
        }
        let line = try file.read(at: event.offset, count: event.length)
        guard let value = try? PythonJSON(line, PythonJSON.Limits(bytes: event.length)),
            value.members?["event_id"]?.text == event.event.id.description
        else { throw .changed(path: VaultPath.events) }
        return line
    }
}
