// What people say to a ceremony: opening it, approving, accepting, declining, attesting. FORMATS
// section 2, the `ceremony.*` rows.

/// `ceremony.opened`: A ceremony begins with the statement that its initiator signed.
public struct CeremonyOpened: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// The statement, namespace `ceremonyd-open-v1`.
    public var signed: SignedDocument
    /// The ceremony it replaces.
    public var supersedes: String?

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, signed: SignedDocument,
        supersedes: String?
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.signed = signed
        self.supersedes = supersedes
    }

    static let type = "ceremony.opened"
    static let schema = BodySchema(
        CeremonyOpened.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .signed(\.signed),
        .optional("supersedes", \.supersedes, .identifier))
}

/// `ceremony.witnessed`: A witness approved the statement.
public struct CeremonyWitnessed: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// Who.
    public var witness: String
    /// With which key.
    public var key: Fingerprint
    /// Over the statement, namespace `ceremonyd-approve-v1`.
    public var sshsig: [UInt8]
    /// How many have now answered so.
    public var count: Int
    /// How many must.
    public var threshold: Int

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, witness: String,
        key: Fingerprint, sshsig: [UInt8], count: Int, threshold: Int
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.witness = witness
        self.key = key
        self.sshsig = sshsig
        self.count = count
        self.threshold = threshold
    }

    static let type = "ceremony.witnessed"
    static let schema = BodySchema(
        CeremonyWitnessed.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("witness", \.witness, .person),
        .required("key", \.key, .fingerprint),
        .required("sshsig", \.sshsig, .base64),
        .required("count", \.count, .number),
        .required("threshold", \.threshold, .number))
}

/// `ceremony.accepted`: A participant accepted their part.
public struct CeremonyAccepted: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// The response set.
    public var set: String
    /// Who.
    public var participant: String
    /// The acceptance, namespace `ceremonyd-accept-v1`.
    public var signed: SignedDocument
    /// The key that they bring.
    public var newKey: SSHPublicKey?
    /// Its signature over the same bytes, namespace `ceremonyd-possession-v1`.
    public var possession: [UInt8]?

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, set: String, participant: String,
        signed: SignedDocument, newKey: SSHPublicKey?, possession: [UInt8]?
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.set = set
        self.participant = participant
        self.signed = signed
        self.newKey = newKey
        self.possession = possession
    }

    static let type = "ceremony.accepted"
    static let schema = BodySchema(
        CeremonyAccepted.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("set", \.set, .identifier),
        .required("participant", \.participant, .person),
        .signed(\.signed),
        .optional("new_key", \.newKey, .publicKey),
        .optional("possession", \.possession, .base64))
}

/// `ceremony.declined`: A person said no to the statement or, after completion, to the key record.
public struct CeremonyDeclined: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// Who.
    public var participant: String
    /// The act.
    public var signed: SignedDocument

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, participant: String,
        signed: SignedDocument
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.participant = participant
        self.signed = signed
    }

    static let type = "ceremony.declined"
    static let schema = BodySchema(
        CeremonyDeclined.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("participant", \.participant, .person),
        .signed(\.signed))
}

/// `ceremony.attested`: A witness attested the key record.
public struct CeremonyAttested: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// Who.
    public var witness: String
    /// With which key.
    public var key: Fingerprint
    /// Over the record, namespace `ceremonyd-attest-v1`.
    public var sshsig: [UInt8]
    /// How many have now answered so.
    public var count: Int
    /// How many must.
    public var threshold: Int

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, witness: String,
        key: Fingerprint, sshsig: [UInt8], count: Int, threshold: Int
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.witness = witness
        self.key = key
        self.sshsig = sshsig
        self.count = count
        self.threshold = threshold
    }

    static let type = "ceremony.attested"
    static let schema = BodySchema(
        CeremonyAttested.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("witness", \.witness, .person),
        .required("key", \.key, .fingerprint),
        .required("sshsig", \.sshsig, .base64),
        .required("count", \.count, .number),
        .required("threshold", \.threshold, .number))
}

extension CeremonyOpened {
    var contradiction: String? {
        from == nil && to == .pending ? nil : "an opening goes from none to PENDING"
    }
}

extension CeremonyAccepted {
    var contradiction: String? {
        newKey == nil && possession != nil
            ? "there is a proof of possession, but no new key" : cameFromNowhere
    }
}
