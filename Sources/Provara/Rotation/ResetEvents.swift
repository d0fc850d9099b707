// The first two events of a vault that begins anew, from the order and from what is said of the old
// vault alone: a verifier works them out years later without either vault.

/// What is ordered of a vault that begins anew.
public struct ResetOrder: Hashable, Sendable {
    /// The new vault's name.
    public var uid: String
    /// The new vault's root key.
    public var rootKey: VaultPublicKey
    /// Who speaks in the two events.
    public var actor: String
    /// The moments.
    public var times: HardReset.Times

    /// An order of its parts.
    public init(
        uid: String, rootKey: VaultPublicKey, actor: String = "sovereign_genesis",
        times: HardReset.Times
    ) {
        self.uid = uid
        self.rootKey = rootKey
        self.actor = actor
        self.times = times
    }
}

/// What the new root key signs.
public struct ResetEvents: Sendable {
    /// The order.
    public let order: ResetOrder
    /// The birth record.
    public let record: GenesisRecord
    /// GENESIS.
    public let genesis: UnsignedEvent
    /// The observation that the package's bootstrap gives every vault as its second event.
    public let observation: UnsignedEvent

    /// The events of an order.
    ///
    /// - Parameter anchor: what the new vault says of the old one.
    public init(_ order: ResetOrder, anchor: PredecessorAnchor) {
        self.order = order
        record = GenesisRecord(
            uid: order.uid, rootKey: order.rootKey.id, bornAt: order.times.bornAt,
            predecessor: anchor)
        genesis = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.genesis, namespace: EventNamespace.canonical, actor: order.actor,
                signer: order.rootKey.id, logicalTime: 1, previous: nil,
                time: order.times.genesis),
            payload: record.payload)
        observation = UnsignedEvent(
            UnsignedEvent.Envelope(
                type: EventType.observation, namespace: EventNamespace.local,
                actor: order.actor, signer: order.rootKey.id, logicalTime: 2,
                previous: genesis.id, time: order.times.observation),
            payload: [
                "subject": "system", "predicate": "status", "value": "initialized",
                "confidence": PythonFloat(1).map { .float($0) } ?? .null,
            ])
    }
}

extension HardReset.Times {
    /// The birth at a moment, the first observation and everything else a microsecond later. `nil`
    /// at the end of the year 9999.
    public init?(at moment: VaultTime) {
        guard let next = moment.adding(microseconds: 1) else { return nil }
        self.init(
            bornAt: moment, keyCreatedAt: moment, genesis: moment, observation: next,
            manifestCreatedAt: next, manifestSignedAt: next)
    }
}
