// Brings a peer's copy of a vault up to date after a rotation. The package's sync carries events
// and not keys.json, so a peer refuses the new key's events until it knows the key; and it must not
// learn of it from another's keys.json, which nothing signs, but from the signed events.

/// What makes a peer's copy know the rotations of its own log, and of another copy's.
public struct PeerUpdate: Sendable {
    /// What is written.
    public let change: VaultChange
    /// The events that the peer's log did not have, as lines with their line feeds.
    public let lines: [[UInt8]]
    /// `keys.json` afterwards.
    public let registry: KeyRegistry
    /// Whether there was nothing to do: no event to take over and `keys.json` as the log says.
    public let isEmpty: Bool

    /// Works the update out.
    ///
    /// The peer may break no rule but those that say that its `keys.json` is behind its log. Events
    /// of rotations that only the other copy has, and what their actors attested, are taken over
    /// where they continue the peer's own chains and the whole still verifies; otherwise the copies
    /// have to be synchronised first.
    ///
    /// - Parameters:
    ///   - peer: the copy, read with the other's ``Vault/Log/trustBoundaries``.
    ///   - other: the copy that was rotated; `nil` to go by the peer's own log alone.
    ///   - createdAt: when the new manifest is made.
    public init(_ peer: Vault, from other: Vault?, createdAt: VaultTime) throws(RotationRefusal) {
        let uncured = peer.uncured
        if let first = uncured.first { throw .notInOrder(violations: uncured.count, first: first) }
        try self.init(ready: peer, from: other, createdAt: createdAt)
    }

    /// - Parameter peer: the copy, whose files but for its keys are known to be in order.
    init(ready peer: Vault, from other: Vault?, createdAt: VaultTime) throws(RotationRefusal) {
        if let seal = peer.log.seal { throw .sealed(seal) }
        guard let before = peer.registry else { throw .otherVault("the peer has no keys.json") }
        var lines: [[UInt8]] = []
        if let other {
            try Rotation.expectReady(other)
            guard let birth = peer.log.replay.genesis, let origin = other.log.replay.genesis,
                birth.event.id == origin.event.id
            else { throw .otherVault("their GENESIS events differ") }
            let known = Set(peer.log.replay.rotationEvents.map(\.reference.id))
            lines = other.log.replay.rotationEvents
                .filter { !known.contains($0.reference.id) }
                .map { $0.line + [UInt8(ascii: "\n")] }
        }
        let replay = try peer.log.continuing(with: lines)
        let registry = try Self.caughtUp(before, replay)
        self.lines = lines
        self.registry = registry
        isEmpty = lines.isEmpty && registry == before
        change = VaultChange(
            of: peer, appending: lines.flatMap { $0 },
            registry: registry == before ? nil : registry,
            createdAt: createdAt)
    }

    /// `keys.json` with every revocation and promotion of the log, in the log's order.
    private static func caughtUp(_ before: KeyRegistry, _ replay: LogReplay)
        throws(RotationRefusal) -> KeyRegistry
    {
        var registry = before
        do throws(PayloadFault) {
            for key in replay.keys.values.sorted(by: { $0.introducedOnLine < $1.introducedOnLine })
            {
                guard case .promotion(let event) = key.introduction, let publicKey = key.key,
                    let replaced = key.replaces, registry[key.id] == nil
                else { continue }
                registry = try registry.adding(
                    publicKey, roles: key.roles, inPlaceOf: replaced, by: event.id,
                    createdAt: key.promotedAt ?? "")
            }
            let revoked = replay.keys.values.compactMap { key in
                key.revocation.map { (key: key, revocation: $0) }
            }
            for (key, revocation) in revoked.sorted(by: {
                $0.revocation.event.line < $1.revocation.event.line
            }) {
                let entry = registry[key.id]
                if let entry, entry.saysEnded, entry.revocation == revocation.event.id { continue }
                registry = try registry.ending(
                    key.id, by: revocation.event.id, at: revocation.revokedAt, status: .retired)
            }
        } catch {
            throw .wouldNotVerify(Vault.Finding(.unreadable, error.text, path: VaultPath.keys))
        }
        let wrong = IdentityCheck(registry, replay.keys).findings
            .first { $0.severity == .violation }
        if let wrong { throw .wouldNotVerify(wrong) }
        return registry
    }
}

extension Vault {
    /// What a vault breaks that is not mended by writing its keys as the log says.
    var uncured: [Finding] { findings.violations.filter { !$0.rule.isCuredFromLog } }
}

extension KeyStanding {
    fileprivate var introducedOnLine: Int {
        if case .promotion(let event) = introduction { event.line } else { 0 }
    }
}
