// The people of a simulation and their keys. What they hold is theirs alone; the daemon sees what
// they sign with it.

import CeremonyRecord
import TestSupport

/// Who there is, and which keys are in whose token.
struct People {
    /// A key that somebody made for an authority.
    struct MemberKey {
        let owner: String
        let id: [UInt8]
        let key: SoftwareKey
        /// The ceremony that they made it for.
        let ceremony: String
        var isLost = false
    }

    /// On the roster at the founding, and hana, who may come later.
    let enrolled = House.everybody + [House.newcomer]
    /// On no roster: they become members of authorities when two people vouch for them.
    let strangers: [(name: String, key: SoftwareKey)] = [
        ("yves", SoftwareKey(401)), ("zoe", SoftwareKey(402)),
    ]
    /// Somebody who has no business here.
    let outsider = House.outsider
    private(set) var keys: [Fingerprint: SoftwareKey] = [:]
    var memberKeys: [MemberKey] = []
    private var nextKey = 2000

    init() {
        for person in enrolled + [outsider] {
            for key in person.keys { keys[key.fingerprint] = key }
        }
        for stranger in strangers { keys[stranger.key.fingerprint] = stranger.key }
    }

    /// The private half, where somebody has it.
    func key(_ fingerprint: Fingerprint) -> SoftwareKey? {
        if let known = keys[fingerprint] { return known }
        return memberKeys.first { !$0.isLost && $0.key.fingerprint == fingerprint }?.key
    }

    func person(_ name: String) -> House.Person? {
        (enrolled + [outsider]).first { $0.member.name == name }
    }

    /// Somebody makes a new key in their own token.
    mutating func make(for name: String, ceremony: String) -> MemberKey {
        nextKey += 1
        let key = SoftwareKey(nextKey)
        let made = MemberKey(
            owner: name, id: Array(key.fingerprint.bytes.prefix(16)), key: key, ceremony: ceremony)
        memberKeys.append(made)
        return made
    }

    /// A key that nobody has seen.
    mutating func someKey() -> SoftwareKey {
        nextKey += 1
        return SoftwareKey(nextKey)
    }
}
