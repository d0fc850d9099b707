// The two events of a rotation, from the order and the end of the actor's chain alone: whoever is
// to sign them works them out without the vault, and signs no bytes that somebody else has made.

/// What the authorities sign.
public struct RotationEvents: Sendable {
    /// The order.
    public let order: RotationOrder
    /// The KEY_REVOCATION. Comes first in the log.
    public let revocation: UnsignedEvent
    /// The KEY_PROMOTION. Comes second.
    public let promotion: UnsignedEvent

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
    }
}
