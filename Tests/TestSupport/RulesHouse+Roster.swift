// Changes of the people and of the rules, as a client makes them from the roster in force, and what
// those sign who are to come.

public import CeremonyRecord
public import CeremonyRules

extension House {
    /// A change of the roster in force, as the parameter of `set-roster`.
    public func change(holders: [Holder]? = nil, _ edit: (inout [Member]) -> Void = { _ in })
        -> String
    {
        var members = state.roster.members
        edit(&members)
        members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return RosterChange(members: members, holders: holders).text
    }

    /// Opens a change of the roster.
    @discardableResult
    public mutating func setRoster(
        by name: String = "dave", holders: [Holder]? = nil,
        _ edit: (inout [Member]) -> Void = { _ in }
    ) throws(Refusal) -> Statement {
        try open(
            "set-roster", by: name, subject: "house-roster",
            parameters: ["change": change(holders: holders, edit)])
    }

    /// Opens a change of the policy.
    @discardableResult
    public mutating func setPolicy(
        by name: String = "dave", _ edit: (inout Policy) -> Void
    ) throws(Refusal) -> Statement {
        var policy = state.roster.policy
        edit(&policy)
        return try open(
            "set-policy", by: name, subject: "house-policy",
            parameters: ["change": RosterChange(policy: policy.json).text])
    }

    /// A participant's yes to their part, as a client drafts it.
    public mutating func acceptance(
        of statement: Statement, as name: String, key: SoftwareKey, set: String = "roster"
    ) -> Acceptance {
        Acceptance(
            log: statement.log, mode: statement.mode, ceremony: statement.ceremony,
            statement: statement.digest, kind: statement.kind, subject: statement.subject, set: set,
            participant: Signatory(name: name, fingerprint: key.fingerprint), newKey: nil,
            token: nil, keyID: nil, at: now, nonce: nonce())
    }

    /// Hands in a participant's yes, with their key of that number.
    @discardableResult
    public mutating func accept(
        _ statement: Statement, as name: String = "hana", key number: Int, set: String = "roster"
    ) throws(Refusal) -> Decision {
        let key = SoftwareKey(number)
        let acceptance = acceptance(of: statement, as: name, key: key, set: set)
        return try decide(Signed(acceptance, by: key, for: .accept).command)
    }

    /// A participant's no to their part, with their key of that number.
    public mutating func refusal(
        of statement: Statement, as name: String = "hana", key number: Int
    ) throws(Refusal) -> Signed {
        var act = try act(.decline, by: "dave", as: .participant, on: statement.ceremony)
        act.actor = Signatory(name: name, fingerprint: SoftwareKey(number).fingerprint)
        return Signed(act, by: SoftwareKey(number), for: .act)
    }
}

extension [Member] {
    /// Changes the member of that name.
    public mutating func edit(_ name: String, _ change: (inout Member) -> Void) {
        guard let index = firstIndex(where: { $0.name == name }) else {
            preconditionFailure("nobody is called \(name)")
        }
        change(&self[index])
    }

    /// Takes the member of that name off.
    public mutating func remove(_ name: String) { removeAll { $0.name == name } }
}

extension MemberKey {
    /// The key of that number, on a token of its own.
    public init(_ number: Int) {
        self.init(key: SoftwareKey(number).publicKey, tokenSerial: "serial-\(number)")
    }
}
