// Authorities: named sets of keys that people sign with together, the guardians of a house, the
// devices of a person, a group. What one is made of at a place in the log follows from the commits
// before it and from nothing else; there is no other copy of the membership (DESIGN 2.1).

public import CeremonyRecord
import HashTreeCollections

/// What an authority is: the same machinery with another word, and one rule that differs.
public enum AuthorityRole: String, Sendable, CaseIterable {
    /// People who guard something together.
    case guardian
    /// The devices of a person or a service.
    case device
    /// People who belong together.
    case group
    /// People who look after a part of something larger.
    case block

    /// Whether a member is a person, with one vote whatever tokens they have. A device is a thing,
    /// and several of them may belong to the same person.
    public var isOfPeople: Bool { self != .device }
}

/// A named authority, with every epoch it has had.
public struct Authority: Hashable, Sendable {
    /// One member in one epoch.
    public struct Member: Hashable, Sendable {
        /// The member.
        public let name: String
        /// Under which name the log knows the key that said who this is: the member's own, or the
        /// owner's of a device.
        public let owner: String
        /// The key that said who this is.
        public let identity: Fingerprint
        /// The key that signs for the authority; it never leaves the member's token.
        public let key: SSHPublicKey
        /// The token that holds it, as the member's acceptance names it.
        public let token: String
        /// Its `CKA_ID` there.
        public let keyID: [UInt8]
    }

    /// The membership between two commits.
    public struct Epoch: Hashable, Sendable {
        /// 1 for the first, one more with every commit.
        public let number: Int
        /// The ceremony that brought it.
        public let ceremony: String
        /// The commit: in force from here on.
        public let begun: KeyEntry.Moment
        /// How many members must consent to the next change.
        public let approve: Int
        /// How many sign for the authority.
        public let sign: Int
        /// The members, by name.
        public let members: [Member]
        /// Members whose new key was asked at the commit and did not answer in time, or was not
        /// asked; by name.
        public let unreached: [String]
        /// The document that says all of this. The keys that came with the epoch have signed it,
        /// but for those of ``unreached``; where none came, nobody's has.
        public let record: EpochRecord
        /// The token's PIN that is split among the members, where they guard one.
        public let split: PINSplit?

        /// The member of that name.
        public func member(named name: String) -> Member? {
            members.first { $0.name.utf8.elementsEqual(name.utf8) }
        }

        /// The member whose key it is.
        public func member(holding key: Fingerprint) -> Member? {
            members.first { $0.key.fingerprint == key }
        }
    }

    /// The name; a subject of ceremonies.
    public let name: String
    /// What it is.
    public let role: AuthorityRole
    /// Every epoch there was, oldest first; never empty.
    public internal(set) var epochs: [Epoch]

    /// The epoch in force.
    public var current: Epoch { epochs[epochs.count - 1] }

    /// The epoch that was in force for a log of that many events; `nil` before the first commit.
    public func epoch(atSize size: Int) -> Epoch? { epochs.last { $0.begun.seq < size } }
}

extension State {
    /// The authority of that name.
    public func authority(_ name: String) -> Authority? { authorities[name] }

    /// Every authority, by name.
    public var allAuthorities: [Authority] {
        authorities.map(\.value).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The members of every epoch in force.
    var membersInForce: [Authority.Member] { allAuthorities.flatMap(\.current.members) }

    /// Under which name the log trusts a key to say who somebody is: the roster's, or that of
    /// somebody on no roster who is a member with it now. `nil` for every other key: who has been a
    /// member is vouched for anew, for the key may be why they went.
    func owner(of identity: Fingerprint) -> String? {
        if let listed = roster.member(holding: identity) { return listed.member.name }
        return membersInForce.first {
            $0.identity == identity && roster.member(named: $0.owner) == nil
        }?.owner
    }

    /// As what a member's key stands in the log: it signs for one authority and nothing else.
    static func membership(of name: String, in authority: String) -> String {
        "\(name)'s key in \(authority)"
    }
}
