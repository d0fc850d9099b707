// Writes what a change of a vault gives out, and sees that it says truly what was there before.

import Testing

@testable import Provara

extension TestVault {
    /// Does what a publisher does, without its care.
    func publish(_ files: [PublishedFile]) throws {
        for file in files {
            let before: [UInt8]? = try? bytes(file.path)
            #expect(before.map { PublishedFile.State($0) } == file.before, "\(file.path)")
            switch file.content {
            case .whole(let bytes): try write(file.path, bytes)
            case .appended(let bytes): try write(file.path, (before ?? []) + bytes)
            }
            #expect(PublishedFile.State(try bytes(file.path)) == file.after, "\(file.path)")
        }
    }
}

extension Vault {
    /// A new key's word for a contested event in a change of its own, as any program may write it
    /// later on.
    func attesting(
        _ target: ContestedEvent, by key: TestKey, note: String, at moment: String,
        manifestCreatedAt: VaultTime
    ) throws -> VaultChange {
        let line = try PythonJSON(try line(of: target), .file)
        let payload = try #require(line.members?["payload"])
        let vouched = try #require(
            VouchedEvent(target.event.id, payload: payload.canonicalBytes))
        let tip = log.tip(of: "recovery_authority")
        let event = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.attestation, namespace: EventNamespace.canonical,
                actor: "recovery_authority", signer: key.id, logicalTime: tip.nextLogicalTime,
                previous: tip.last, time: try #require(VaultTime(moment))),
            payload: vouched.attestation(by: key.id, note: note))
        return VaultChange(
            of: self,
            appending: try event.line(signature: key.sign(event.bytesToSign), by: key.publicKey),
            registry: nil, createdAt: manifestCreatedAt)
    }
}
