// What was done with the shares of a token's PIN. A token may hold the very key that the log is
// written with, so this can be written down only afterwards; until then it stands in a file.

/// How a token whose PIN guardians hold was tried.
public struct UnsealTry: Sendable, Hashable {
    /// When.
    public var time: Timestamp
    /// The ceremony in which the PIN was split that was tried.
    public var ceremony: String
    /// Whose shares gave it, by name.
    public var shares: [String]
    /// What came of it.
    public var result: UnsealResult

    /// From its fields.
    public init(time: Timestamp, ceremony: String, shares: [String], result: UnsealResult) {
        self.time = time
        self.ceremony = ceremony
        self.shares = shares
        self.result = result
    }

    static let schema = BodySchema(
        UnsealTry.init,
        .required("time", \.time, .time),
        .required("ceremony", \.ceremony, .identifier),
        .required("shares", \.shares, .array(.person)),
        .required("result", \.result, .word))
}

/// What came of trying a PIN that was put together from shares.
public enum UnsealResult: String, Sendable, Hashable, CaseIterable {
    /// The token was unlocked with it.
    case unlocked
    /// The token said that it is wrong.
    case wrong
    /// The token did not answer, or the daemon died meanwhile: the try may have counted.
    case unknown
    /// It became the token's PIN, in place of the one before it.
    case set
    /// It did not become the token's PIN: the token would not have it, the one that was given for
    /// the one before it is wrong, or another one has opened the token since.
    case notSet = "not-set"
    /// It was to become the token's PIN, and the token did not answer, or the daemon died
    /// meanwhile.
    case setting
    /// Nothing was tried: a holder has shown that their share is there and whole.
    case proved
}

extension UnsealResult {
    /// Whether it was written down before, and what came of it follows or was never known.
    public var isOpen: Bool { self == .unknown || self == .setting }
}

/// `unseal.tried`: What was done with shares since the log was last written.
public struct UnsealTried: EventPayload {
    /// The token, as a `pkcs11:` URI.
    public var token: String
    /// Every try, in the order in which they were made.
    public var tries: [UnsealTry]

    /// A body from its fields.
    public init(token: String, tries: [UnsealTry]) {
        self.token = token
        self.tries = tries
    }

    static let type = "unseal.tried"
    static let schema = BodySchema(
        UnsealTried.init,
        .required("token", \.token, .tokenURI),
        .required("tries", \.tries, .list(of: UnsealTry.schema)))
}
