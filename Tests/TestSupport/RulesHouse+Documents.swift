// What people of a house sign: statements, approvals, attestations, acts. Each is built as a client
// would build it from the log, and can be changed before it is signed.

public import CeremonyRecord
public import CeremonyRules

/// A document with a signature over it: what is handed in.
public struct Signed: Hashable, Sendable {
    /// The bytes.
    public var document: [UInt8]
    /// The binary SSHSIG.
    public var sshsig: [UInt8]

    /// Whatever somebody hands in.
    public init(document: [UInt8], sshsig: [UInt8]) {
        self.document = document
        self.sshsig = sshsig
    }

    /// A document that a key signs for a purpose.
    public init(_ document: some Document, by key: SoftwareKey, for namespace: SignatureNamespace) {
        self.document = document.bytes
        sshsig = key.sshsig(over: document.bytes, for: namespace)
    }

    /// The command that hands it in.
    public var command: Command { .submit(document: document, sshsig: sshsig) }
}

extension House {
    /// Derives a statement from the log as it is.
    public mutating func statement(
        _ kind: String = "new-keeper-key", by name: String = "dave",
        subject: String = "keeper-alpha", token: TokenReference? = House.token,
        holder: String? = nil, supersedes: String? = nil, parameters: [String: String] = [:],
        drafted: Timestamp? = nil
    ) throws(Refusal) -> Statement {
        var all: [String: String] = [:]
        all["token"] = token?.uri
        if let holder { all["holder"] = holder }
        all.merge(parameters) { $1 }
        return try state.statement(
            for: Draft(
                kind: kind, subject: subject, parameters: all, supersedes: supersedes,
                initiator: signatory(name), reason: "the tests ask for it",
                drafted: drafted ?? max(now, state.head.time), nonce: nonce()))
    }

    /// Signs a statement as its initiator.
    public func opening(_ statement: Statement) -> Signed {
        Signed(statement, by: person(statement.initiator.name).keys[0], for: .open)
    }

    /// Opens a ceremony, as ``statement(_:by:subject:token:holder:supersedes:parameters:drafted:)``
    /// derives it.
    @discardableResult
    public mutating func open(
        by name: String = "dave", subject: String = "keeper-alpha",
        token: TokenReference = House.token, holder: String? = nil, supersedes: String? = nil
    ) throws(Refusal) -> Statement {
        let statement = try statement(
            by: name, subject: subject, token: token, holder: holder, supersedes: supersedes)
        try decide(opening(statement).command)
        return statement
    }

    /// Opens a ceremony of a kind that makes no key.
    @discardableResult
    public mutating func open(
        _ kind: String, by name: String = "dave", subject: String,
        parameters: [String: String] = [:]
    ) throws(Refusal) -> Statement {
        let statement = try statement(
            kind, by: name, subject: subject, token: nil, parameters: parameters)
        try decide(opening(statement).command)
        return statement
    }

    /// A witness's approval.
    public func approval(by name: String, key: Int = 0, of statement: Statement) -> Signed {
        Signed(statement, by: person(name).keys[key], for: .approve)
    }

    /// A witness's attestation.
    public func attestation(by name: String, key: Int = 0, of record: KeyRecord) -> Signed {
        Signed(record, by: person(name).keys[key], for: .attest)
    }

    /// Approvals by those people, handed in one after the other.
    public mutating func approve(_ names: String..., statement: Statement) throws(Refusal) {
        for name in names { try decide(approval(by: name, of: statement).command) }
    }

    /// Attestations by those people, handed in one after the other.
    public mutating func attest(_ names: String..., record: KeyRecord) throws(Refusal) {
        for name in names { try decide(attestation(by: name, of: record).command) }
    }

    /// An act on a ceremony, as a client drafts it from the log.
    ///
    /// - Parameter role: The first one that suits the actor, unless it is given.
    /// - Throws: ``Refusal`` (`unknown-ceremony`): there is nothing to draft from.
    public mutating func act(
        _ name: ActName, by actor: String, key: Int = 0, as role: ActRole? = nil,
        on id: String? = nil
    ) throws(Refusal) -> Act {
        let ceremony = id.flatMap { id in
            state.ceremony(named: id) ?? state.unconfirmed.first { $0.id == id }
        }
        if let id, ceremony == nil {
            throw Refusal(.unknownCeremony, "There is no ceremony \(id) in this log.")
        }
        let (document, from, to) = House.steps(of: name, ceremony)
        return Act(
            log: state.log.origin, mode: state.log.mode, act: name, ceremony: id,
            document: document, actor: signatory(actor, key: key),
            role: role ?? self.role(of: actor, for: name, ceremony), from: from?.rawValue,
            to: to?.rawValue,
            evidence: name == .recover
                ? [ceremony?.announced?.keyEvidence].compactMap(\.self) : [],
            justification: "the tests ask for it",
            treeSize: state.head.size, treeRoot: state.head.root, at: now, nonce: nonce())
    }

    private static func steps(of name: ActName, _ ceremony: Ceremony?) -> (
        document: Digest?, from: CeremonyState?, to: CeremonyState?
    ) {
        guard let ceremony else { return (nil, nil, nil) }
        let state = ceremony.state
        return switch name {
        case .execute: (ceremony.digest, state, .executing)
        case .cancel: (ceremony.digest, state, state == .approved ? .expired : .failed)
        case .decline where state == .completed: (ceremony.record?.digest, state, state)
        case .decline: (ceremony.digest, state, state)
        case .recover: (ceremony.digest, .failed, nil)
        case .confirm: (ceremony.record?.digest, state, state)
        case .tidy: (ceremony.digest, state, nil)
        case .halt, .note: (nil, nil, nil)
        }
    }

    private func role(of name: String, for act: ActName, _ ceremony: Ceremony?) -> ActRole {
        switch act {
        case .halt: .keeper
        case .decline: .witness
        case .note, .confirm, .tidy: .participant
        case .execute, .cancel, .recover:
            if person(name).member.roles.contains(.operator) {
                .operator
            } else if ceremony?.statement.initiator.name == name {
                .initiator
            } else {
                .witness
            }
        }
    }

    /// The act, signed by its actor.
    public func signed(_ act: Act) -> Signed {
        let keys = person(act.actor.name).keys
        let key = keys.first { $0.fingerprint == act.actor.fingerprint } ?? keys[0]
        return Signed(act, by: key, for: .act)
    }

    /// Hands in an act.
    @discardableResult
    public mutating func order(
        _ name: ActName, by actor: String, as role: ActRole? = nil, on ceremony: String? = nil
    ) throws(Refusal) -> Decision {
        try decide(signed(try act(name, by: actor, as: role, on: ceremony)).command)
    }
}
