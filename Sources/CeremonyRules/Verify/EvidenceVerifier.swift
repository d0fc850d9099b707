// Verifying exported evidence with nothing but the evidence and what the auditor brought along
// (FORMATS section 5). Pure: a bundle is paths and bytes. The log is folded by the daemon's own
// rules; everything else in the bundle is derived from it again and compared byte for byte.

public import CeremonyRecord

/// Evidence as it was read from a folder.
public struct EvidenceFolder: Sendable {
    /// Every plain file by its path from the bundle's root, parted by `/`.
    public var files: [String: [UInt8]]
    /// Paths of everything else but folders: links, devices, what could not be read.
    public var irregular: [String]

    /// Evidence from its files.
    public init(files: [String: [UInt8]], irregular: [String] = []) {
        self.files = files
        self.irregular = irregular
    }
}

/// What an auditor trusts before looking at the evidence. None of it comes from the bundle.
public struct Trust: Sendable {
    /// The SHA-256 of the genesis document; without it nothing verifies.
    public var genesis: Digest?
    /// A checkpoint of this log that was seen earlier: its bytes.
    public var seen: [UInt8]?
    /// Whether a rehearsal is what is wanted.
    public var allowsRehearsal: Bool

    /// What is trusted.
    public init(genesis: Digest?, seen: [UInt8]? = nil, allowsRehearsal: Bool = false) {
        self.genesis = genesis
        self.seen = seen
        self.allowsRehearsal = allowsRehearsal
    }
}

/// Checks an evidence bundle.
public struct EvidenceVerifier: Sendable {
    let evidence: EvidenceFolder
    let trust: Trust
    var result = Verification()
    var lines: [[UInt8]] = []
    var events: [Event] = []
    var tree = MerkleTree()
    var history: [History.Part] = []

    /// Checks everything there is to check, up to the first defect.
    public static func verify(_ evidence: EvidenceFolder, against trust: Trust) -> Verification {
        var verifier = EvidenceVerifier(evidence: evidence, trust: trust)
        do throws(Defect) {
            try verifier.checkFormat()
            try verifier.replayHistory()
            let state = try verifier.replay()
            try verifier.checkMode(state)
            let checkpoint = try verifier.checkHead(state)
            try verifier.checkSeen(state)
            try verifier.checkFiles(state, checkpoint)
            try verifier.checkSums()
            try verifier.checkGenesisWasGiven()
        } catch {
            verifier.result.defect = error
        }
        return verifier.result
    }

    private init(evidence: EvidenceFolder, trust: Trust) {
        self.evidence = evidence
        self.trust = trust
    }

    /// The content of a file that every bundle has.
    func file(_ path: String) throws(Defect) -> [UInt8] {
        guard let bytes = evidence.files[path] else {
            throw Defect(.missingFile, in: path, "The bundle has no \(path).")
        }
        return bytes
    }

    private mutating func checkFormat() throws(Defect) {
        if let path = evidence.irregular.sorted().first {
            throw Defect(.notAFile, in: path, "This is a link or another thing that is no file.")
        }
        guard let format = evidence.files["FORMAT"], format == Array(EvidenceBundle.format.utf8)
        else {
            throw Defect(
                .notABundle, in: "FORMAT",
                "The file FORMAT is not there, or does not say: ceremonyd-evidence v1.")
        }
        result.held("format", "The layout is that of ceremonyd-evidence v1.")
    }

    // MARK: The log

    /// The logs that this one says it goes on from, whose files stand below `predecessor/`.
    private mutating func replayHistory() throws(Defect) {
        let logs = EarlierLog.chain(in: EarlierLog.folder) { evidence.files[$0] }
        history = try History(logs).parts
        for part in history {
            let log = part.state.log
            result.held(
                "predecessor",
                "The earlier log \(log.origin), founded by \(log.genesis), holds: "
                    + "\(part.events.count) events with root \(part.tree.root), the first "
                    + "\(part.signed) of them under its signed head.")
        }
    }

    private mutating func replay() throws(Defect) -> State {
        lines = try Replay.lines(in: try file(Defect.events))
        var replay = Replay(after: history.last?.state)
        for line in lines {
            events.append(try replay.take(line))
            tree.append(leaf: TreeHash.leaf(line))
            result.state = replay.state
            if events.count == 1, let log = replay.state?.log { try checkGenesis(log) }
        }
        let state = try replay.finish()
        result.tree = tree
        result.held(
            "events",
            "All \(lines.count) events are canonical, chained and legal in their place; "
                + "every signature in them holds.")
        if let continues = state.log.document.continues {
            result.held(
                "succession",
                "The founders went on from \(continues.origin) at exactly that end: both logs are "
                    + "one history, with its keys and their subjects.")
        }
        return state
    }

    private mutating func checkGenesis(_ log: State.LogFacts) throws(Defect) {
        guard let genesis = trust.genesis else { return }
        guard log.genesis == genesis else {
            throw Defect(
                .genesisDiffers, in: "genesis/genesis.txt", at: 0,
                "The founding document is \(log.genesis), and you trust \(genesis).")
        }
        result.held("genesis", "The founding document is the one you trust, \(genesis).")
    }

    private func checkGenesisWasGiven() throws(Defect) {
        guard trust.genesis == nil else { return }
        let found = result.state.map { "\($0.log.genesis)" } ?? "unknown"
        throw Defect(
            .genesisNotGiven, in: "genesis/genesis.txt",
            "People are not checked: no genesis digest was given, and this log's is \(found).")
    }

    private mutating func checkMode(_ state: State) throws(Defect) {
        guard state.log.mode == .production || trust.allowsRehearsal else {
            throw Defect(
                .rehearsal, at: 0,
                "The log \(state.log.origin) is a rehearsal; to look at one: --rehearsal.")
        }
        result.held("mode", "The log is a \(state.log.mode.rawValue) log.")
    }
}
