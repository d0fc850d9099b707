// What this person's client remembers of a log, so that a daemon cannot show it another one: the
// digest of the founding document and the newest signed head seen (DESIGN 2.9). Trust on first use
// where nobody brought the digest; the client says so then.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Glibc

/// The memory of one log: a directory below `~/.local/state/ceremonyctl`.
struct TrustPin: Sendable {
    /// The log's origin.
    let origin: String
    /// Where the memory is kept.
    let directory: String

    /// The memory of a log in this user's state directory (`XDG_STATE_HOME`, else
    /// `~/.local/state`).
    ///
    /// - Throws: `no-home` (78).
    init(origin: String) throws(ClientError) {
        self.init(origin: origin, below: try Home.state + "/ceremonyctl")
    }

    /// The memory of a log below another directory.
    init(origin: String, below directory: String) {
        self.origin = origin
        // An origin may hold slashes and dots; without slashes it is one name and no way upwards,
        // because it begins with a letter.
        self.directory =
            directory + "/"
            + origin.utf8.map { $0 == UInt8(ascii: "/") ? "~" : letter($0) }.joined()
    }

    /// The digest of the founding document that was pinned; `nil` before the first time.
    ///
    /// - Throws: `trust-pin` (78) where the file cannot be read as one.
    func genesis() throws(ClientError) -> Digest? {
        guard let line = try line(of: "genesis") else { return nil }
        guard let digest = Digest(line) else { throw damaged("genesis") }
        return digest
    }

    /// The newest head seen; `nil` before the first time.
    ///
    /// Its signature was verified when it was taken.
    /// - Throws: `trust-pin` (78) where the file cannot be read as one.
    func head() throws(ClientError) -> TreeHead? {
        let path = directory + "/checkpoint"
        guard Files.exists(path) else { return nil }
        let bytes = try Files.read(path)
        do {
            let checkpoint = try Checkpoint(text: try SignedNote(bytes).text)
            guard checkpoint.origin.utf8.elementsEqual(origin.utf8) else {
                throw damaged("checkpoint")
            }
            return checkpoint.head
        } catch {
            throw damaged("checkpoint")
        }
    }

    /// The log keys in force at the newest head seen, where the log has changed those of its
    /// founding document: of each group one must have signed a head. `nil` before the first change.
    ///
    /// - Throws: `trust-pin` (78) where the file cannot be read as one.
    func logKeys() throws(ClientError) -> [[NoteKey]]? {
        let path = directory + "/log-keys"
        guard Files.exists(path) else { return nil }
        let bytes = try Files.read(path, bytesMax: 65_536)
        guard bytes.last == 10 else { throw damaged("log-keys") }
        return try bytes.dropLast().split(separator: 10, omittingEmptySubsequences: false).map {
            line throws(ClientError) in
            try line.split(separator: 32, omittingEmptySubsequences: false).map {
                word throws(ClientError) in
                guard let key = NoteKey(vkey: String(decoding: word, as: UTF8.self)) else {
                    throw damaged("log-keys")
                }
                return key
            }
        }
    }

    /// Remembers the founding document, or compares it with the one remembered.
    ///
    /// - Returns: whether it was the first time.
    /// - Throws: `genesis-mismatch` (1) naming both digests.
    @discardableResult
    func pin(genesis digest: Digest) throws(ClientError) -> Bool {
        if let known = try genesis() {
            guard known == digest else {
                throw ClientError(
                    .refused, "genesis-mismatch",
                    "The log \(origin) was founded by \(known), and the daemon now shows \(digest).",
                    meaning: "This is another log under the same name. Nothing was signed.",
                    next: "Compare the digest with the paper copy of the founding document. If the "
                        + "new one is right, remove \(directory) yourself.", requirement: "VAL-2")
            }
            return false
        }
        try Files.makeDirectory(directory)
        try Files.replace(directory + "/genesis", Array((digest.description + "\n").utf8))
        return true
    }

    /// Takes a newer signed head as seen, where it continues the one remembered.
    ///
    /// A signed head that does not continue it is kept beside it: the two together prove what the
    /// holder of the log key did.
    /// The log keys are remembered with it and no earlier: what a head says that does not continue
    /// the one remembered, or that lies before it, is no news of the log.
    /// - Parameters:
    ///   - note: the signed head that the daemon shows.
    ///   - keys: the log keys in force at it, of each group one, as genesis and events say, never
    ///     the note.
    ///   - areNews: whether these keys are others than those that were known.
    ///   - consistency: the proof that the remembered tree is a prefix of the one shown; asked for
    ///     only where the log has grown.
    ///   - isOlderView: whether a smaller head is an honest earlier view of the log that is known;
    ///     nothing is remembered of it then.
    /// - Returns: the head, verified, and whether it is the newest that was ever seen.
    /// - Throws: `checkpoint` (1) where a signature does not hold, `log-shrank` or `log-forked` (1)
    ///   naming both heads, and what the closure throws.
    @discardableResult
    func advance(
        to note: SignedNote, signedBy keys: [[NoteKey]], areNews: Bool = false,
        consistency: (_ known: TreeHead, _ shown: TreeHead) throws(ClientError) -> ConsistencyProof,
        isOlderView: (_ known: TreeHead, _ shown: TreeHead) throws(ClientError) -> Bool = { _, _ in
            false
        }
    ) throws(ClientError) -> (head: TreeHead, isNewest: Bool) {
        let shown = try verified(note, signedBy: keys)
        try Files.makeDirectory(directory)
        let lock = try lock()
        defer { close(lock) }
        let known = try head()
        if let known, shown != known {
            if shown.size < known.size, try isOlderView(known, shown) { return (shown, false) }
            if shown.size < known.size { throw try refused("log-shrank", known, shown, note) }
            if shown.size == known.size { throw try refused("log-forked", known, shown, note) }
            let proof = try consistency(known, shown)
            guard proof.from == known.size, proof.to == shown.size,
                proof.proves(old: known.root, isPrefixOf: shown.root)
            else { throw try refused("log-forked", known, shown, note) }
        }
        if shown != known { try Files.replace(directory + "/checkpoint", note.bytes) }
        // The head first: keys that are missing are learnt again from the log.
        if areNews { try remember(logKeys: keys) }
        return (shown, true)
    }

    private func remember(logKeys groups: [[NoteKey]]) throws(ClientError) {
        let text = groups.map { $0.map(\.vkey).joined(separator: " ") + "\n" }.joined()
        try Files.replace(directory + "/log-keys", Array(text.utf8))
    }

    /// Verifies a signed head and remembers nothing of it.
    ///
    /// - Throws: `checkpoint` (1) where a signature does not hold.
    func verified(_ note: SignedNote, signedBy keys: [[NoteKey]]) throws(ClientError) -> TreeHead {
        do {
            try LogKeys.check(note, by: keys)
            let checkpoint = try Checkpoint(text: note.text)
            if checkpoint.origin.utf8.elementsEqual(origin.utf8) { return checkpoint.head }
            throw NoteError.otherOrigin(checkpoint.origin)
        } catch {
            throw ClientError(
                .refused, "checkpoint", "The head that the daemon shows does not hold: \(error).",
                meaning: "Nothing it says can be relied on. Nothing was signed.",
                next: "Tell the operator and the other custodians.", requirement: "VAL-2")
        }
    }

    private func refused(
        _ code: String, _ known: TreeHead, _ shown: TreeHead, _ note: SignedNote
    ) throws(ClientError) -> ClientError {
        let evidence = "\(directory)/refused-\(shown.size)-\(shown.root.hex.prefix(16))"
        if !Files.exists(evidence) { try Files.create(evidence, note.bytes, mode: 0o600) }
        return ClientError(
            .refused, code,
            "The newest head seen of \(origin) has \(known.size) events and root \(known.root). The "
                + "daemon now shows \(shown.size) events and root \(shown.root), "
                + (code == "log-shrank" ? "which is older." : "which does not continue it."),
            meaning: "The log was rolled back or replaced. Nothing was signed.",
            next:
                "Keep both signed heads (\(directory)/checkpoint and \(evidence)), tell the other "
                + "custodians, and let nobody sign before the operator has explained it."
                + (code == "log-shrank"
                    ? " Where an older state directory was put back, the operator puts the newest one "
                        + "in its place, or brings the missing events back from an export that reaches "
                        + "event \(known.size - 1), with the daemon stopped: ceremonyd import --bundle "
                        + "DIR." : ""),
            requirement: "VAL-2")
    }

    /// Two clients of one person must not put an older head over a newer one.
    private func lock() throws(ClientError) -> Int32 {
        let descriptor = unsafe open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
            throw damaged("lock")
        }
        return descriptor
    }

    private func line(of name: String) throws(ClientError) -> String? {
        let path = directory + "/" + name
        guard Files.exists(path) else { return nil }
        let bytes = try Files.read(path, bytesMax: 4096)
        guard bytes.last == 10, bytes.filter({ $0 == 10 }).count == 1 else { throw damaged(name) }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    private func damaged(_ name: String) -> ClientError {
        ClientError(
            .configuration, "trust-pin", "\(directory)/\(name) cannot be used.",
            meaning: "What this client knows of the log is lost; nothing was signed.",
            next: "Look at it; remove \(directory) only if you can compare the log's founding "
                + "digest and head with another custodian.")
    }
}

private func letter(_ byte: UInt8) -> String { String(decoding: [byte], as: UTF8.self) }

/// The directories of the user who runs this.
enum Home {
    /// For what programs remember.
    static var state: String {
        get throws(ClientError) { try directory("XDG_STATE_HOME", "/.local/state") }
    }

    /// For what people write.
    static var configuration: String {
        get throws(ClientError) { try directory("XDG_CONFIG_HOME", "/.config") }
    }

    private static func directory(_ variable: String, _ below: String) throws(ClientError) -> String
    {
        if let value = unsafe getenv(variable), unsafe value.pointee == CChar(bitPattern: 0x2f) {
            return unsafe String(cString: value)
        }
        guard let home = unsafe getenv("HOME"), unsafe home.pointee == CChar(bitPattern: 0x2f)
        else {
            throw ClientError(
                .configuration, "no-home", "HOME does not name a directory.",
                meaning: "Nothing was signed and nothing was sent.",
                next: "Set HOME to your home directory.")
        }
        return unsafe String(cString: home) + below
    }
}
