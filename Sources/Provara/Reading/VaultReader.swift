// Reads a whole vault: what lies there, the identity files, the log on all processors, and then
// whether the manifest, its root and its signature are those of exactly these bytes.

import Sodium

extension Vault {
    /// Reads and checks a vault.
    ///
    /// Blocks for as long as that takes; call it on a thread that may wait. It starts threads of
    /// its own for the log and ends them before it returns. Memory does not grow with the number of
    /// events. What does grow: about three hundred bytes for each file in the vault (a manifest is
    /// a list of them), two hundred for each actor, key and rotation, and three hundred for each
    /// event that is contested, up to the number that ``Options`` keeps.
    ///
    /// - Parameters:
    ///   - path: the directory; the last that may be a link.
    ///   - noting: called for every finding, in the order in which they are found, also for those
    ///     that are not kept.
    /// - Throws: ``VaultError`` where the vault could not be read, or changed meanwhile. What is
    ///   wrong in a vault that could be read is in ``findings``.
    public static func read(
        at path: String, _ options: Options = Options(),
        noting: @escaping (Finding) -> Void = { _ in }
    ) throws(VaultError) -> Vault {
        var reader = VaultReader(path, options, noting)
        return try reader.read(OpenFile(vault: path))
    }
}

/// The reading of one vault.
struct VaultReader {
    let path: String
    let options: Vault.Options
    let noting: (Vault.Finding) -> Void
    var findings: Vault.Findings
    /// Files that were read whole, so that what is hashed is what was understood.
    var held: [(path: String, bytes: [UInt8])] = []

    init(_ path: String, _ options: Vault.Options, _ noting: @escaping (Vault.Finding) -> Void) {
        self.path = path
        self.options = options
        self.noting = noting
        findings = Vault.Findings(limit: options.listedFindings)
    }

    mutating func note(_ finding: Vault.Finding) {
        findings.append(finding)
        noting(finding)
    }

    mutating func read(_ vault: consuming OpenFile) throws(VaultError) -> Vault {
        let listing = try VaultListing(vault)
        for finding in listing.findings { note(finding) }
        for required in VaultPath.required where !listing.contains(required) {
            note(Vault.Finding(.missingFile, "the file is not there", path: required))
        }
        let genesis = understood(try json(vault, VaultPath.genesis), VaultPath.genesis) {
            value throws(PayloadFault) in try GenesisRecord(value)
        }
        let registry = understood(try json(vault, VaultPath.keys), VaultPath.keys) {
            value throws(PayloadFault) in try KeyRegistry(value)
        }
        let contract = understood(try json(vault, VaultPath.contract), VaultPath.contract) {
            value throws(PayloadFault) in try SyncContract(value)
        }
        for policy in [VaultPath.safety, VaultPath.retention] { _ = try json(vault, policy) }

        let log = try readLog(vault, genesis, contract, registry)
        if let registry {
            for finding in IdentityCheck(registry, log.replay.keys).findings { note(finding) }
        }
        let manifest = try hash(listing, vault, log)
        let root = manifest.root
        try checkManifest(manifest, root, vault)
        let signature = try checkSignature(root, vault, log.replay.keys)
        noteUnsignedKeys(log.replay.keys, signature)
        try expectUnchanged(listing, vault)
        return Vault(
            path: path, findings: findings, manifest: manifest, root: root, genesis: genesis,
            registry: registry, contract: contract, signature: signature, log: log,
            unlisted: held.filter {
                [VaultPath.manifest, VaultPath.root, VaultPath.signature].contains($0.path)
            }
            .map { ManifestEntry(path: $0.path, bytes: $0.bytes) })
    }

    /// Looks once more, so that a vault that was written to meanwhile is not taken for one state.
    private func expectUnchanged(_ before: VaultListing, _ vault: borrowing OpenFile)
        throws(VaultError)
    {
        let after = try VaultListing(vault)
        guard after != before else { return }
        let changed = after.files.first { file in
            !before.files.contains { $0.path.isSame(as: file.path) && $0.stamp == file.stamp }
        }
        throw .changed(path: changed?.path ?? path)
    }
}

// MARK: - Files

extension VaultReader {
    /// The bytes of a file that has to be small; `nil` where it is not there.
    mutating func small(
        _ vault: borrowing OpenFile, _ path: String, limit: Int
    ) throws(VaultError) -> [UInt8]? {
        guard let file = try vault.file(path) else { return nil }
        let bytes = try file.read(at: 0, count: limit + 1)
        guard bytes.count <= limit else {
            note(Vault.Finding(.unreadable, "the file is longer than \(limit) bytes", path: path))
            return nil
        }
        held.append((path, bytes))
        return bytes
    }

    mutating func json(
        _ vault: borrowing OpenFile, _ path: String, _ limits: PythonJSON.Limits = .file
    ) throws(VaultError) -> PythonJSON? {
        guard let bytes = try small(vault, path, limit: limits.bytes) else { return nil }
        do throws(PythonJSONError) {
            return try PythonJSON(bytes, limits)
        } catch {
            note(
                Vault.Finding(
                    .unreadable, "the file is not the JSON it should be: \(error)", path: path))
            return nil
        }
    }

    private mutating func understood<Value>(
        _ value: PythonJSON?, _ path: String, _ read: (PythonJSON) throws(PayloadFault) -> Value
    ) -> Value? {
        guard let value else { return nil }
        do throws(PayloadFault) {
            return try read(value)
        } catch {
            note(Vault.Finding(.unreadable, error.text, path: path))
            return nil
        }
    }

    /// The entries of all files but those that a manifest leaves out.
    private mutating func hash(
        _ listing: VaultListing, _ vault: borrowing OpenFile, _ log: Vault.Log
    ) throws(VaultError) -> VaultManifest {
        var entries: [ManifestEntry] = []
        for (path, _) in listing.files {
            if path.isSame(as: VaultPath.privateKeys) {
                note(Vault.Finding(.privateKey, "this file is for private keys", path: path))
            } else if path.isSame(as: VaultPath.events) {
                entries.append(
                    ManifestEntry(path: path, sha256: log.digest.digest, size: log.size))
            } else if !VaultPath.notInManifest.contains(where: { $0.isSame(as: path) }) {
                entries.append(try hash(path, vault))
            }
        }
        return VaultManifest(entries)
    }

    private mutating func hash(_ path: String, _ vault: borrowing OpenFile) throws(VaultError)
        -> ManifestEntry
    {
        var traces = PrivateKeyTraces()
        var digest = SHA256State()
        var size = 0
        if let (_, bytes) = held.first(where: { $0.path.isSame(as: path) }) {
            digest.update(bytes)
            traces.look(at: bytes)
            size = bytes.count
        } else {
            guard let file = try vault.file(path) else { throw .changed(path: path) }
            while true {
                let piece = try file.read(atMost: 1 << 20)
                if piece.isEmpty { break }
                digest.update(piece)
                traces.look(at: piece)
                size += piece.count
            }
        }
        if traces.isFound {
            note(Vault.Finding(.privateKey, "this file seems to hold a private key", path: path))
        }
        return ManifestEntry(path: path, sha256: digest.digest, size: size)
    }
}

// MARK: - The log

extension VaultReader {
    private mutating func readLog(
        _ vault: borrowing OpenFile, _ genesis: GenesisRecord?, _ contract: SyncContract?,
        _ registry: KeyRegistry?
    ) throws(VaultError) -> Vault.Log {
        let end = options.readsListedLog ? try listedLogSize(vault) : nil
        var scan = RotationScan()
        if let file = try vault.file(VaultPath.events) {
            scan = try RotationScan(file, end: end, longestLine: options.longestLine)
        }
        let birth = BirthKeys(
            genesis: genesis, contract: contract, registry: registry, promoted: scan.promoted,
            vouched: options.vouchedKeys)
        for finding in birth.findings { note(finding) }
        var replay = LogReplay(
            keys: birth.standings, genesisFile: genesis,
            boundaries: scan.boundaries.union(options.boundaries),
            contestedLimit: options.listedContested)
        guard let file = try vault.file(VaultPath.events) else {
            return Vault.Log(size: 0, replay: replay, digest: SHA256State())
        }
        var blocks = LogBlocks(
            file, end: end, longestLine: options.longestLine, examines: true)
        let endsInLineFeed = try fold(&blocks, into: &replay)
        if !endsInLineFeed, blocks.size > 0 {
            note(
                Vault.Finding(
                    .noFinalLineFeed, "the last line does not end in a line feed",
                    line: replay.lineCount, path: VaultPath.events))
        }
        if blocks.traces.isFound {
            note(
                Vault.Finding(
                    .privateKey, "an event seems to hold a private key", path: VaultPath.events))
        }
        replay.finish { note($0) }
        return Vault.Log(size: blocks.size, replay: replay, digest: blocks.digest)
    }

    /// How long the log is by `manifest.json`; `nil` where that does not say.
    private func listedLogSize(_ vault: borrowing OpenFile) throws(VaultError) -> Int? {
        let limits = PythonJSON.Limits.manifest
        guard let file = try vault.file(VaultPath.manifest),
            let manifest = try? PythonJSON(try file.read(at: 0, count: limits.bytes + 1), limits),
            let entry = manifest.members?["files"]?.items?.first(where: {
                $0.members?["path"]?.text?.isSame(as: VaultPath.events) == true
            }), let size = entry.members?["size"]?.whole, size >= 0
        else { return nil }
        return size
    }

    /// Judges blocks on all threads and folds them in their order.
    ///
    /// - Returns: whether the last line ends in a line feed.
    private mutating func fold(_ blocks: inout LogBlocks, into replay: inout LogReplay)
        throws(VaultError) -> Bool
    {
        let line = WorkLine<(block: LogBlock, judge: LineJudge), [JudgedLine]>(
            threads: options.threads ?? WorkerThreads.processors
        ) { $0.judge.lines(of: $0.block) }
        defer { line.end() }
        var endsInLineFeed = false
        var prepared: [KeyID: PreparedKey] = [:]
        var isAtEnd = false
        while true {
            while !isAtEnd, line.hasRoom {
                guard let block = try blocks.next() else {
                    isAtEnd = true
                    break
                }
                endsInLineFeed = block.endsInLineFeed
                // The keys that are known by now; the fold sees to a signature by a later one.
                prepareKeys(&prepared, replay)
                let judge = LineJudge(
                    keys: replay.publicKeys, prepared: prepared, longestLine: options.longestLine)
                line.put((block, judge))
            }
            guard let (piece, lines) = line.take() else { return endsInLineFeed }
            for judged in lines {
                replay.fold(
                    judged, bytes: piece.block.bytes[judged.range],
                    offset: piece.block.offset + judged.range.lowerBound, note: { note($0) })
            }
        }
    }

    /// Makes tables for the keys that have signed much, for a few of them: each takes 165 kB.
    private func prepareKeys(_ prepared: inout [KeyID: PreparedKey], _ replay: LogReplay) {
        guard let enough = options.preparedAfter else { return }
        for standing in replay.keys.values
        where prepared.count < 16 && standing.eventCount >= enough
            && prepared[standing.id] == nil
        {
            prepared[standing.id] = standing.key.flatMap { PreparedKey($0) }
        }
    }
}
