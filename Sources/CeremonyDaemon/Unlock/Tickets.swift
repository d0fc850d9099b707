// Tickets join the two sockets: the varlink method `Unlock` gives one out for an order, and whoever
// brings it to the unlock socket in time, once, as the same user, may hand the secret over.

import CeremonyRecord
import CeremonyWire
import Sodium

/// The tickets that are good at this moment.
///
/// A pure value: the clock and the random bytes come from outside. `Order` is what the secret is
/// for, such as the token to log in to.
struct Tickets<Order: Sendable>: Sendable {
    private struct Entry {
        let digits: [UInt8]
        let order: Order
        let uid: UInt32
        let until: UInt64
    }

    private var entries: [Entry] = []

    /// Gives out a ticket, in 32 hex digits, that is good until the moment given.
    ///
    /// When too many are out, the oldest ends.
    mutating func issue(
        for order: Order, to uid: UInt32, random: [UInt8], until: UInt64, now: UInt64
    ) -> String {
        precondition(random.count == 16, "a ticket is 16 random bytes")
        entries.removeAll { $0.until <= now }
        if entries.count >= Limits.ticketsMax { entries.removeFirst() }
        let digits = Hex.encode(random)
        entries.append(Entry(digits: Array(digits.utf8), order: order, uid: uid, until: until))
        return digits
    }

    /// Takes a ticket back and returns its order; `nil` for one that is unknown, used, too old, or
    /// another user's. A ticket that somebody else brings is used up by that.
    mutating func redeem(_ digits: [UInt8], by uid: UInt32, now: UInt64) -> Order? {
        guard let index = entries.firstIndex(where: { constantTimeEqual($0.digits, digits) })
        else { return nil }
        let entry = entries.remove(at: index)
        return entry.uid == uid && now < entry.until ? entry.order : nil
    }
}
