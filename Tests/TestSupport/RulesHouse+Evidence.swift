// The evidence of a house as an honest exporter writes it; a test spoils it afterwards.

public import CeremonyRecord
public import CeremonyRules

extension House {
    /// The checkpoint over the first events, or over all of them.
    public func checkpoint(size: Int? = nil, by key: SoftwareKey? = nil) throws -> SignedNote {
        let covered = lines.prefix(size ?? lines.count)
        let tree = MerkleTree(leaves: covered.map(TreeHash.leaf))
        let checkpoint = Checkpoint(origin: state.log.origin, head: tree.head)
        if key != nil || furtherLogKeys.isEmpty { return try note(checkpoint, by: key) }
        // The keys in force there, as far as the house holds them.
        let time = try covered.last.map { try Event(line: $0).time } ?? now
        let signatures = state.logKeys.groups(size: covered.count, time: time).compactMap { group in
            ([logKey] + furtherLogKeys).lazy.compactMap { key -> NoteSignature? in
                group.first { $0.publicKey == key.publicKey.point }.map {
                    NoteSignature(key.signature(over: checkpoint.text), by: $0)
                }
            }.first
        }
        return try SignedNote(text: checkpoint.text, signatures: signatures)
    }

    /// Puts another line into the log, past every rule: what the holder of the log key could do.
    public mutating func forge(_ line: [UInt8], at seq: Int) { lines[seq] = line }

    /// A checkpoint that says what it is told to, signed.
    public func note(_ checkpoint: Checkpoint, by key: SoftwareKey? = nil) throws -> SignedNote {
        let key = key ?? logKey
        guard let name = NoteKey(name: checkpoint.origin, publicKey: key.publicKey.point) else {
            preconditionFailure("an origin names a key")
        }
        return try checkpoint.signed(key.signature(over: checkpoint.text), by: name)
    }

    /// This log as its successor keeps it, and those that it goes on from.
    public var kept: [EarlierLog] {
        guard let note = try? checkpoint() else { preconditionFailure("a log has a head") }
        return [EarlierLog(events: lines.flatMap { $0 + [0x0a] }, checkpoint: note.bytes)] + earlier
    }

    /// Everything that an export writes.
    public func evidence() throws -> EvidenceFolder {
        var files = try EvidenceBundle.files(
            of: lines.map { try Event(line: $0) }, after: try History(earlier).events)
        files.merge(EarlierLog.files(of: earlier)) { $1 }
        let note = try checkpoint()
        files["log/checkpoint"] = note.bytes
        let tree = MerkleTree(leaves: lines.map(TreeHash.leaf))
        for ceremony in state.allCeremonies where ceremony.state == .completed {
            guard let seq = ceremony.end?.seq,
                let proof = tree.inclusionProof(of: seq, in: tree.size)
            else { continue }
            files[EvidenceBundle.proofPath(of: ceremony.id)] =
                try LogProof(proof, checkpoint: note).bytes
        }
        return EvidenceFolder(files: files).summed()
    }
}

extension EvidenceFolder {
    /// The same files with checksums that fit them.
    public func summed() -> EvidenceFolder {
        var copy = self
        copy.files["SHA256SUMS"] = nil
        let lines = copy.files.sorted { $0.key < $1.key }.map {
            "\(Digest(of: $0.value).hex)  \($0.key)\n"
        }
        copy.files["SHA256SUMS"] = Array(lines.joined().utf8)
        return copy
    }
}
