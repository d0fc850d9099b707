// An event that a new key stands for although it came after its predecessor's trust boundary. What
// the new key signs follows from the event's id and payload alone, so that whoever has these two
// works the same ATTESTATION out without the vault.

import Sodium

/// A contested event and what it says.
public struct VouchedEvent: Hashable, Sendable {
    /// The event.
    public let event: EventID
    /// Its payload, in canonical form.
    public let payload: [UInt8]

    /// An event and its payload.
    ///
    /// - Returns: `nil` where the bytes are not the canonical form of an object, or of one whose
    ///   content was redacted.
    public init?(_ event: EventID, payload: [UInt8]) {
        guard let object = VouchedEvent.object(payload),
            PythonJSON.object(object).canonicalBytes == payload,
            object["redacted"] != .bool(true)
        else { return nil }
        self.event = event
        self.payload = payload
    }

    /// The SHA-256 of the payload: what a re-attestation calls the evidence.
    public var hash: [UInt8] { SHA256.hash(payload) }

    /// The payload of the ATTESTATION, in the form that the reference reducer honours: it looks
    /// neither at the target nor at the evidence, and believes subject, predicate and value, so
    /// these are copied from the event.
    func attestation(by signer: KeyID, note: String) -> PythonObject {
        var attestation: PythonObject = [
            "target_event_id": .string(event.description),
            "status": "verified_legitimate",
            "evidence_hash": .string(Hex.encode(hash)),
            "actor_key_id": .string(signer.description),
            "note": .string(note),
        ]
        let said = VouchedEvent.object(payload) ?? PythonObject()
        for name in ["subject", "predicate", "value"] {
            if let value = said[name] { attestation[name] = value }
        }
        return attestation
    }

    private static func object(_ bytes: [UInt8]) -> PythonObject? {
        (try? PythonJSON(bytes, PythonJSON.Limits(bytes: bytes.count)))?.members
    }
}

// MARK: - Which events a new key may stand for

extension Vault {
    /// The events that the successor of a key would stand for, with what they say.
    ///
    /// These are events that the boundary makes contested, and such as an earlier revocation made
    /// so where the key that goes had taken the place of the one revoked then. They come in the
    /// order of the log, because the reducer believes whatever was attested last. The vault has to
    /// be read with the boundary in ``Options/boundaries``, and with the events for a plain answer.
    ///
    /// - Parameter boundary: the trust boundary; `nil` for the last event of the key.
    /// - Throws: ``RotationRefusal/notContested(_:why:)``; ``VaultError`` where the log cannot be
    ///   read any more.
    public func vouched(
        _ events: [EventID], revoking key: KeyID, boundary: EventID?
    ) throws -> [VouchedEvent] {
        guard !events.isEmpty else { return [] }
        var replay = log.replay
        let place = EventReference(id: events[0], line: replay.lineCount + 1)
        if let watched = boundary.flatMap({ replay.boundaries[$0] }) {
            replay.contest(key, after: watched, by: place)
        }
        let all = try replay.contested(events, for: key, by: place)
        return try all.map { contested in
            let id = contested.event.id
            let value = try PythonJSON(
                try line(of: contested), PythonJSON.Limits(bytes: contested.length))
            guard value.members?["payload"]?.members?["redacted"] != .bool(true) else {
                throw RotationRefusal.notContested(
                    id, why: "has lost its content to a redaction, so that nobody can stand for it")
            }
            guard let payload = value.members?["payload"],
                let vouched = VouchedEvent(id, payload: payload.canonicalBytes),
                vouched.hash == contested.payloadHash
            else { throw VaultError.changed(path: VaultPath.events) }
            return vouched
        }
    }
}

extension Vault {
    /// The line of a contested event, without its line feed, read from the disk once more.
    ///
    /// - Throws: ``VaultError/changed(path:)`` where it is no longer that event.
    func line(of event: ContestedEvent) throws(VaultError) -> [UInt8] {
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

extension LogReplay {
    /// Contested events for which the successor of a key may speak, in the order of the log.
    ///
    /// - Parameter place: where that key is revoked.
    func contested(_ ids: [EventID], for key: KeyID, by place: EventReference)
        throws(RotationRefusal) -> [ContestedEvent]
    {
        var events: [ContestedEvent] = []
        for id in ids {
            let event = try contested(id, for: key, by: place)
            if let last = events.last, last.event.line >= event.event.line {
                throw .notContested(
                    id,
                    why:
                        "does not come after \(last.event) in the log. They are attested in the log's "
                        + "order, because what is attested last is believed; name each once, in "
                        + "that order")
            }
            events.append(event)
        }
        return events
    }

    private func contested(_ id: EventID, for key: KeyID, by place: EventReference)
        throws(RotationRefusal) -> ContestedEvent
    {
        guard let event = contested[id] else {
            if let watched = boundaries[id], watched.passed == nil {
                throw .notContested(id, why: "is no event of this vault's log")
            }
            let unlisted = contested.count - contested.kept.count
            throw .notContested(
                id,
                why: unlisted == 0
                    ? "is not contested, neither by this trust boundary nor by an earlier one"
                    : "is none of the first \(contested.kept.count) contested events, and the "
                        + "\(unlisted) after them are only counted")
        }
        if let earlier = event.attestedBy {
            throw .notContested(id, why: "was attested again already by \(earlier)")
        }
        guard event.revocation == place || isSuccessor(key, in: event.revocation) else {
            throw .notContested(
                id,
                why:
                    "is contested since \(event.revocation), and only a key that took the place of "
                    + "the one revoked there may stand for it")
        }
        guard event.claim.digest == nil || EventType.isBelieved(event.type) else {
            throw .notContested(
                id,
                why:
                    "is of the type \(event.type.printable), from which the reducer takes no belief, "
                    + "and it would take one from an attestation of it. Have the new key sign such an "
                    + "event of its own")
        }
        return event
    }
}
