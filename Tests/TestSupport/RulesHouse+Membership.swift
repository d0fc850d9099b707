// Members of authorities, with software keys for tokens: what they consent to, accept and bring, as
// their clients would.

public import CeremonyRecord
public import CeremonyRules

extension House {
    /// The tests' policy with an entry for memberships: three must approve, two of them human.
    public static let membershipPolicy: Policy = {
        var policy = House.policy
        policy.kinds["membership"] = Policy.Entry(threshold: 3, people: 2, attest: 0)
        return policy
    }()

    /// A token of a member.
    public static func token(of name: String) -> TokenReference {
        TokenReference(
            label: name, manufacturer: "SoftHSM project", model: "SoftHSM v2",
            serial: "serial-of-\(name)")
    }

    /// Opens a change of an authority.
    @discardableResult
    public mutating func openMembership(
        _ parameters: [String: String], of authority: String = "guardians",
        by name: String = "dave"
    ) throws(Refusal) -> Statement {
        try open("membership", by: name, subject: authority, parameters: parameters)
    }

    /// A yes that brings a key, as a member's client drafts it.
    public mutating func bringing(
        _ key: SoftwareKey, to statement: Statement, as name: String, identity: SoftwareKey
    ) -> Acceptance {
        var acceptance = acceptance(of: statement, as: name, key: identity, set: "members")
        acceptance.newKey = key.publicKey
        acceptance.token = House.token(of: name).uri
        acceptance.keyID = Array(key.fingerprint.bytes.prefix(16))
        return acceptance
    }

    /// The command that hands such a yes in, signed by both keys.
    public func handing(
        _ acceptance: Acceptance, identity: SoftwareKey, possession: SoftwareKey
    ) -> Command {
        .submit(
            document: acceptance.bytes,
            sshsig: identity.sshsig(over: acceptance.bytes, for: .accept),
            possession: possession.sshsig(over: acceptance.bytes, for: .possession))
    }

    /// Somebody accepts and brings the key of that number.
    @discardableResult
    public mutating func bring(
        key number: Int, to statement: Statement, as name: String, identity: SoftwareKey? = nil
    ) throws(Refusal) -> Decision {
        let identity = identity ?? person(name).keys[0]
        let key = SoftwareKey(number)
        hold(key)
        let acceptance = bringing(key, to: statement, as: name, identity: identity)
        return try decide(handing(acceptance, identity: identity, possession: key))
    }

    /// A member consents with their key in the authority.
    @discardableResult
    public mutating func consent(key number: Int, to statement: Statement, as name: String)
        throws(Refusal) -> Decision
    {
        try accept(statement, as: name, key: number, set: "consent")
    }

    /// Makes an authority of people on the roster, each with the key of a number.
    @discardableResult
    public mutating func makeAuthority(
        _ members: [(name: String, key: Int)], _ parameters: [String: String],
        as authority: String = "guardians"
    ) throws(Refusal) -> Statement {
        let statement = try openMembership(
            ["role": "guardian", "add": members.map(\.name).joined(separator: ",")]
                .merging(parameters) { $1 }, of: authority)
        try approve("alice", "bob", "carol", statement: statement)
        for member in members { try bring(key: member.key, to: statement, as: member.name) }
        try carryOut(statement.ceremony)
        return statement
    }

    /// In a house with that policy: frank was to come, and says no to it when everything else is
    /// done.
    ///
    /// - Returns: The statement, and the outcome that nobody may commit any more.
    public mutating func refusedMembership() throws(Refusal) -> (Statement, JSON) {
        self = try House(policy: House.membershipPolicy)
        let statement = try openMembership(["role": "group", "add": "frank", "sign": "1"])
        try approve("alice", "bob", "carol", statement: statement)
        try bring(key: 304, to: statement, as: "frank")
        try execute(statement.ceremony)
        guard let outcome = try outcome(of: statement.ceremony) else {
            throw Refusal(.outcomeDiffers, "The kind gave no outcome.")
        }
        try decide(try refusal(of: statement, as: "frank", key: 6).command)
        return (statement, outcome)
    }

    /// Executes an approved ceremony and commits its outcome.
    public mutating func carryOut(_ ceremony: String) throws(Refusal) {
        try execute(ceremony)
        guard let outcome = try outcome(of: ceremony) else {
            throw Refusal(.outcomeDiffers, "The kind gave no outcome.")
        }
        try decide(.complete(ceremony: ceremony, outcome: outcome))
    }
}
