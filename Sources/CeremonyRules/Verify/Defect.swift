// What is wrong with a log or a bundle, by a stable name: where, what was found, and what it means
// for whoever was about to trust it. One defect is enough to refuse everything.

import CeremonyRecord

/// A defect of a log or of exported evidence.
public struct Defect: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its stable name.
    public let name: Name
    /// Where: a path from the bundle's root, made safe to show; `log/events.jsonl` for events.
    public let place: String
    /// The position of the event, where it is one: counted from 0, as `seq` is.
    public let seq: Int?
    /// What was found.
    public let detail: String
    /// How the rules refused the event, where they did.
    public let refusal: Refusal?

    init(
        _ name: Name, in place: String = Defect.events, at seq: Int? = nil, _ detail: String,
        refusal: Refusal? = nil
    ) {
        self.name = name
        self.place = Display.neutralised(place)
        self.seq = seq
        self.detail = detail
        self.refusal = refusal
    }

    /// What it means for trust in the evidence.
    public var meaning: String { name.meaning }

    /// Name, place, finding and meaning on one line.
    public var description: String {
        let position = seq.map { ", event \($0)" } ?? ""
        return "\(name.rawValue) (\(place)\(position)): \(detail) \(meaning)"
    }

    /// The path of the log in a bundle.
    static let events = "log/events.jsonl"
}

extension Defect {
    /// The names; they are part of the interface and never change their meaning.
    public enum Name: String, Sendable, CaseIterable {
        // The files.
        /// `FORMAT` is missing or says something else.
        case notABundle = "not-a-bundle"
        /// A link or a device where a file should be.
        case notAFile = "not-a-file"
        /// A file that the log gives is not there.
        case missingFile = "missing-file"
        /// A file is there that the log does not give.
        case unknownFile = "unknown-file"
        /// A file has other bytes than the log gives.
        case alteredFile = "altered-file"
        /// A proof of completion does not prove it.
        case badProof = "bad-proof"
        /// `SHA256SUMS` does not fit the files.
        case transportSums = "transport-sums"

        // The lines of the log.
        /// There are no events.
        case emptyLog = "empty-log"
        /// An empty line, or a last line without its end.
        case tornLog = "torn-log"
        /// A line is no event of this format.
        case unreadableEvent = "unreadable-event"
        /// A line is not in its one written form.
        case notCanonical = "not-canonical"
        /// An event of an unknown type or version.
        case unknownEvent = "unknown-event"
        /// An event of another origin.
        case otherLog = "other-log"
        /// An event with another number than its place.
        case wrongSequence = "wrong-sequence"
        /// An event whose `prev` is not the line before it.
        case brokenChain = "broken-chain"
        /// An event dated before the one before it.
        case timeBackwards = "time-backwards"

        // What the events say.
        /// A founding that is incomplete, senseless or unmeetable.
        case unsoundFounding = "unsound-founding"
        /// A signature that does not hold, or was made for another purpose.
        case badSignature = "bad-signature"
        /// Somebody acted who may not.
        case notEntitled = "not-entitled"
        /// A person or an order that counted twice.
        case answeredTwice = "answered-twice"
        /// A document that is not the one its place demands.
        case wrongDocument = "wrong-document"
        /// A document that names a state of the log that never was.
        case otherHistory = "other-history"
        /// An operation whose premises had changed.
        case changedPrestate = "changed-prestate"
        /// Something taken too late or too early.
        case outOfTime = "out-of-time"
        /// Something done before enough people agreed.
        case belowThreshold = "below-threshold"
        /// Something that a halted log does not take.
        case whileHalted = "while-halted"
        /// A second ceremony, or a second key, where one may be.
        case conflictingCeremony = "conflicting-ceremony"
        /// An outcome that is not what was ordered, or not proved.
        case unprovenOutcome = "unproven-outcome"
        /// A step that the table of states does not have.
        case illegalTransition = "illegal-transition"
        /// An event that nothing calls for.
        case illegalEvent = "illegal-event"
        /// Something else stands where an event was demanded.
        case missingConsequence = "missing-consequence"

        // The signed head.
        /// The checkpoint cannot be read.
        case badCheckpoint = "bad-checkpoint"
        /// No key of this log has signed the checkpoint.
        case checkpointNotSigned = "checkpoint-not-signed"
        /// A signature of a log key under the checkpoint does not hold.
        case checkpointSignature = "checkpoint-signature"
        /// The checkpoint is of another origin.
        case checkpointOrigin = "checkpoint-origin"
        /// The checkpoint covers more or fewer events.
        case checkpointSize = "checkpoint-size"
        /// The checkpoint covers other events.
        case checkpointRoot = "checkpoint-root"

        // What the auditor brought along.
        /// The auditor brought no digest of the genesis document.
        case genesisNotGiven = "genesis-not-given"
        /// The auditor brought the digest of another genesis document.
        case genesisDiffers = "genesis-differs"
        /// A rehearsal, and no leave to look at one.
        case rehearsal
        /// The earlier checkpoint cannot be read.
        case seenUnreadable = "seen-unreadable"
        /// The earlier checkpoint is not signed by this log.
        case seenNotSigned = "seen-not-signed"
        /// The earlier checkpoint covers more events than there are.
        case logShrank = "log-shrank"
        /// The earlier checkpoint covers other events.
        case logForked = "log-forked"
    }
}
