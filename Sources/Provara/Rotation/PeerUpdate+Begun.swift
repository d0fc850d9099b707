// An update of a peer's copy that was interrupted while it was written. What is left of it is
// worked out from the copy as it is and from the signed events, as the update itself was: nothing
// that was put ready for it is believed.

extension PeerUpdate {
    /// What is left of an update that was begun; `nil` where none was.
    ///
    /// The log is written first, the keys then, manifest and root last. So until the manifest is
    /// written it says how the copy was before, and what is behind the log that it lists, or in
    /// `keys.json`, must be what the signed events of rotations come to.
    ///
    /// - Parameters:
    ///   - peer: the copy as it is.
    ///   - listed: the same, read with ``Vault/Options/readsListedLog``.
    ///   - other: the copy that was rotated; `nil` to go by the peer's own log alone.
    ///   - createdAt: when the new manifest is made.
    /// - Throws: ``RotationRefusal`` where something is wrong with the copy that no update of it
    ///   leaves behind.
    public init?(
        begunAt peer: Vault, listed: Vault, from other: Vault?, createdAt: VaultTime
    ) throws(RotationRefusal) {
        guard let first = peer.uncured.first else { return nil }
        if peer.isClosed(but: listed) {
            try self.init(ready: peer, from: other, createdAt: createdAt)
            return
        }
        // The log was cut off: what is behind its old end has to be the beginning of what the other
        // copy's rotations come to, which is seen when it is written.
        guard listed.uncured.isEmpty, listed.log.size < peer.log.size else {
            throw .notInOrder(violations: peer.uncured.count, first: first)
        }
        try self.init(ready: listed, from: other, createdAt: createdAt)
        guard !lines.isEmpty else {
            throw .notInOrder(violations: peer.uncured.count, first: first)
        }
    }
}

extension Vault {
    /// Whether nothing is wrong but that manifest and root are older than the log and the keys, and
    /// the log goes on from there with nothing but events of rotations.
    fileprivate func isClosed(but listed: Vault) -> Bool {
        let log = log.replay
        let before = listed.log.replay
        let isPrefix = !listed.findings.violations.contains {
            $0.rule == .staleManifest && $0.path?.isSame(as: VaultPath.events) == true
        }
        let added = log.rotationEvents.count - before.rotationEvents.count
        return isPrefix && log.lineCount - before.lineCount == added
            && uncured.allSatisfy { finding in
                switch finding.rule {
                case .staleRoot: true
                case .staleManifest:
                    [VaultPath.events, VaultPath.keys].contains {
                        finding.path?.isSame(as: $0) == true
                    }
                default: false
                }
            }
    }
}
