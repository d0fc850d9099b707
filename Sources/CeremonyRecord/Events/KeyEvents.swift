// What becomes of keys and of objects on tokens. FORMATS section 2, the `key.*` and `object.*`
// rows.

/// The end that an activation gives to the key before it.
public struct KeyRetirement: Sendable, Hashable {
    /// The old key.
    public var fingerprint: Fingerprint
    /// From when on it is no longer valid.
    public var until: Timestamp

    /// From its fields.
    public init(fingerprint: Fingerprint, until: Timestamp) {
        self.fingerprint = fingerprint
        self.until = until
    }

    static let schema = BodySchema(
        KeyRetirement.init,
        .required("fingerprint", \.fingerprint, .fingerprint),
        .required("until", \.until, .time))
}

/// `key.activated`: A key is valid from here on.
public struct KeyActivated: EventPayload {
    /// The ceremony it came out of.
    public var ceremony: String
    /// The key.
    public var fingerprint: Fingerprint
    /// Whom it belongs to.
    public var subject: String
    /// The old key and its end, for a rotation.
    public var retires: KeyRetirement?

    /// A body from its fields.
    public init(
        ceremony: String, fingerprint: Fingerprint, subject: String, retires: KeyRetirement?
    ) {
        self.ceremony = ceremony
        self.fingerprint = fingerprint
        self.subject = subject
        self.retires = retires
    }

    static let type = "key.activated"
    static let schema = BodySchema(
        KeyActivated.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("fingerprint", \.fingerprint, .fingerprint),
        .required("subject", \.subject, .identifier),
        .optional("retires", \.retires, .nested(KeyRetirement.schema)))
}

/// `key.retired`: A key's end has come.
public struct KeyRetired: EventPayload {
    /// The key.
    public var fingerprint: Fingerprint
    /// Whom it belonged to.
    public var subject: String
    /// The reason code.
    public var reason: String
    /// When it came to hold, where it was written down later.
    public var effective: Timestamp?

    /// A body from its fields.
    public init(fingerprint: Fingerprint, subject: String, reason: String, effective: Timestamp?) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.reason = reason
        self.effective = effective
    }

    static let type = "key.retired"
    static let schema = BodySchema(
        KeyRetired.init,
        .required("fingerprint", \.fingerprint, .fingerprint),
        .required("subject", \.subject, .identifier),
        .required("reason", \.reason, .code),
        .optional("effective", \.effective, .time))
}

/// `key.lapsed`: A registered key was never attested.
public struct KeyLapsed: EventPayload {
    /// The key.
    public var fingerprint: Fingerprint
    /// Whom it would have belonged to.
    public var subject: String
    /// The reason code.
    public var reason: String
    /// When it came to hold, where it was written down later.
    public var effective: Timestamp?

    /// A body from its fields.
    public init(fingerprint: Fingerprint, subject: String, reason: String, effective: Timestamp?) {
        self.fingerprint = fingerprint
        self.subject = subject
        self.reason = reason
        self.effective = effective
    }

    static let type = "key.lapsed"
    static let schema = BodySchema(
        KeyLapsed.init,
        .required("fingerprint", \.fingerprint, .fingerprint),
        .required("subject", \.subject, .identifier),
        .required("reason", \.reason, .code),
        .optional("effective", \.effective, .time))
}

/// `key.revoked`: A key is not to be trusted, for ever.
public struct KeyRevoked: EventPayload {
    /// The ceremony that decided it.
    public var ceremony: String
    /// The key.
    public var fingerprint: Fingerprint
    /// Whom it belonged to.
    public var subject: String
    /// The reason code.
    public var reason: String
    /// The position in the log from which on its signatures are suspect.
    public var boundary: Int?
    /// The time from which on they are.
    public var boundaryTime: Timestamp?

    /// A body from its fields.
    public init(
        ceremony: String, fingerprint: Fingerprint, subject: String, reason: String, boundary: Int?,
        boundaryTime: Timestamp?
    ) {
        self.ceremony = ceremony
        self.fingerprint = fingerprint
        self.subject = subject
        self.reason = reason
        self.boundary = boundary
        self.boundaryTime = boundaryTime
    }

    static let type = "key.revoked"
    static let schema = BodySchema(
        KeyRevoked.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("fingerprint", \.fingerprint, .fingerprint),
        .required("subject", \.subject, .identifier),
        .required("reason", \.reason, .code),
        .optional("boundary", \.boundary, .number),
        .optional("boundary_time", \.boundaryTime, .time))
}

/// `object.destroyed`: An orphan on a token was destroyed, or why it was not.
public struct ObjectDestroyed: EventPayload {
    /// The ceremony whose intent left it.
    public var ceremony: String
    /// The token.
    public var tokenSerial: String
    /// The `CKA_ID`, written as hex.
    public var keyID: [UInt8]
    /// What was found to be so afterwards.
    public var outcome: DestructionOutcome
    /// The `recover` act.
    public var signed: SignedDocument

    /// A body from its fields.
    public init(
        ceremony: String, tokenSerial: String, keyID: [UInt8], outcome: DestructionOutcome,
        signed: SignedDocument
    ) {
        self.ceremony = ceremony
        self.tokenSerial = tokenSerial
        self.keyID = keyID
        self.outcome = outcome
        self.signed = signed
    }

    static let type = "object.destroyed"
    static let schema = BodySchema(
        ObjectDestroyed.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("token_serial", \.tokenSerial, .text),
        .required("key_id", \.keyID, .hex),
        .required("outcome", \.outcome, .word),
        .signed(\.signed))
}
