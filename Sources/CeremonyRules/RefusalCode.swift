// Every way in which the rules say no, by a stable word. The words are listed once more in the
// varlink interface, where clients read them; a test holds the two lists together.

/// Why an act, a document or an event was refused.
public enum RefusalCode: String, Sendable, CaseIterable {
    // The log as a whole.
    /// The log is halted, and the act is not one of those that go on.
    case halted
    /// The clock is behind the log.
    case clockBehind = "clock-behind"
    /// The clock was set while the daemon ran, and nobody has confirmed it.
    case clockStepped = "clock-stepped"
    /// Nobody watched the clock for long, and nobody has confirmed it.
    case clockGap = "clock-gap"

    // Who.
    /// The key or the name is not on the roster.
    case notOnRoster = "not-on-roster"
    /// The person may not do this.
    case wrongRole = "wrong-role"
    /// The initiator does not count as a witness of their own ceremony.
    case initiatorExcluded = "initiator-excluded"
    /// The holder of the subject does not count as a witness.
    case holderExcluded = "holder-excluded"
    /// The statement does not list this person or key.
    case notListed = "not-listed"
    /// The person has answered already.
    case alreadyAnswered = "already-answered"

    // The document and its signature.
    /// The text is not one of the documents of this product.
    case malformed
    /// The signature is not over this document by this key, or not a signature at all.
    case badSignature = "bad-signature"
    /// The signature was made for another purpose.
    case wrongNamespace = "wrong-namespace"
    /// The document belongs to another log, mode, ceremony or statement.
    case wrongDocument = "wrong-document"
    /// A nonce that this log has seen.
    case nonceUsed = "nonce-used"
    /// The document is too old, or from the future.
    case stale
    /// The document names a state of the log that never was, or was long ago.
    case unknownPrefix = "unknown-prefix"
    /// The statement is not what this log derives.
    case statementDiffers = "statement-differs"

    // The ceremony.
    /// No such ceremony.
    case unknownCeremony = "unknown-ceremony"
    /// No such kind, or the policy does not have it.
    case unknownKind = "unknown-kind"
    /// A parameter of the kind is missing or wrong.
    case badParameter = "bad-parameter"
    /// The ceremony is not in the state that the act needs yet.
    case notYet = "not-yet"
    /// The ceremony has left the state that the act needs.
    case ended
    /// The ceremony's time is over.
    case expired
    /// Another ceremony has the subject, the token or the log.
    case busy
    /// The subject has a key.
    case keyExists = "key-exists"
    /// The key is not one to which this can be done.
    case wrongKey = "wrong-key"
    /// The public key stands in the log already.
    case keyTaken = "key-taken"
    /// Nothing on a token can have been left by the ceremony.
    case nothingToRecover = "nothing-to-recover"
    /// What the operation depends on has changed since it was drafted.
    case prestateChanged = "prestate-changed"
    /// Somebody whom the execution asks has said no to it.
    case declined
    /// The outcome is not what the statement and the intent demand.
    case outcomeDiffers = "outcome-differs"

    // The policy.
    /// A policy that is not well formed.
    case badPolicy = "bad-policy"
    /// A policy below the floors of production.
    case belowFloor = "below-floor"
    /// A policy, or a start, that could never be met.
    case unmeetable
    /// Production does not take this software token.
    case softwareToken = "software-token"
    /// A genesis that is not complete.
    case incompleteGenesis = "incomplete-genesis"

    // The log's own order; seen when a log is verified.
    /// An event that is not legal at its position.
    case illegalEvent = "illegal-event"
    /// A transition that the table does not have.
    case illegalTransition = "illegal-transition"
    /// A line that does not follow from the one before it.
    case brokenChain = "broken-chain"
    /// A time before the last one.
    case timeBackwards = "time-backwards"
}
