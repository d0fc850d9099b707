// Who has to go when places are short. Accepting never pauses, because a pause would let whoever
// fills the places lock everybody else out; so a newcomer always gets in, and pays with a
// connection of its own user where that user has too many.

import CeremonyWire

/// The rule for places: how many there are, for one user and in all, and who makes room.
struct Places {
    /// One connection that holds a place.
    struct Holder {
        let id: Int
        let uid: UInt32
        let standing: Connection.Standing
        let since: Connection.Instant
    }

    let perUid: Int
    let inAll: Int

    /// Which connection makes room for the newcomer; `nil` when there is room.
    ///
    /// Over a limit somebody of the user goes who is over their own limit, else of the user who
    /// holds most: first who has no whole call, then who is between calls, then who watches (and
    /// can ask again), the longest like this first. Who is being answered stays. When nobody else
    /// can go, the newcomer does.
    func makesRoom(for newcomer: Holder, among holders: [Holder]) -> Int? {
        var counts: [UInt32: Int] = [newcomer.uid: 1]
        for holder in holders { counts[holder.uid, default: 0] += 1 }
        let own = counts[newcomer.uid, default: 1]
        let uid: UInt32
        if own > perUid {
            uid = newcomer.uid
        } else if holders.count + 1 > inAll {
            uid = Places.holdsMost(counts, preferring: newcomer.uid)
        } else {
            return nil
        }
        return Places.first(of: uid, among: holders) ?? newcomer.id
    }

    /// Which connection goes when the system, and not a limit, leaves no room; `nil` when none can.
    static func makesRoom(among holders: [Holder]) -> Int? {
        var counts: [UInt32: Int] = [:]
        for holder in holders { counts[holder.uid, default: 0] += 1 }
        return first(of: holdsMost(counts, preferring: nil), among: holders)
    }

    private static func holdsMost(_ counts: [UInt32: Int], preferring uid: UInt32?) -> UInt32 {
        let most = counts.values.max() ?? 0
        if let uid, counts[uid] == most { return uid }
        return counts.filter { $0.value == most }.keys.min() ?? 0
    }

    private static func first(of uid: UInt32, among holders: [Holder]) -> Int? {
        holders.filter { $0.uid == uid && $0.standing != .answering }.min {
            ($0.standing, $0.since, $0.id) < ($1.standing, $1.since, $1.id)
        }?.id
    }
}
