// What a change of membership is: who stays, who leaves, who gets a new key, who comes, and how
// many it takes. The new membership is this change applied to the one in force; who voted how has
// no part in it (DESIGN section 3, Kinds; reference defect D11).

import CeremonyRecord

/// Somebody who is to bring a key of their own.
struct Invitation: Hashable {
    /// The member that they will be.
    let name: String
    /// Under which name the log knows the key that answers.
    let owner: String
    /// The key that answers: it says who this is.
    let identity: Fingerprint
    /// Whether the log knows that key. Where it does not, two people vouch for it.
    let isKnown: Bool
}

/// A change of an authority's membership, read from a kind's parameters and written as its fields.
struct MembershipTerms: Hashable {
    let role: AuthorityRole
    /// The epoch that is pending.
    let epoch: Int
    /// How many must consent to it: what the epoch in force says, or all who do not leave where
    /// they are fewer.
    let consent: Int
    /// How many will have to consent to the next change.
    let approve: Int
    /// How many will sign.
    let sign: Int
    /// How many of those who come must accept; `nil` for all.
    let least: Int?
    /// Seconds for which members are waited for at the commit.
    let patience: Int
    /// The token that they guard.
    let guarded: GuardedToken?
    /// Members who stay as they are.
    var staying: [Authority.Member]
    /// Members who go.
    var leaving: [Authority.Member]
    /// Members who get a new key.
    var renewing: [(member: Authority.Member, invitation: Invitation)] {
        renewed.compactMap { member in
            invitations.first { $0.name.utf8.elementsEqual(member.name.utf8) }.map { (member, $0) }
        }
    }
    /// The same, as they are now.
    var renewed: [Authority.Member]
    /// Everybody who brings a key, those who renew theirs included; by name.
    var invitations: [Invitation]

    /// Those who are not members yet.
    var newcomers: [Invitation] {
        invitations.filter { invited in
            !renewed.contains { $0.name.utf8.elementsEqual(invited.name.utf8) }
        }
    }

    /// The standard patience: long enough to plug a token in and type a PIN.
    static let standardPatience = 120
    /// The longest: an execution is over after a while.
    static let mostPatience = 600
    /// A member's name is part of a response set's name.
    static let longestName = 57

    // MARK: Reading

    /// Reads a change of an authority.
    ///
    /// - Throws: ``Refusal``: `bad-parameter`; `wrong-key` for an identity key that is somebody
    ///   else's; `unmeetable` for a membership that could not do what it is for.
    init(_ parameters: [String: String], of name: String, in state: State) throws(Refusal) {
        let authority = state.authority(name)
        let current = authority?.current
        let role = try Self.role(parameters["role"], of: authority, name)
        self.role = role
        epoch = (current?.number ?? 0) + 1
        var members = current?.members ?? []
        leaving = try Self.names(parameters["remove"], "remove").map { word throws(Refusal) in
            try Self.take(word, from: &members, of: name)
        }
        var invited: [Invitation] = []
        let words = try Self.names(parameters["renew"], "renew", of: members)
        renewed = try words.map { word throws(Refusal) in
            let parts = Self.split(word)
            let member = try Self.take(parts.name, from: &members, of: name)
            let identity = try parts.key.map { text throws(Refusal) in try Self.key(text) }
            invited.append(
                try Self.invitation(member.name, identity ?? member.identity, role, in: state))
            return member
        }
        for word in try Self.names(parameters["add"], "add") {
            let parts = Self.split(word)
            guard current?.member(named: parts.name) == nil else {
                throw Refusal(
                    .badParameter, "\(parts.name) is a member of \(name) already.",
                    next: "A member gets another key by: --set renew=\(parts.name).")
            }
            let given = try parts.key.map { text throws(Refusal) in try Self.key(text) }
            let known = given == nil ? try state.identity(of: parts.name) : nil
            guard let identity = given ?? known else {
                throw Refusal(
                    .badParameter,
                    "\(parts.name) is not on the roster and is no member of an authority now, so the "
                        + "log knows no key of theirs.",
                    next: "Compare their key's fingerprint with them in words, then give it: "
                        + "\(parts.name)=SHA256:...")
            }
            invited.append(try Self.invitation(parts.name, identity, role, in: state))
        }
        staying = members
        consent = min(current?.approve ?? 0, members.count + renewed.count)
        invitations = invited.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        patience = try Self.patience(parameters["patience"], in: state)
        guarded = try GuardedToken(parameters, of: name, role: role, current, in: state)
        let sign = try Self.number(parameters["sign"], "sign", 1...EpochRecord.mostMembers)
        least = try Self.least(parameters["accept"], of: invited.count, renewing: words.count)
        let accepting = least ?? invited.count
        let size = members.count + accepting
        let highest = max(1, size - 1)
        let usual = min(sign ?? current?.sign ?? 1, highest)
        guard let sign = sign ?? current?.sign else {
            throw Refusal(
                .badParameter, "sign says how many members sign for \(name).",
                next: "Say how many: --set sign=2.")
        }
        self.sign = sign
        approve =
            try Self.number(parameters["approve"], "approve", 0...EpochRecord.mostMembers)
            ?? current?.approve ?? usual
        try check(size: size, of: name, in: state, current)
        try guarded?.check(sign: self.sign, patience: patience)
        try checkReach()
        try checkPeople(in: state)
    }

    private func check(
        size: Int, of name: String, in state: State, _ current: Authority.Epoch?
    ) throws(Refusal) {
        guard sign <= size else {
            throw Refusal(
                .unmeetable,
                "\(sign) members are to sign for \(name), and it may be left with \(size).",
                next: "Leave more of them, or have fewer sign: --set sign=N.", requirement: "I14")
        }
        guard approve <= max(1, size - 1) else {
            throw Refusal(
                .unmeetable,
                "With \(approve) of \(size) members to consent to a change, nobody could be removed "
                    + "without their own consent.",
                next:
                    "Ask for \(max(1, size - 1)) at most: --set approve=N. Where it is not said, it "
                    + "stays as it is.", requirement: "I15")
        }
        guard staying.count + invitations.count <= EpochRecord.mostMembers else {
            throw Refusal(
                .badParameter, "An authority has \(EpochRecord.mostMembers) members at most.",
                next: "Leave some out, or make an authority more.")
        }
        guard
            !leaving.isEmpty || !invitations.isEmpty || sign != current?.sign
                || approve != current?.approve || guarded != nil
        else {
            throw Refusal(
                .badParameter, "The change leaves \(name) as it is.",
                next: "Say what changes: add, remove, renew, sign or approve.")
        }
        var identities = Set(staying.map(\.identity))
        for invited in invitations where !identities.insert(invited.identity).inserted {
            throw Refusal(
                .badParameter,
                "\(invited.name) is to answer with \(invited.identity), which another member "
                    + "answers with.", next: "Each member has a key of their own in their token.")
        }
        let vouching = state.roster.members.count { $0.kind != .system }
        if let stranger = invitations.first(where: { !$0.isKnown }), vouching < 2 {
            throw Refusal(
                .unmeetable,
                "Two people on the roster must vouch for \(stranger.name), and it lists "
                    + "\(vouching).", next: "Enroll them first: set-roster.")
        }
    }

    private static func role(_ word: String?, of authority: Authority?, _ name: String)
        throws(Refusal) -> AuthorityRole
    {
        let words = AuthorityRole.allCases.map(\.rawValue).joined(separator: ", ")
        guard let word else {
            guard let known = authority?.role else {
                throw Refusal(
                    .badParameter, "\(name) is a new authority; role says what it is: \(words).",
                    next: "Say which: --set role=guardian.")
            }
            return known
        }
        guard let role = AuthorityRole(rawValue: word) else {
            throw Refusal(
                .badParameter, "role is one of \(words).",
                next: "Say which: --set role=\(authority?.role.rawValue ?? "guardian").")
        }
        guard authority.map({ $0.role == role }) ?? true else {
            throw Refusal(
                .badParameter, "\(name) is a \(authority?.role.rawValue ?? "") authority.",
                next: "What an authority is never changes. Make another one.")
        }
        return role
    }

    private static func least(_ text: String?, of invited: Int, renewing: Int) throws(Refusal)
        -> Int?
    {
        guard let text, text != "all" else { return nil }
        guard let least = try number(text, "accept", 1...max(1, invited)), invited > 0 else {
            return nil
        }
        guard least < invited else { return nil }
        guard renewing == 0 else {
            throw Refusal(
                .badParameter, "Members who get a new key must all accept it.",
                next: "Leave accept out, or renew keys in a ceremony of its own.")
        }
        return least
    }

    /// The execution must not be over before those are given up who stay silent.
    private static func patience(_ text: String?, in state: State) throws(Refusal) -> Int {
        let seconds = state.roster.policy.entry(kind: Membership.name, class: nil)?.execution
        let usual = seconds.map { min(standardPatience, $0 / 2) } ?? standardPatience
        guard let patience = try number(text, "patience", 0...mostPatience) else { return usual }
        guard let seconds, patience >= seconds else { return patience }
        throw Refusal(
            .badParameter,
            "The policy gives a membership \(seconds) seconds to be carried out, and with a patience "
                + "of \(patience) it would be over before silent members are named as not reached.",
            next: "Wait for less: --set patience=\(usual). Or have the policy give it more time.")
    }

    // MARK: Words

    private static func names(_ text: String?, _ what: String, of members: [Authority.Member] = [])
        throws(Refusal) -> [String]
    {
        guard let text, text != "none" else { return [] }
        if text == "all", !members.isEmpty { return members.map(\.name) }
        let words = text.utf8.split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        for (place, word) in words.enumerated() {
            let name = split(word).name
            guard Identifier.isPersonName(name), name.utf8.count <= longestName,
                !words[..<place].contains(where: { split($0).name.utf8.elementsEqual(name.utf8) })
            else {
                throw Refusal(
                    .badParameter,
                    "\(what) lists names with commas, each once, \(longestName) letters at most.",
                    next: "For example: --set \(what)=anna,bob.")
            }
        }
        return words
    }

    private static func split(_ word: String) -> (name: String, key: String?) {
        let parts = word.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1).map {
            String(decoding: $0, as: UTF8.self)
        }
        return (parts.first ?? "", parts.count == 2 ? parts[1] : nil)
    }

    private static func key(_ text: String) throws(Refusal) -> Fingerprint {
        guard let key = Fingerprint(text) else {
            throw Refusal(
                .badParameter, "\(Display.neutralised(text)) is no fingerprint.",
                next: "It is shown by: ceremonyctl identity show. It begins with SHA256:")
        }
        return key
    }

    private static func number(_ text: String?, _ what: String, _ range: ClosedRange<Int>)
        throws(Refusal) -> Int?
    {
        guard let text else { return nil }
        guard let number = Decimal.decode(text.utf8), range.contains(number) else {
            throw Refusal(
                .badParameter,
                "\(what) is a number from \(range.lowerBound) to \(range.upperBound).",
                next: "For example: --set \(what)=\(range.lowerBound).")
        }
        return number
    }

    private static func take(
        _ name: String, from members: inout [Authority.Member], of authority: String
    ) throws(Refusal) -> Authority.Member {
        guard let place = members.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) })
        else {
            throw Refusal(
                .badParameter,
                "\(Display.neutralised(name)) is no member of \(authority), or is "
                    + "named twice.", next: "Its members: ceremonyctl authority show \(authority).")
        }
        return members.remove(at: place)
    }

    private static func invitation(
        _ name: String, _ identity: Fingerprint, _ role: AuthorityRole, in state: State
    ) throws(Refusal) -> Invitation {
        let owner = state.owner(of: identity)
        let isOwn = owner.map { $0.utf8.elementsEqual(name.utf8) } ?? false
        if role.isOfPeople, let owner {
            guard isOwn else {
                throw Refusal(
                    .wrongKey, "The key \(identity) is \(owner)'s, not \(name)'s.",
                    next: "One person has one vote. Name \(owner), or give \(name)'s own key.",
                    requirement: "I3")
            }
        } else if owner == nil, state.roster.member(named: name) != nil {
            throw Refusal(
                .wrongKey, "\(name) is on the roster, and \(identity) is no key of theirs there.",
                next: "Name a key that the roster lists for them, \(name)=SHA256:..., have it "
                    + "enrolled first (set-roster), or name a device of theirs otherwise.",
                requirement: "I3")
        }
        guard role.isOfPeople || isOwn || !state.isPerson(name) else {
            throw Refusal(
                .wrongKey,
                "\(name) is a person, and \(identity) is "
                    + (owner.map { "a key of \($0)." } ?? "no key of theirs that the log knows."),
                next: "Give the device a name that nobody has.", requirement: "I3")
        }
        return Invitation(
            name: name, owner: owner ?? name, identity: identity, isKnown: owner != nil)
    }
}

extension State {
    /// The key by which the log knows somebody: the first on the roster, or the one with which they
    /// are a member of an authority now.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) where authorities know them by several.
    fileprivate func identity(of name: String) throws(Refusal) -> Fingerprint? {
        if let member = roster.member(named: name) { return member.keys.first?.key.fingerprint }
        var known: [Fingerprint] = []
        for member in membersInForce
        where member.name.utf8.elementsEqual(name.utf8) && !known.contains(member.identity)
            && owner(of: member.identity).map({ $0.utf8.elementsEqual(name.utf8) }) ?? false
        {
            known.append(member.identity)
        }
        guard known.count <= 1 else {
            throw Refusal(
                .badParameter,
                "Authorities know \(name) by several keys: "
                    + "\(known.map { "\($0)" }.joined(separator: ", ")).",
                next: "Compare the fingerprint with \(name) in words, and say which: "
                    + "\(name)=SHA256:...", requirement: "I3")
        }
        return known.first
    }

    /// Whether somebody is called so: on the roster, or in an authority of people now.
    fileprivate func isPerson(_ name: String) -> Bool {
        roster.member(named: name) != nil
            || allAuthorities.contains {
                $0.role.isOfPeople && $0.current.member(named: name) != nil
            }
    }
}
