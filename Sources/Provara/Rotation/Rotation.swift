// A key rotation, worked out: two events, to be signed by surviving authorities, what the new key
// attests of the old one's contested events, and then the files. Follows the rotation ceremony's
// steps 3 to 6 where the reference implementation allows it.

/// A rotation that is ready to be signed.
///
/// `Rotation(vault, order)`, then the signatures and
/// ``signed(revocation:by:promotion:by:attestations:)``, then a signature over
/// ``SignedRotation/manifestSignature`` and ``SignedRotation/files(signature:by:)``.
public struct Rotation: Sendable {
    /// The order.
    public let order: RotationOrder
    /// The KEY_REVOCATION. Comes first in the log.
    public let revocation: UnsignedEvent
    /// The KEY_PROMOTION. Comes second.
    public let promotion: UnsignedEvent
    /// The ATTESTATIONs of contested events that the new key stands for. They follow.
    public let attestations: [UnsignedEvent]
    /// What came after the trust boundary and is contested from then on, as far as it is kept.
    public let contested: [ContestedEvent]
    /// How many events that is.
    public let contestedCount: Int
    /// Whether `provara verify` accepts the vault afterwards. It refuses every event of a key whose
    /// status is `revoked`, also those from long before.
    public let isAcceptedByReference: Bool
    private let vault: Vault

    /// Works a rotation out.
    ///
    /// - Throws: ``RotationRefusal`` where a rule is in the way, on either side.
    public init(_ vault: Vault, _ order: RotationOrder) throws(RotationRefusal) {
        try Self.expectReady(vault)
        let authorities = [order.revoker, order.promoter]
        try Self.expectOthers(vault, authorities, than: order.newKey)
        let old = try Self.expectKeys(vault, order.revoke, authorities)
        try Self.expectNewKey(vault, order)
        var replay = vault.log.replay
        let reference = try Self.expectBoundary(&replay, order.boundary, old, authorities)
        try Self.expectTimes(vault, order.times)
        let tip = vault.log.tip(of: order.actor)
        let events = RotationEvents(order, after: tip.last, nextLogicalTime: tip.nextLogicalTime)
        revocation = events.revocation
        promotion = events.promotion
        attestations = events.attestations
        let place = EventReference(id: revocation.id, line: reference)
        let before = replay.contested.count
        if let boundary = order.boundary.flatMap({ replay.boundaries[$0] }) {
            replay.contest(order.revoke, after: boundary, by: place)
        }
        let vouched = order.vouchings.map(\.event)
        let targets = try replay.contested(vouched.map(\.event), for: order.revoke, by: place)
        for (target, said) in zip(targets, vouched) where target.payloadHash != said.hash {
            throw .notContested(target.event.id, why: "says something else than was vouched for")
        }
        contested = replay.contested.kept.filter { $0.revocation == place }
        contestedCount = replay.contested.count - before
        isAcceptedByReference = order.status == .retired || old.eventCount == 0
        self.order = order
        self.vault = vault
    }

    /// Puts the signatures to the events.
    ///
    /// - Parameters: for each event, the 64 bytes made over ``UnsignedEvent/bytesToSign`` and the
    ///   key that made them; for each of ``attestations`` those that the new key made.
    /// - Throws: ``RotationRefusal`` where a signature is not right, or the vault would not verify
    ///   with the events in it, or an attestation would not be honoured.
    public func signed(
        revocation revocationSignature: [UInt8], by revoker: VaultPublicKey,
        promotion promotionSignature: [UInt8], by promoter: VaultPublicKey,
        attestations signatures: [[UInt8]] = []
    ) throws(RotationRefusal) -> SignedRotation {
        var lines: [[UInt8]]
        do throws(UnsignedEvent.SignatureMismatch) {
            lines = [
                try revocation.line(signature: revocationSignature, by: revoker),
                try promotion.line(signature: promotionSignature, by: promoter),
            ]
            guard signatures.count == attestations.count else {
                throw UnsignedEvent.SignatureMismatch(signer: order.newKey.id)
            }
            for (event, signature) in zip(attestations, signatures) {
                lines.append(try event.line(signature: signature, by: order.newKey))
            }
        } catch {
            throw .signature(error)
        }
        let replay = try vault.log.continuing(with: lines)
        for (vouching, event) in zip(order.vouchings, attestations)
        where replay.contested[vouching.event.event]?.attestedBy?.id != event.id {
            throw .notContested(
                vouching.event.event, why: "would not be attested by this key's word for it")
        }
        let registry = try newRegistry(replay)
        return SignedRotation(
            change: VaultChange(
                of: vault, appending: lines.flatMap { $0 }, registry: registry,
                createdAt: order.times.manifestCreatedAt),
            lines: lines, registry: registry, order: order, log: replay)
    }

    private func newRegistry(_ replay: LogReplay) throws(RotationRefusal) -> KeyRegistry {
        guard let before = vault.registry else { throw .unknownKey(order.revoke) }
        let registry: KeyRegistry
        do throws(PayloadFault) {
            registry =
                try before
                .ending(
                    order.revoke, by: revocation.id, at: order.times.revokedAt.description,
                    status: order.status
                )
                .adding(
                    order.newKey, roles: order.roles, inPlaceOf: order.revoke, by: promotion.id,
                    createdAt: order.times.keyCreatedAt.description)
        } catch {
            throw .wouldNotVerify(Vault.Finding(.unreadable, error.text, path: VaultPath.keys))
        }
        let wrong = IdentityCheck(registry, replay.keys).findings
            .first { $0.severity == .violation }
        if let wrong { throw .wouldNotVerify(wrong) }
        return registry
    }
}

// MARK: - What has to hold before

extension Rotation {
    static func expectReady(_ vault: Vault) throws(RotationRefusal) {
        if let key = vault.log.unfinishedRotations.min(by: { $0.description < $1.description }) {
            throw .unfinished(key)
        }
        if let seal = vault.log.seal { throw .sealed(seal) }
        if let first = vault.findings.violations.first {
            throw .notInOrder(violations: vault.findings.violationCount, first: first)
        }
    }

    /// Refuses what no new key could make right, so that none is made and nobody signs in vain.
    ///
    /// - Parameters:
    ///   - boundary: the last event of the key that stands; `nil` where it never signed.
    ///   - moment: when the rotation would be done.
    /// - Throws: ``RotationRefusal``.
    public static func expect(
        _ vault: Vault, revoking revoke: KeyID, boundary: EventID?, by authorities: [KeyID],
        at moment: VaultTime
    ) throws(RotationRefusal) {
        try expectReady(vault)
        let old = try expectKeys(vault, revoke, authorities)
        var replay = vault.log.replay
        _ = try expectBoundary(&replay, boundary, old, authorities)
        guard let times = RotationOrder.Times(at: moment) else {
            throw .time(moment, notAfter: vault.log.latestTime)
        }
        try expectTimes(vault, times)
    }

    /// - Returns: the standing of the key that goes.
    private static func expectKeys(_ vault: Vault, _ revoke: KeyID, _ authorities: [KeyID])
        throws(RotationRefusal) -> KeyStanding
    {
        guard let old = vault.log.standing(of: revoke) else { throw .unknownKey(revoke) }
        if let revocation = old.revocation { throw .alreadyRevoked(revoke, revocation.event) }
        for authority in authorities {
            if authority == revoke { throw .authorisesItself(authority) }
            guard let standing = vault.log.standing(of: authority) else {
                throw .notAuthority(authority, why: "that this vault does not know")
            }
            guard standing.isAuthority else {
                throw .notAuthority(authority, why: standing.whyNoAuthority)
            }
        }
        return old
    }

    private static func expectOthers(
        _ vault: Vault, _ authorities: [KeyID], than newKey: VaultPublicKey
    ) throws(RotationRefusal) {
        for authority in authorities
        where authority == newKey.id
            || vault.log.standing(of: authority)?.key?.isTwin(of: newKey) == true
        {
            throw .authorisesItself(authority)
        }
    }

    private static func expectNewKey(_ vault: Vault, _ order: RotationOrder)
        throws(RotationRefusal)
    {
        if let known = vault.log.keys.first(where: {
            $0.id == order.newKey.id || $0.key?.isTwin(of: order.newKey) == true
        }) {
            throw .keyKnown(order.newKey.id, known: known.id)
        }
        guard !order.roles.isEmpty, !order.roles.contains("") else { throw .empty("role") }
        guard !order.actor.isEmpty else { throw .empty("actor") }
    }

    /// - Returns: the line on which the revocation will stand.
    private static func expectBoundary(
        _ replay: inout LogReplay, _ boundary: EventID?, _ old: KeyStanding,
        _ authorities: [KeyID]
    ) throws(RotationRefusal) -> Int {
        let line = replay.lineCount + 1
        guard let boundary else {
            if let last = old.lastEvent { throw .noBoundary(old.id, last: last) }
            return line
        }
        if old.lastEvent?.id == boundary { return line }
        guard let watched = replay.boundaries[boundary], let passed = watched.passed else {
            throw .unknownBoundary(boundary)
        }
        guard passed.owner == old.id else {
            throw .foreignBoundary(boundary, signer: passed.owner)
        }
        var afterwards = replay
        let reference = EventReference(id: boundary, line: line)
        afterwards.contest(old.id, after: watched, by: reference)
        for authority in authorities
        where afterwards.keys[authority]?.contestedBy == reference {
            throw .notAuthority(authority, why: "whose own promotion this boundary puts in doubt")
        }
        return line
    }

    private static func expectTimes(_ vault: Vault, _ times: RotationOrder.Times)
        throws(RotationRefusal)
    {
        let revocation = times.revocation.description
        guard vault.log.latestTime.precedes(revocation) else {
            throw .time(times.revocation, notAfter: vault.log.latestTime)
        }
        guard times.revocation < times.promotion else {
            throw .time(times.promotion, notAfter: revocation)
        }
    }
}

extension Vault.Log {
    /// The log after further lines, each with its line feed.
    ///
    /// - Throws: ``RotationRefusal/wouldNotVerify(_:)`` where one of them breaks a rule.
    func continuing(with lines: [[UInt8]]) throws(RotationRefusal) -> LogReplay {
        var replay = replay
        var wrong: Vault.Finding?
        var offset = size
        for line in lines {
            let judge = LineJudge(keys: replay.publicKeys, longestLine: line.count)
            let range = 0..<(line.count - 1)
            replay.fold(judge.judge(line, range), bytes: line[range], offset: offset) {
                if wrong == nil, $0.severity == .violation { wrong = $0 }
            }
            offset += line.count
        }
        if let wrong { throw .wouldNotVerify(wrong) }
        return replay
    }
}
