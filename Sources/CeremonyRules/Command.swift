// What can be asked of a log. A person asks with a signed document and with nothing else; the other
// commands are the daemon's own reports, and the fold says for each whether it is legal now.

public import CeremonyRecord

/// One thing asked of the log.
public enum Command: Sendable {
    /// A person's document and signature: opening, approval, attestation, or an act but
    /// `execute` and `recover`; with an acceptance that brings a key, that key's signature.
    case submit(document: [UInt8], sshsig: [UInt8], possession: [UInt8]? = nil)
    /// A person's order to execute, with the intent that the preflight found.
    case execute(document: [UInt8], sshsig: [UInt8], intent: JSON?)
    /// A person's order to recover what a failed execution left, with what was found to be so.
    case recover(document: [UInt8], sshsig: [UInt8], outcome: DestructionOutcome)
    /// The executor has done every step.
    case complete(ceremony: String, outcome: JSON)
    /// The executor cannot go on.
    case fail(ceremony: String, Failure)
    /// What a committed ceremony still had to do next is done, or left because it is not to be done
    /// any more.
    case done(ceremony: String, step: String, isLeft: Bool = false)
    /// The clock moved on: what follows from time.
    case tick
    /// The daemon opened the log for writing.
    case start(version: String, commit: String, modules: [LoadedModule])
    /// What was done with the shares of a token's PIN.
    case unsealTried(UnsealTried)
    /// The daemon saw an invariant broken.
    case invariant(String, since: Timestamp? = nil)
    /// A halt that the halt file held from that time on.
    case heldHalt(document: [UInt8], sshsig: [UInt8], since: Timestamp)
    /// Access was refused, so often since the last time.
    case refused(AccessRefused)
}

/// Why an execution ended without an outcome.
public struct Failure: Hashable, Sendable {
    /// The reason code.
    public var reason: String
    /// The step it happened in.
    public var phase: String?
    /// Further words, for a person.
    public private(set) var detail: String?
    /// The PKCS#11 function and its answer.
    public var pkcs11: PKCS11Failure?
    /// What may be left on a token.
    public private(set) var left: [String]

    /// A failure.
    public init(
        reason: String, phase: String? = nil, detail: String? = nil, pkcs11: PKCS11Failure? = nil,
        left: [String] = []
    ) {
        self.reason = reason
        self.phase = phase
        self.detail = detail.map(Failure.plain)
        self.pkcs11 = pkcs11
        self.left = left.map(Failure.plain)
    }

    /// Says of further things that they may be left.
    public mutating func add(left more: [String]) {
        left += more.map(Failure.plain)
    }

    /// Words of a module or a system may hold anything; the log takes 400 printable characters.
    private static func plain(_ text: String) -> String {
        let bytes = text.utf8.prefix(400).map {
            (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?")
        }
        let words = bytes.split(separator: UInt8(ascii: " "))
        guard !words.isEmpty else { return "?" }
        return String(decoding: Array(words.joined(separator: " ".utf8)), as: UTF8.self)
    }
}

/// What a command comes to: events to append, and the state after them.
public struct Decision: Sendable {
    /// The events, in order; empty for a repeat.
    public internal(set) var events: [Event] = []
    /// Their lines.
    public internal(set) var lines: [[UInt8]] = []
    /// The state after them.
    public internal(set) var state: State
    /// Where the document stands that was taken now, or was taken before.
    public internal(set) var receipt: Receipt?
    /// What was due and could not be written down, by ceremony or event: an invariant is broken.
    public internal(set) var stuck: [String] = []
    /// Whether exactly this was taken before, so that nothing is recorded.
    public internal(set) var isRepeat = false
}
