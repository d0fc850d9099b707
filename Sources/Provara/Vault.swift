// A vault as it was read from a disk, once and whole: what is in order and what is not, what every
// key is worth, and where its chains end. Reading writes nothing and never follows a link; what is
// built on a vault (Rotation, HardReset, PeerUpdate) is worked out from this value alone.

import Sodium

/// A Provara vault of Profile A, read and checked.
public struct Vault: Sendable {
    /// How a vault is read.
    public struct Options: Sendable {
        /// How many threads check signatures; `nil` for as many as there are processors.
        public var threads: Int?
        /// Keys in `keys.json` that the caller knows to be there from birth although no birth
        /// document names them, such as agents' keys. They get no authority by it.
        public var vouchedKeys: Set<KeyID> = []
        /// Events of which it will be asked who signed them and what came after, because a rotation
        /// may make one of them its trust boundary.
        public var boundaries: Set<EventID> = []
        /// How many findings of one rule are kept; further ones are counted.
        public var listedFindings = 1000
        /// How many contested events are kept; further ones are counted.
        public var listedContested = 100_000
        /// The longest line of a log that is read, in bytes; a longer one is malformed.
        public var longestLine = 16 << 20

        /// Whether the log is read only as far as `manifest.json` says that it goes: the vault as
        /// it was before something was appended that is in no manifest yet.
        public var readsListedLog = false

        /// After how many events of a key tables of its multiples check its further signatures;
        /// `nil` for never. For a reading that only reports: what a ceremony rests on, libsodium
        /// alone has judged. Without optimisation tables are slower than that.
        public var preparedAfter: Int?

        /// The usual way.
        public init() {}
    }

    /// Whether somebody stands for the files as they are.
    public enum SignatureStanding: Hashable, Sendable {
        /// `manifest.sig` is the word of this key for the files as they are.
        case fresh(by: KeyID)
        /// `manifest.sig` is the word of this key for earlier files.
        case stale(by: KeyID)
        /// There is no `manifest.sig`.
        case missing
        /// There is one, and it is nobody's word.
        case wrong
    }

    /// The directory, as it was named to ``read(at:_:noting:)``.
    public let path: String
    /// What was found.
    public let findings: Findings
    /// The files as they are, in the order of a manifest.
    public let manifest: VaultManifest
    /// The Merkle root of the files as they are, whatever `merkle_root.txt` says. Together with
    /// ``Log/lastEvent`` it says which state of the vault this is.
    public let root: MerkleRoot
    /// The birth record; `nil` where it could not be read.
    public let genesis: GenesisRecord?
    /// What `keys.json` says; `nil` where it could not be read.
    public let registry: KeyRegistry?
    /// What the sync contract says; `nil` where it could not be read.
    public let contract: SyncContract?
    /// Whether somebody stands for the files as they are.
    public let signature: SignatureStanding
    /// The log.
    public let log: Log
    /// The manifest, its root and its signature as they are on the disk, where they are there.
    let unlisted: [ManifestEntry]

    /// Whether every rule of the specification holds. Warnings do not count.
    public var isInOrder: Bool { findings.violationCount == 0 }

    /// What the successor of this vault says of it.
    public var anchor: PredecessorAnchor {
        PredecessorAnchor(
            root: root, eventCount: log.eventCount, lastEvent: log.lastEvent?.id,
            seal: log.seal?.id, sealHash: log.replay.seal.map { Hex.encode($0.hash) })
    }
}

extension Vault {
    /// What a vault's log says, at its end.
    public struct Log: Sendable {
        /// How many events there are.
        public var eventCount: Int { replay.eventCount }
        /// The last event in the file; `nil` where there is none.
        public var lastEvent: EventReference? { replay.lastEvent }
        /// The highest time of any event, as text; empty where there is none.
        public var latestTime: String { replay.latestTime }
        /// The event that sealed the vault; `nil` for one that is open.
        public var seal: EventReference? { replay.seal?.event }
        /// The standing of every key that the birth or the log introduced, by the order of their
        /// ids.
        public var keys: [KeyStanding] {
            replay.keys.values.sorted { $0.id.description.precedes($1.id.description) }
        }
        /// The events that came after the trust boundary of their key, as far as they are kept.
        public var contested: [ContestedEvent] { replay.contested.kept }
        /// How many events are contested, with those that were attested again.
        public var contestedCount: Int { replay.contested.count }
        /// Keys that were revoked and that nothing replaced.
        public var unfinishedRotations: [KeyID] { Array(replay.unfinished.keys) }
        /// The trust boundaries of all revocations that counted. A peer is read with these in
        /// ``Options/boundaries`` before it is brought up to date from this log.
        public var trustBoundaries: Set<EventID> {
            Set(replay.keys.values.compactMap(\.revocation?.boundary))
        }
        /// How many bytes the file has.
        public let size: Int

        let replay: LogReplay
        /// The digest of the file, which can go on.
        let digest: SHA256State

        /// The standing of a key; `nil` for one that nothing introduced.
        public func standing(of key: KeyID) -> KeyStanding? { replay.keys[key] }

        /// Who signed an event that was asked for in ``Options/boundaries``, and how many events of
        /// that key would be contested if it were its trust boundary; `nil` where it is none of the
        /// log.
        public func passed(_ boundary: EventID) -> (signer: KeyID, later: Int)? {
            guard let watched = replay.boundaries[boundary], let passed = watched.passed else {
                return nil
            }
            var afterwards = replay
            let before = afterwards.contested.count
            afterwards.contest(
                passed.owner, after: watched,
                by: EventReference(id: boundary, line: replay.lineCount + 1))
            return (passed.owner, afterwards.contested.count - before)
        }

        /// The newest event of an actor, and the logical time that comes next.
        public func tip(of actor: String) -> (last: EventID?, nextLogicalTime: Int) {
            let tip = replay.actors[ActorID(actor)]
            return (tip?.last, (tip?.logicalTime ?? 0) + 1)
        }

        /// The first time that is after `now` or is `now`, and whose text is after every event's.
        ///
        /// - Returns: `nil` where the log holds a time after which no text of that form comes.
        public func nextTime(notBefore now: VaultTime) -> VaultTime? {
            if latestTime.precedes(now.description) { return now }
            // Another form of the same second differs behind the 19th character.
            let second = VaultTime(
                String(decoding: latestTime.utf8.prefix(19), as: UTF8.self)
                    + ".999999+00:00")
            let exact = VaultTime(latestTime)
            let next = (exact ?? second)?.adding(microseconds: 1)
            return next.flatMap { latestTime.precedes($0.description) ? $0 : nil }
        }
    }
}
