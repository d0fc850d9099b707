// Everything that the log says, as one value: the fold over its events. Nothing here is a truth of
// its own; it could be thrown away and folded again. Copies are cheap, because the large maps share
// their trees.

public import CeremonyRecord
import HashTreeCollections

/// What a log says after some number of its events.
///
/// Made by ``State/founded(by:line:after:)`` from event 0 and then only by ``evolve(_:line:)``.
public struct State: Hashable, Sendable {
    /// What the founding fixed.
    public struct LogFacts: Hashable, Sendable {
        /// The checkpoint's origin line.
        public let origin: String
        /// Production or rehearsal.
        public let mode: LogMode
        /// SHA-256 of the genesis document: what an auditor brings along.
        public let genesis: Digest
        /// The founding document.
        public let document: Genesis
        /// The keys that may sign checkpoints, the first one first.
        public let vkeys: [String]
    }

    /// One halt that has not been cleared.
    public struct Halt: Hashable, Sendable {
        /// Where it stands in the log.
        public let seq: Int
        /// When it was raised.
        public let time: Timestamp
        /// Who raised it; `nil` for the daemon.
        public let by: String?
        /// Why: the person's justification, or the invariant's name.
        public let reason: String
    }

    /// The place at the end of the log.
    public struct Head: Hashable, Sendable {
        /// The RFC 6962 tree of all lines.
        public var tree = TreeFrontier()
        /// The leaf hash of the last line: the next line's `prev`.
        public var last = Digest.zero
        /// The time of the last event.
        public var time: Timestamp
        /// Roots by size, as far back as documents may refer to.
        var roots: TreeDictionary<Int, PastRoot> = [:]
        /// The smallest size in `roots`.
        var oldest = 0

        /// How many events there are.
        public var size: Int { tree.size }
        /// The root over all of them.
        public var root: Digest { tree.root }
    }

    struct PastRoot: Hashable, Sendable {
        let root: Digest
        /// When the next event took its place.
        let superseded: Timestamp
    }

    /// What the founding fixed.
    public let log: LogFacts
    /// The end of the log that this one goes on from, if it goes on from one; never more than one.
    let before: [State]
    /// The keys that sign its heads.
    public internal(set) var logKeys: LogKeys
    /// The end of the log.
    public internal(set) var head: Head
    /// People and policy.
    public internal(set) var roster: Roster
    /// Where the event stands that set them.
    public internal(set) var rosterSeq = 1
    /// Every ceremony there ever was, by its identifier.
    var ceremonies: TreeDictionary<String, Ceremony> = [:]
    /// Their identifiers in the order of opening.
    var openings = Order<String>()
    /// Ceremonies of earlier logs that still had something to do, or somebody to wait for, when
    /// this log began.
    var inherited: TreeDictionary<String, Ceremony> = [:]
    /// Those that are PENDING, APPROVED or EXECUTING, oldest first.
    public internal(set) var live: [String] = []
    /// Those whose key waits for attestations, oldest first.
    public internal(set) var unattested: [String] = []
    /// Failed ceremonies of which something may still be on a token, oldest first.
    var debris: [String] = []
    /// Ended ceremonies of which a key may be left in a participant's token, oldest first.
    var untidied: [String] = []
    /// Completed ceremonies that still have something to do, oldest first.
    var unfinishedNames: [String] = []
    /// Completed ceremonies that peers are still to confirm, oldest first.
    var unconfirmedNames: [String] = []
    /// Keys whose end is set and not yet written down, in the order in which it was set.
    public internal(set) var retiring: [Fingerprint] = []
    /// Every key that came out of a ceremony.
    var keys: TreeDictionary<Fingerprint, KeyEntry> = [:]
    /// Their fingerprints in the order of registration.
    var registrations = Order<Fingerprint>()
    /// Every subject, by name.
    var subjects: TreeDictionary<String, Subject> = [:]
    /// Every authority, by name.
    var authorities: TreeDictionary<String, Authority> = [:]
    /// People's keys that were on the roster and are not any more, and since when.
    var unlisted: TreeDictionary<Fingerprint, KeyEntry.Moment> = [:]
    /// Every public key in any role: the point, and what it is.
    var taken: TreeDictionary<[UInt8], String> = [:]
    /// Nonces that cannot be used again, with the name of who used them before acts' nonces.
    var nonces: TreeSet<String> = []
    /// Where documents that were taken stand, by who signed what.
    var receipts: TreeDictionary<Digest, Receipt> = [:]
    /// The halts in force, oldest first. Not empty: the log is halted.
    public internal(set) var halts: [Halt] = []
    /// Where each broken invariant was last written down.
    var invariants: TreeDictionary<String, Int> = [:]
    /// Where the log's time was set back, and to what, in their order.
    var corrections: [KeyEntry.Moment] = []
    /// How often the log was opened for writing.
    public internal(set) var fence = 0
    /// What was last written down of tries with shares, by token.
    var lastTries: TreeDictionary<String, UnsealTried> = [:]
    /// What was last done with the PIN that a ceremony has split, but for rehearsals.
    var unsealings: TreeDictionary<String, UnsealResult> = [:]
    /// When refused access was last written down.
    var lastRefusal: Timestamp?
    /// What must follow at once, in this order: nothing else is legal until it has.
    public internal(set) var demands: [EventBody] = []

    /// Whether the log is halted.
    public var isHalted: Bool { !halts.isEmpty }
}

// MARK: Questions

extension State {
    /// The ceremony of that name.
    public func ceremony(named id: String) -> Ceremony? { ceremonies[id] }

    /// Every ceremony there ever was, in the order of their opening.
    public var allCeremonies: [Ceremony] { (0..<openings.count).compactMap(ceremony(at:)) }

    /// How many ceremonies there ever were.
    public var ceremonyCount: Int { openings.count }

    /// The ceremony that was opened at that place among all, counted from 0.
    public func ceremony(at place: Int) -> Ceremony? {
        openings[place].flatMap { ceremonies[$0] }
    }

    /// The key of that fingerprint, if a ceremony made it.
    public func key(_ fingerprint: Fingerprint) -> KeyEntry? { keys[fingerprint] }

    /// Every key there ever was, oldest first.
    public var allKeys: [KeyEntry] { (0..<registrations.count).compactMap(key(at:)) }

    /// How many keys there ever were.
    public var keyCount: Int { registrations.count }

    /// The key that was registered at that place among all, counted from 0.
    public func key(at place: Int) -> KeyEntry? {
        registrations[place].flatMap { keys[$0] }
    }

    /// What was last written down of tries on a token, so that nothing is written down twice.
    public func lastTries(on token: String) -> UnsealTried? { lastTries[token] }

    /// The subject of that name, if it has had a ceremony.
    public func subject(_ name: String) -> Subject? { subjects[name] }
}

/// Where a document that was taken stands in the log.
public struct Receipt: Hashable, Sendable {
    /// The event.
    public let seq: Int
    /// The ceremony it belongs to.
    public let ceremony: String?
}

/// A thing that keys belong to: a keeper, a vault, a drill.
public struct Subject: Hashable, Sendable {
    /// Fixed at the subject's first key.
    public internal(set) var subjectClass: String?
    /// The person it belongs to; fixed at the first key.
    public internal(set) var holder: String?
    /// Its keys, oldest first.
    public internal(set) var keys: [Fingerprint] = []
    /// How many ceremonies it has had; the next one's number is one more.
    public internal(set) var ceremonies = 0
}
