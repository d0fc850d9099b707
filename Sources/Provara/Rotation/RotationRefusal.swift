// Why a rotation, a hard reset or a peer's update is not worked out. Nothing was written or signed
// then.

/// A refusal to work out a change of a vault.
public enum RotationRefusal: Error, Sendable, CustomStringConvertible {
    /// The vault breaks rules; nothing is built on it.
    case notInOrder(violations: Int, first: Vault.Finding)
    /// The vault is sealed.
    case sealed(EventReference)
    /// A key was revoked before and nothing took its place.
    case unfinished(KeyID)
    /// The key to revoke is not one of the vault's.
    case unknownKey(KeyID)
    /// The key to revoke was revoked before.
    case alreadyRevoked(KeyID, EventReference)
    /// An authority may not sign this.
    case notAuthority(KeyID, why: String)
    /// An authority is the key to revoke, or the new key.
    case authorisesItself(KeyID)
    /// The new key is or was one of the vault's, or such a key in another form.
    case keyKnown(KeyID, known: KeyID)
    /// There is no trust boundary although the key has signed.
    case noBoundary(KeyID, last: EventReference)
    /// The trust boundary is no event of the log, or was not asked for when the vault was read.
    case unknownBoundary(EventID)
    /// The trust boundary was signed by another key.
    case foreignBoundary(EventID, signer: KeyID)
    /// The new key may not stand for an event.
    case notContested(EventID, why: String)
    /// The new key would have no role, or the events no actor.
    case empty(String)
    /// The event's time would not come after all others in the log.
    case time(VaultTime, notAfter: String)
    /// A signature is not the right key's.
    case signature(UnsignedEvent.SignatureMismatch)
    /// What was worked out would break a rule.
    case wouldNotVerify(Vault.Finding)
    /// Two vaults are not two copies of one.
    case otherVault(String)
    /// The new vault would have the old one's name.
    case sameName(String)

    /// What is in the way, what it means, and what to do.
    public var description: String {
        switch self {
        case .notInOrder(let count, let first):
            "The vault breaks \(count) rules, so nothing is built on it. The first: \(first)"
        case .sealed(let seal):
            "The vault was sealed by \(seal), and nothing may be added. Use its successor."
        case .unfinished(let key):
            "\(key) was revoked and no key was promoted in its place: a rotation was left half done. "
                + "Finish or undo it with the program that began it."
        case .unknownKey(let key):
            "\(key) is no key of this vault. Name one that its birth or its log introduced."
        case .alreadyRevoked(let key, let event):
            "\(key) was revoked by \(event). A key ends once; nothing needs to be done."
        case .notAuthority(let key, let why):
            "\(key) may not sign this: it is a key \(why). Name a surviving key with the role root or "
                + "quorum; where there is none, a hard reset is left."
        case .authorisesItself(let key):
            "\(key) would speak for itself. Neither the key that goes nor the one that comes may sign; "
                + "name a surviving authority."
        case .keyKnown(let key, let known):
            key == known
                ? "\(key) is or was a key of this vault, and a key has one life. Make a new one."
                : "\(key) is \(known) in another form: whoever has one has both. Make a new key."
        case .noBoundary(let key, let last):
            "\(key) has signed, so the order has to say up to where it is trusted. If all of it is, "
                + "that is its last event, \(last)."
        case .unknownBoundary(let event):
            "\(event) is no event that this vault's log has. Name an event of the key that goes."
        case .foreignBoundary(let event, let signer):
            "\(event) was signed by \(signer). The trust boundary is an event of the key that goes."
        case .notContested(let event, let why):
            "\(event) \(why). The contested events are listed by: ceremonyctl provara verify VAULT."
        case .empty(let what):
            "There is no \(what). Say what it is to be."
        case .time(let time, let latest):
            "\(time) does not come after \(latest.printable), the latest time in the log, and a merge would "
                + "put the event elsewhere. Take a later time."
        case .signature(let mismatch): mismatch.description
        case .wouldNotVerify(let finding):
            "What was worked out would not verify, so it is not given out: \(finding)"
        case .otherVault(let why):
            "The two are not copies of one vault: \(why). Nothing was taken over."
        case .sameName(let name):
            "A vault that begins anew cannot be called \(name.printable) like the old one. Choose another uid."
        }
    }
}
