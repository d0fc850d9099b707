// What becomes of a ceremony: approved, executing, and its three ends. FORMATS section 2, the
// `ceremony.*` rows.

/// `ceremony.approved`: Every required response set is complete.
public struct CeremonyApproved: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState

    /// A body from its fields.
    public init(ceremony: String, from: CeremonyState?, to: CeremonyState) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
    }

    static let type = "ceremony.approved"
    static let schema = BodySchema(
        CeremonyApproved.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word))
}

/// `ceremony.executing`: The intent: what is about to be done to which token. Written before it is
/// done.
public struct CeremonyExecuting: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// The `execute` act; `nil` for ceremonies without steps.
    public var signed: SignedDocument?
    /// An object with the kind's fields; `nil` for ceremonies without steps.
    public var intent: JSON?

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, signed: SignedDocument?,
        intent: JSON?
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.signed = signed
        self.intent = intent
    }

    static let type = "ceremony.executing"
    static let schema = BodySchema(
        CeremonyExecuting.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .optionallySigned(\.signed),
        .optional("intent", \.intent, .object))
}

/// `ceremony.completed`: The only commit point of a ceremony.
public struct CeremonyCompleted: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// An object with the kind's fields.
    public var outcome: JSON

    /// A body from its fields.
    public init(ceremony: String, from: CeremonyState?, to: CeremonyState, outcome: JSON) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.outcome = outcome
    }

    static let type = "ceremony.completed"
    static let schema = BodySchema(
        CeremonyCompleted.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("outcome", \.outcome, .object))
}

/// The call to a token that failed.
public struct PKCS11Failure: Sendable, Hashable {
    /// Its name, such as `C_GenerateKeyPair`.
    public var function: String
    /// The return value by its standard name.
    public var code: String

    /// From its fields.
    public init(function: String, code: String) {
        self.function = function
        self.code = code
    }

    static let schema = BodySchema(
        PKCS11Failure.init,
        .required("function", \.function, .text),
        .required("code", \.code, .text))
}

/// `ceremony.failed`: A ceremony ended without its effect.
public struct CeremonyFailed: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// The reason code.
    public var reason: String
    /// The step in which it happened.
    public var phase: String?
    /// More about it: free text.
    public var detail: String?
    /// The call that failed.
    public var pkcs11: PKCS11Failure?
    /// What was not undone, one object each.
    public var left: [String]?
    /// The act of the person who ended it.
    public var signed: SignedDocument?
    /// The ceremony that superseded it.
    public var by: String?
    /// When it came to hold, where it was written down later.
    public var effective: Timestamp?

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, reason: String, phase: String?,
        detail: String?, pkcs11: PKCS11Failure?, left: [String]?, signed: SignedDocument?,
        by: String?, effective: Timestamp?
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.reason = reason
        self.phase = phase
        self.detail = detail
        self.pkcs11 = pkcs11
        self.left = left
        self.signed = signed
        self.by = by
        self.effective = effective
    }

    static let type = "ceremony.failed"
    static let schema = BodySchema(
        CeremonyFailed.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("reason", \.reason, .code),
        .optional("phase", \.phase, .code),
        .optional("detail", \.detail, .freeText),
        .optional("pkcs11", \.pkcs11, .nested(PKCS11Failure.schema)),
        .optional("left", \.left, .texts),
        .optionallySigned(\.signed),
        .optional("by", \.by, .identifier),
        .optional("effective", \.effective, .time))
}

/// `ceremony.expired`: A ceremony ended because its time was over or its approval was withdrawn.
public struct CeremonyExpired: CeremonyPayload {
    /// The ceremony.
    public var ceremony: String
    /// The state before; `nil` at opening.
    public var from: CeremonyState?
    /// The state after.
    public var to: CeremonyState
    /// The reason code.
    public var reason: String
    /// The act of the person who withdrew it.
    public var signed: SignedDocument?
    /// The ceremony that superseded it.
    public var by: String?
    /// When it came to hold, where it was written down later.
    public var effective: Timestamp?

    /// A body from its fields.
    public init(
        ceremony: String, from: CeremonyState?, to: CeremonyState, reason: String,
        signed: SignedDocument?, by: String?, effective: Timestamp?
    ) {
        self.ceremony = ceremony
        self.from = from
        self.to = to
        self.reason = reason
        self.signed = signed
        self.by = by
        self.effective = effective
    }

    static let type = "ceremony.expired"
    static let schema = BodySchema(
        CeremonyExpired.init,
        .required("ceremony", \.ceremony, .identifier),
        .orNone("from", \.from, .word),
        .required("to", \.to, .word),
        .required("reason", \.reason, .code),
        .optionallySigned(\.signed),
        .optional("by", \.by, .identifier),
        .optional("effective", \.effective, .time))
}

extension CeremonyExecuting {
    var contradiction: String? {
        (signed == nil) != (intent == nil)
            ? "a signed act and an intent stand together or not at all" : cameFromNowhere
    }
}
