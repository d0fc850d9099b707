// What is to be rotated, by whom, and when. Everything that a rotation writes follows from this and
// from the vault, so that whoever signs can work it out again.

/// The order for a rotation.
public struct RotationOrder: Hashable, Sendable {
    /// The moments that stand in what is written.
    public struct Times: Hashable, Sendable {
        /// In the revocation's payload, and in `keys.json`.
        public var revokedAt: VaultTime
        /// The revocation's own time. Its text has to come after that of every event in the log.
        public var revocation: VaultTime
        /// In the promotion's payload.
        public var promotedAt: VaultTime
        /// The promotion's own time, after the revocation's.
        public var promotion: VaultTime
        /// When the new key's entry was made.
        public var keyCreatedAt: VaultTime
        /// When the manifest was made.
        public var manifestCreatedAt: VaultTime
        /// When the manifest was signed.
        public var manifestSignedAt: VaultTime

        /// Moments by their parts.
        public init(
            revokedAt: VaultTime, revocation: VaultTime, promotedAt: VaultTime,
            promotion: VaultTime, keyCreatedAt: VaultTime, manifestCreatedAt: VaultTime,
            manifestSignedAt: VaultTime
        ) {
            self.revokedAt = revokedAt
            self.revocation = revocation
            self.promotedAt = promotedAt
            self.promotion = promotion
            self.keyCreatedAt = keyCreatedAt
            self.manifestCreatedAt = manifestCreatedAt
            self.manifestSignedAt = manifestSignedAt
        }

        /// The revocation at a moment and everything else a microsecond later: what a rotation
        /// needs that is done in one go. `nil` at the end of the year 9999.
        ///
        /// Take the moment from ``Vault/Log/nextTime(notBefore:)``.
        public init?(at moment: VaultTime) {
            guard let next = moment.adding(microseconds: 1) else { return nil }
            self.init(
                revokedAt: moment, revocation: moment, promotedAt: next, promotion: next,
                keyCreatedAt: next, manifestCreatedAt: next, manifestSignedAt: next)
        }
    }

    /// A contested event that the new key stands for.
    public struct Vouching: Hashable, Sendable {
        /// The event and what it says.
        public let event: VouchedEvent
        /// The time of the ATTESTATION.
        public let time: VaultTime
    }

    /// The key whose life ends.
    public var revoke: KeyID
    /// The last event of that key that stands; `nil` only for a key that never signed. The vault
    /// has to be read with it in ``Vault/Options/boundaries``, unless it is the key's last event.
    public var boundary: EventID?
    /// Why, as the revocation says it: `scheduled_rotation`, `key_compromise`.
    public var reason: String
    /// The key that comes.
    public var newKey: VaultPublicKey
    /// What it may do, such as `root` and `attestation`.
    public var roles: [String]
    /// The authority that signs the revocation.
    public var revoker: KeyID
    /// The authority that signs the promotion; the same or another.
    public var promoter: KeyID
    /// Who speaks in both events.
    public var actor = "key_rotation_authority"
    /// How `keys.json` calls the old key.
    public var status = KeyRegistry.EndedStatus.retired
    /// The contested events that the new key stands for, in the order of the log.
    public private(set) var vouchings: [Vouching] = []
    /// The moments.
    public var times: Times

    /// An order in which one authority signs both events.
    public init(
        revoke: KeyID, boundary: EventID?, reason: String, newKey: VaultPublicKey, roles: [String],
        authority: KeyID, times: Times
    ) {
        self.revoke = revoke
        self.boundary = boundary
        self.reason = reason
        self.newKey = newKey
        self.roles = roles
        revoker = authority
        promoter = authority
        self.times = times
    }

    /// The same, with the new key standing for contested events: a microsecond apart after the
    /// promotion, and the files signed no earlier than the last. `nil` at the end of the year 9999.
    public func vouching(for events: [VouchedEvent]) -> RotationOrder? {
        var order = self
        var time = times.promotion
        order.vouchings = []
        for event in events {
            guard let next = time.adding(microseconds: 1) else { return nil }
            time = next
            order.vouchings.append(Vouching(event: event, time: time))
        }
        order.times.manifestCreatedAt = max(times.manifestCreatedAt, time)
        order.times.manifestSignedAt = max(times.manifestSignedAt, time)
        return order
    }
}
