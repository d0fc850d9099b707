// The events about the log itself: its founding, its people and rules, its key, and what others
// outside hold against it. FORMATS section 2.

/// A founder's signature over the genesis document.
public struct GenesisSignature: Sendable, Hashable {
    /// The founder.
    public var member: String
    /// Which of their keys.
    public var key: Fingerprint
    /// The binary SSHSIG, namespace `ceremonyd-genesis-v1`.
    public var sshsig: [UInt8]

    /// From its fields.
    public init(member: String, key: Fingerprint, sshsig: [UInt8]) {
        self.member = member
        self.key = key
        self.sshsig = sshsig
    }

    static let schema = BodySchema(
        GenesisSignature.init,
        .required("member", \.member, .person),
        .required("key", \.key, .fingerprint),
        .required("sshsig", \.sshsig, .base64))
}

/// `log.created`: Event 0: the founding document and a signature by every key of every member.
public struct LogCreated: EventPayload {
    /// Production or rehearsal.
    public var mode: LogMode
    /// The log key, as a signed-note verifier key.
    public var vkey: String
    /// The lines of the genesis document.
    public var genesis: [String]
    /// The founders' signatures.
    public var signatures: [GenesisSignature]

    /// A body from its fields.
    public init(mode: LogMode, vkey: String, genesis: [String], signatures: [GenesisSignature]) {
        self.mode = mode
        self.vkey = vkey
        self.genesis = genesis
        self.signatures = signatures
    }

    static let type = "log.created"
    static let schema = BodySchema(
        LogCreated.init,
        .required("mode", \.mode, .word),
        .required("vkey", \.vkey, .text),
        .required("genesis", \.genesis, .document),
        .required("signatures", \.signatures, .list(of: GenesisSignature.schema)))
}

/// Whom a subject belongs to.
public struct Holder: Sendable, Hashable {
    /// The subject.
    public var subject: String
    /// The person.
    public var holder: String

    /// From its fields.
    public init(subject: String, holder: String) {
        self.subject = subject
        self.holder = holder
    }

    static let schema = BodySchema(
        Holder.init,
        .required("subject", \.subject, .identifier),
        .required("holder", \.holder, .person))
}

/// `roster.set`: The people and the rules from here on.
public struct RosterSet: EventPayload {
    /// The ceremony that decided it; `nil` only at seq 1.
    public var ceremony: String?
    /// Rises by one each time.
    public var epoch: Int
    /// The policy object.
    public var policy: JSON
    /// Everybody enrolled, by name.
    public var members: [Member]
    /// Subjects whose holder changes with it.
    public var holders: [Holder]?

    /// A body from its fields.
    public init(
        ceremony: String?, epoch: Int, policy: JSON, members: [Member], holders: [Holder]?
    ) {
        self.ceremony = ceremony
        self.epoch = epoch
        self.policy = policy
        self.members = members
        self.holders = holders
    }

    static let type = "roster.set"
    static let schema = BodySchema(
        RosterSet.init,
        .orNone("ceremony", \.ceremony, .identifier),
        .required("epoch", \.epoch, .number),
        .required("policy", \.policy, .object),
        .required("members", \.members, .members),
        .optional("holders", \.holders, .list(of: Holder.schema)))
}

/// `log.rekeyed`: Another key signs the log's heads.
public struct LogRekeyed: EventPayload {
    /// The ceremony that decided it.
    public var ceremony: String
    /// The new log key.
    public var vkey: String
    /// Before it a head needs both signatures, from then on the new one.
    public var bothUntil: Timestamp

    /// A body from its fields.
    public init(ceremony: String, vkey: String, bothUntil: Timestamp) {
        self.ceremony = ceremony
        self.vkey = vkey
        self.bothUntil = bothUntil
    }

    static let type = "log.rekeyed"
    static let schema = BodySchema(
        LogRekeyed.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("vkey", \.vkey, .text),
        .required("both_until", \.bothUntil, .time))
}

/// `time.anchored`: A time-stamp token from outside covers a head of this log.
public struct TimeAnchored: EventPayload {
    /// What sort of token.
    public var kind: String
    /// The size of the head it covers.
    public var treeSize: Int
    /// The digest of the token's bytes.
    public var sha256: Digest

    /// A body from its fields.
    public init(kind: String, treeSize: Int, sha256: Digest) {
        self.kind = kind
        self.treeSize = treeSize
        self.sha256 = sha256
    }

    static let type = "time.anchored"
    static let schema = BodySchema(
        TimeAnchored.init,
        .required("kind", \.kind, .code),
        .required("tree_size", \.treeSize, .number),
        .required("sha256", \.sha256, .hexDigest))
}

/// `checkpoint.cosigned`: Somebody outside cosigned a head of this log.
public struct CheckpointCosigned: EventPayload {
    /// What sort of cosignature.
    public var kind: String
    /// The size of the head it covers.
    public var treeSize: Int
    /// The digest of the cosigned checkpoint.
    public var sha256: Digest

    /// A body from its fields.
    public init(kind: String, treeSize: Int, sha256: Digest) {
        self.kind = kind
        self.treeSize = treeSize
        self.sha256 = sha256
    }

    static let type = "checkpoint.cosigned"
    static let schema = BodySchema(
        CheckpointCosigned.init,
        .required("kind", \.kind, .code),
        .required("tree_size", \.treeSize, .number),
        .required("sha256", \.sha256, .hexDigest))
}
