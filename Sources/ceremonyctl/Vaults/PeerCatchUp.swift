// A peer's copy of a vault brought up to date after a rotation, from the signed events of the logs
// and never from the other's keys.json. Written as the daemon writes its own vaults, file by file,
// each whole or not at all. Interrupted, what is left is worked out from the copy and the logs
// again: nothing that lies beside the copy is believed.

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
        let staged = StagedChange(PeerCatchUp.name, beside: peer)
        let source = try other.map { try Vault.read(at: $0, reading([])) }
        let boundaries = source?.log.trustBoundaries ?? []
        let wentOn = try goOn(staged, source, boundaries)
        let copy = try Vault.read(at: peer, reading(boundaries))
        let update = try PeerUpdate(copy, from: source, createdAt: createdAt)
        var outcome = Outcome(wentOn: wentOn, vault: copy)
        if !update.isEmpty {
            outcome.written = try write(update, staged)
            outcome.events = update.lines.count
            outcome.vault = try Vault.read(at: peer, reading(boundaries))
            if let first = outcome.vault.findings.violations.first {
                throw RotationRefusal.wouldNotVerify(first)
            }
        }
        try staged.discard()
        _ = consume lock
        return outcome
    }

    /// What the folder beside the copy is called.
    static let name = "apply-rotation"

    private func write(_ update: PeerUpdate, _ staged: StagedChange) throws -> [String] {
        let files = update.change.files(signatureFile: nil)
        try boundary("begin")
        try staged.begin()
        try VaultWriter.publish(files, from: staged, to: peer, boundary: boundary)
        return files.map(\.path)
    }

    private func reading(_ boundaries: Set<EventID>) -> Vault.Options {
        var options = Vault.Options()
        options.vouchedKeys = vouched
        options.boundaries = boundaries
        return options
    }

    /// Finishes what an earlier call did not write to the end.
    private func goOn(_ staged: StagedChange, _ source: Vault?, _ boundaries: Set<EventID>) throws
        -> Bool
    {
        let copy = try Vault.read(at: peer, reading(boundaries))
        guard !copy.isInOrder else { return false }
        var asListed = reading(boundaries)
        asListed.readsListedLog = true
        let listed = try Vault.read(at: peer, asListed)
        // A copy that is wrong in the same way and that nobody here has begun to write is not
        // mended: nobody would know what made it so.
        guard try staged.isBegun() || listed.log.size < copy.log.size,
            let update = try PeerUpdate(
                begunAt: copy, listed: listed, from: source, createdAt: createdAt)
        else { return false }
        _ = try write(update, staged)
        return true
    }
}
