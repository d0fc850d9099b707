// A peer's copy of a vault brought up to date after a rotation, from the signed events of the logs
// and never from the other's keys.json. Written as the daemon writes its own vaults: put ready
// beside the copy first, then file by file, each whole or not at all, gone on with wherever it
// stopped.

import Provara

/// One copy and the vault that it follows.
struct PeerCatchUp {
    /// What came of it.
    struct Outcome {
        /// Whether something was found half done and finished first.
        var wentOn = false
        /// How many events were taken over.
        var events = 0
        /// What was written, in the order in which it was.
        var written: [String] = []
        /// The copy as it is now.
        var vault: Vault
    }

    /// The directory of the copy.
    let peer: String
    /// The directory of the vault that was rotated; `nil` to go by the copy's own log.
    let other: String?
    /// Keys that are there from birth although no birth document names them.
    var vouched: Set<KeyID> = []
    /// When the new manifest is made.
    let createdAt: VaultTime
    /// Called before every write; what it throws stops there, as a crash would. For tests.
    var boundary: (String) throws -> Void = { _ in }

    /// Does what is not done yet.
    ///
    /// - Throws: `PublishingError`, `VaultError`, `RotationRefusal`: nothing was written, or it is
    ///   gone on with by the next call.
    func perform() throws -> Outcome {
        let lock = try VaultLock(peer)
        let staged = StagedChange("apply-rotation", beside: peer)
        let wentOn = try goOn(staged)
        let source = try other.map { try Vault.read(at: $0, reading([])) }
        let boundaries = source?.log.trustBoundaries ?? []
        let copy = try Vault.read(at: peer, reading(boundaries))
        let update = try PeerUpdate(copy, from: source, createdAt: createdAt)
        guard !update.isEmpty else {
            _ = consume lock
            return Outcome(wentOn: wentOn, vault: copy)
        }
        let files = update.change.files(signatureFile: nil)
        try staged.put(files, boundary: boundary)
        try VaultWriter.publish(files, from: staged, to: peer, boundary: boundary)
        let written = try Vault.read(at: peer, reading(boundaries))
        if let first = written.findings.violations.first {
            throw RotationRefusal.wouldNotVerify(first)
        }
        try staged.discard()
        _ = consume lock
        return Outcome(
            wentOn: wentOn, events: update.lines.count, written: files.map(\.path), vault: written)
    }

    private func reading(_ boundaries: Set<EventID>) -> Vault.Options {
        var options = Vault.Options()
        options.vouchedKeys = vouched
        options.boundaries = boundaries
        return options
    }

    /// Finishes what an earlier call put ready and did not write to the end. What it had not begun
    /// to write is worked out anew.
    private func goOn(_ staged: StagedChange) throws -> Bool {
        guard let files = staged.files() else { return false }
        let progress = try files.map { try $0.progress(in: peer) }
        guard progress.contains(where: { $0 != .before }) else { return false }
        if progress.contains(.other) {
            // Whoever mended the copy meanwhile has taken the place of what was put ready.
            guard try Vault.read(at: peer, reading([])).isInOrder else {
                let place = zip(files, progress).first { $1 == .other }
                throw PublishingError.changed(path: place?.0.path ?? peer)
            }
            return false
        }
        try VaultWriter.publish(files, from: staged, to: peer, boundary: boundary)
        try staged.discard()
        return true
    }
}
