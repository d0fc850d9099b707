// The people whom the log knows, and who may do what (DESIGN section 3, table of acts). A person is
// recognised by a key and by nothing else.

public import CeremonyRecord

/// The roster of one epoch, with the policy that is in force with it.
public struct Roster: Hashable, Sendable {
    /// 1 at the founding, one more with every change.
    public let epoch: Int
    /// By name.
    public let members: [Member]
    /// Who holds which subject.
    public internal(set) var holders: [String: String]
    /// The policy in force.
    public let policy: Policy

    /// A roster of people; ``check()`` says whether it is sound.
    public init(epoch: Int, members: [Member], holders: [String: String] = [:], policy: Policy) {
        self.epoch = epoch
        self.members = members
        self.holders = holders
        self.policy = policy
    }

    /// The member of that name.
    public func member(named name: String) -> Member? {
        members.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The member who holds the key, and the key.
    public func member(holding fingerprint: Fingerprint) -> (member: Member, key: SSHPublicKey)? {
        for member in members {
            if let held = member.keys.first(where: { $0.key.fingerprint == fingerprint }) {
                return (member, held.key)
            }
        }
        return nil
    }

    /// The member and key of a document's signatory, who must be both on the roster and the same.
    ///
    /// - Throws: ``Refusal`` (`not-on-roster`).
    public func require(_ signatory: Signatory) throws(Refusal) -> (
        member: Member, key: SSHPublicKey
    ) {
        guard let found = member(holding: signatory.fingerprint),
            found.member.name == signatory.name
        else {
            throw Refusal(
                .notOnRoster,
                "\(signatory.name) with key \(signatory.fingerprint) is not on the roster.",
                next: "The roster is shown by: ceremonyctl roster.", requirement: "CT-12")
        }
        return found
    }

    /// Refuses a roster in which people, keys or tokens are not told apart, or nobody is there.
    ///
    /// - Throws: ``Refusal`` (`incomplete-genesis`).
    public func check() throws(Refusal) {
        var names: Set<String> = []
        var points: Set<[UInt8]> = []
        var serials: [String: String] = [:]
        for member in members {
            guard names.insert(member.name).inserted else {
                throw Refusal(
                    .incompleteGenesis, "\(member.name) is listed twice.",
                    next: "List each person once, with all their keys.")
            }
            guard !member.keys.isEmpty else {
                throw Refusal(
                    .incompleteGenesis, "\(member.name) has no key.",
                    next: "A key is made by: ceremonyctl identity create.")
            }
            for held in member.keys {
                // The point, because one point can stand in a plain key and in a FIDO key.
                guard points.insert(held.key.point).inserted else {
                    throw Refusal(
                        .incompleteGenesis,
                        "The key \(held.key.fingerprint) of \(member.name) is listed twice.",
                        next: "One key belongs to one person.")
                }
                guard let serial = held.tokenSerial else { continue }
                guard serials[serial, default: member.name] == member.name else {
                    throw Refusal(
                        .incompleteGenesis,
                        "Token \(serial) is listed for \(serials[serial] ?? "") and for "
                            + "\(member.name).",
                        next: "One token belongs to one person.")
                }
                serials[serial] = member.name
            }
        }
    }
}

extension Member {
    /// Operators and keepers may start a ceremony; a system may not.
    public var mayStart: Bool { kind != .system && (roles.contains(.operator) || kind == .keeper) }

    /// Whether this person truly has the role that an act claims, as far as the roster says.
    func has(_ role: ActRole) -> Bool {
        switch role {
        case .operator: roles.contains(.operator)
        case .witness: roles.contains(.witness)
        case .auditor: roles.contains(.auditor)
        case .keeper: kind == .keeper
        case .initiator, .participant: true
        }
    }
}
