// Every way in which the engine says no besides the rules' own. Each has a stable word, the facts,
// and the next step; the wire passes exactly these on.

import CeremonyRecord
public import CeremonyRules

/// A no from the engine.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The stable words that are the engine's own; the rules' are in ``RefusalCode``.
    public enum Code: String, Sendable, CaseIterable {
        /// The log token is not unlocked.
        case sealed
        /// Recorded, and the log key has not signed it yet.
        case recordedNotSigned = "recorded-not-signed"
        /// Too many commands wait.
        case overloaded
        /// The daemon is about to stop.
        case stopping
        /// The log cannot be written.
        case logNotWritten = "log-not-written"
        /// The date of the clock is to be confirmed before the log is opened by it.
        case clockUnconfirmed = "clock-unconfirmed"
        /// The date given is not the one that the clock says.
        case clockMismatch = "clock-mismatch"
        /// The halt file cannot be written or read.
        case haltFile = "halt-file"
        /// The daemon has no token of that name.
        case unknownToken = "unknown-token"
        /// The token is not there.
        case tokenMissing = "token-missing"
        /// More than one token answers to the name.
        case tokenAmbiguous = "token-ambiguous"
        /// The token cannot make or use Ed25519 keys.
        case tokenUnable = "token-unable"
        /// The token is not unlocked.
        case tokenLocked = "token-locked"
        /// The PIN is wrong; one try was used.
        case wrongPIN = "wrong-pin"
        /// The PIN is locked, or only the final try is left and was not allowed.
        case pinTries = "pin-tries"
        /// The log key is not on its token, or signs something else.
        case logKey = "log-key"
        /// A log is founded once, and this one is.
        case alreadyFounded = "already-founded"
        /// Something with the id or label is on the token already.
        case objectExists = "object-exists"
        /// What is on the token is not what the intent announced.
        case objectDiffers = "object-differs"
        /// More than one pair has the name that the intent announced.
        case objectAmbiguous = "object-ambiguous"
        /// The object was on the token before the execution.
        case objectBefore = "object-before"
        /// The object signs for a key that the log knows.
        case objectKnown = "object-known"
        /// The log is not known to be the newest, so what it calls left may be a key.
        case logNotNewest = "log-not-newest"
        /// The token is here, and an order calls it lost.
        case tokenHere = "token-here"
        /// The daemon's configuration names no such vault.
        case unknownVault = "unknown-vault"
        /// The vault breaks a rule of its format, or has no key of those that are asked about.
        case vaultUnfit = "vault-unfit"
        /// The vault is not as it was agreed on.
        case vaultChanged = "vault-changed"
        /// The vault cannot be read or written.
        case vaultTrouble = "vault-trouble"
        /// Nobody guards the token.
        case notGuarded = "not-guarded"
        /// The token's PIN is held in shares, and nobody can know it.
        case guarded
        /// What was handed over is no share of the token's PIN.
        case badShare = "bad-share"
        /// Enough shares were there, and the PIN that they give is not the token's.
        case wrongShares = "wrong-shares"
        /// A PIN was split and is to be set, for which the one before it is needed.
        case pinAwaited = "pin-awaited"
        /// Tries with shares cannot be written down.
        case unsealFile = "unseal-file"
        /// The token answered with an error.
        case tokenTrouble = "token-trouble"
        /// An execution began and ended as FAILED.
        case executionFailed = "execution-failed"
        /// The database is older than a head that was signed.
        case rolledBack = "rolled-back"
        /// The database has another history than a head that was signed.
        case forked
        /// The head object in the log token is not of this log.
        case headObject = "head-object"
        /// A checkpoint that was given is not one of this log.
        case badCheckpoint = "bad-checkpoint"
        /// The evidence that was given does not continue this log.
        case badBundle = "bad-bundle"
    }

    /// The stable word, the engine's or the rules'.
    public let code: String
    /// What happened.
    public let detail: String
    /// The next step.
    public let next: String?
    /// The requirement, where one applies.
    public let requirement: String?
    /// The event that was recorded all the same, for `recorded-not-signed`.
    public let seq: Int?

    /// A no of the engine's own.
    public init(
        _ code: Code, _ detail: String, next: String? = nil, requirement: String? = nil,
        seq: Int? = nil
    ) {
        self.code = code.rawValue
        self.detail = detail
        self.next = next
        self.requirement = requirement
        self.seq = seq
    }

    /// A refusal of the rules, as it is.
    public init(_ refusal: Refusal) {
        code = refusal.code.rawValue
        detail = refusal.detail
        next = refusal.next
        requirement = refusal.requirement
        seq = nil
    }

    /// Whether it is that word.
    public func has(_ code: Code) -> Bool { self.code == code.rawValue }

    /// The word, the facts and the next step on one line.
    public var description: String { "\(code): \(detail)" + (next.map { " \($0)" } ?? "") }

    /// The log token is not unlocked.
    static let sealed = EngineError(
        .sealed, "The log is sealed: its token is not unlocked, so nothing can be recorded.",
        next:
            "Unlock it: ceremonyctl unlock TOKEN; ceremonyctl status names it. Reading, export and halt go on."
    )

    /// The event is durable, and the log key has not signed a head that covers it.
    static func notSigned(_ seq: Int, because: String? = nil) -> EngineError {
        EngineError(
            .recordedNotSigned,
            "It is recorded as event \(seq), and the log key has not signed it"
                + (because.map { ": " + $0 } ?? "."),
            next: "Unlock the log token; nothing more is recorded until it has signed.", seq: seq)
    }

    /// The ledger has ended in an error that leaves open what is on the disk, or has found there
    /// what nobody here has written.
    static let stopping = EngineError(
        .stopping,
        "Writing the log ended in an error, and whether this is recorded can only be told by "
            + "reading the disk again: the daemon ends.",
        next: "Look at the disk, start the daemon, and repeat the same document: a repeat is safe.")
}
