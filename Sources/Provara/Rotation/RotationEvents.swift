// The events of a rotation, from the order and the end of the actor's chain alone: whoever is
// to sign them works them out without the vault, and signs no bytes that somebody else has made.

/// What the authorities sign, and the new key where it stands for contested events.
public struct RotationEvents: Sendable {
    /// The order.
    public let order: RotationOrder
    /// The KEY_REVOCATION. Comes first in the log.
    public let revocation: UnsignedEvent
    /// The KEY_PROMOTION. Comes second.
    public let promotion: UnsignedEvent
    /// The new key's ATTESTATIONs, one for each contested event that it stands for. They follow.
    public let attestations: [UnsignedEvent]

    /// The events of an order.
    ///
    /// - Parameters:
    ///   - previous: the actor's last event; `nil` where this is the first.
    ///   - time: the actor's next logical time.
    public init(_ order: RotationOrder, after previous: EventID?, nextLogicalTime time: Int) {
        self.order = order
        revocation = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.revocation, namespace: EventNamespace.canonical,
                actor: order.actor, signer: order.revoker, logicalTime: time,
                previous: previous, time: order.times.revocation),
            payload: RevocationPayload(
                key: order.revoke, boundary: order.boundary, reason: order.reason,
                revokedBy: order.revoker, revokedAt: order.times.revokedAt
            ).object)
        promotion = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.promotion, namespace: EventNamespace.canonical,
                actor: order.actor, signer: order.promoter, logicalTime: time + 1,
                previous: revocation.id, time: order.times.promotion),
            payload: PromotionPayload(
                key: order.newKey, roles: order.roles, promotedBy: order.promoter,
                replaces: order.revoke, promotedAt: order.times.promotedAt
            ).object)
        var last = promotion
        attestations = order.vouchings.map { vouching in
            last = UnsignedEvent(
                UnsignedEvent.Envelope(
                    type: EventType.attestation, namespace: EventNamespace.canonical,
                    actor: order.actor, signer: order.newKey.id,
                    logicalTime: last.envelope.logicalTime + 1, previous: last.id,
                    time: vouching.time),
                payload: vouching.event.attestation(
                    by: order.newKey.id,
                    note: "The key that took the place of \(order.revoke) stands for this event."))
            return last
        }
    }
}
