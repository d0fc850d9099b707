// The fold over a vault's log: who may do what at each place, as the events before it say. It goes
// through the lines in their order, one at a time; the costly part was done by the judge.
//
// What it holds does not grow with the number of events. It grows with the number of actors (about
// a hundred bytes each), keys, rotations and redacted events, and with the events that are
// contested or would be (about two hundred bytes each, up to `contestedLimit`).

import Sodium

/// The state of a vault's log after some of its lines.
struct LogReplay: Sendable {
    /// The newest of an actor's events.
    struct ActorTip: Sendable {
        var last: EventID
        var logicalTime: Int
        var time: String
    }

    /// The birth record, where it could be read.
    let genesisFile: GenesisRecord?
    /// How many contested events are kept.
    let contestedLimit: Int
    /// The events that some revocation calls a trust boundary.
    var boundaries: [EventID: Boundary]

    /// What each key is worth.
    var keys: [KeyID: KeyStanding]
    /// The GENESIS event, where it counts.
    var genesis: (record: GenesisRecord, event: EventReference)?
    private(set) var hasGenesis = false
    /// How many lines there were, also such as hold no event.
    private(set) var lineCount = 0
    /// How many of them hold an event.
    private(set) var eventCount = 0
    /// The last event.
    private(set) var lastEvent: EventReference?
    /// The highest time, as text.
    private(set) var latestTime = ""
    /// The actors' newest events.
    private(set) var actors: [ActorID: ActorTip] = [:]
    /// The seal, and the SHA-256 of it in canonical form.
    private(set) var seal: (event: EventReference, hash: [UInt8])?
    /// Events whose content is gone, until a redaction explains it.
    var tombstones: [EventID: Tombstone] = [:]
    /// Revoked keys that nothing replaces yet, with the time of the revocation.
    var unfinished: [KeyID: (event: EventReference, time: String)] = [:]
    /// The events of rotations that counted, with their lines, and what their actors attested.
    var rotationEvents: [RotationEvent] = []
    /// Events that came after a trust boundary.
    var contested = ContestedEvents()
    /// What keys signed since a boundary of theirs, and the keys that those promoted.
    var suspects: [KeyID: SuspectEvents] = [:]

    struct Tombstone: Sendable {
        let event: EventReference
        let signer: KeyID
        let order: EventID
    }

    init(
        keys: [KeyID: KeyStanding], genesisFile: GenesisRecord?, boundaries: Set<EventID>,
        contestedLimit: Int
    ) {
        self.keys = keys
        self.genesisFile = genesisFile
        self.boundaries = Dictionary(
            uniqueKeysWithValues: boundaries.map { ($0, Boundary()) })
        self.contestedLimit = contestedLimit
    }

    /// The public keys that are known so far, for the judge.
    var publicKeys: [KeyID: VaultPublicKey] { keys.compactMapValues(\.key) }

    /// Takes the next line.
    ///
    /// - Parameters:
    ///   - bytes: the bytes of the line, without its line feed.
    ///   - offset: where they stand in the log.
    ///   - note: called for everything that is found.
    mutating func fold(
        _ line: JudgedLine, bytes: ArraySlice<UInt8>, offset: Int, note: (Vault.Finding) -> Void
    ) {
        lineCount += 1
        for fault in line.faults {
            note(
                Vault.Finding(
                    fault.rule, fault.detail, event: line.event?.id, line: lineCount,
                    key: line.event?.signer))
        }
        guard let event = line.event else { return }
        eventCount += 1
        let reference = EventReference(id: event.id, line: lineCount)
        let place = Place(event: event, reference: reference, bytes: bytes, offset: offset)
        if seal != nil {
            note(place.finding(.afterSeal, "an event stands after the seal"))
        }
        foldChain(place, note)
        let counts = foldSignature(place, faults: line.faults, note)
        foldKind(place, counts: counts, note)
        lastEvent = reference
        if latestTime.precedes(event.time) { latestTime = event.time }
    }

    /// An event at its place.
    struct Place {
        let event: JudgedEvent
        let reference: EventReference
        let bytes: ArraySlice<UInt8>
        let offset: Int

        func finding(_ rule: Vault.Rule, _ detail: String, key: KeyID? = nil) -> Vault.Finding {
            Vault.Finding(
                rule, detail, event: reference.id, line: reference.line, key: key ?? event.signer)
        }
    }

    // MARK: - Chains

    private mutating func foldChain(_ place: Place, _ note: (Vault.Finding) -> Void) {
        let event = place.event
        let tip = actors[event.actor]
        switch (event.previous, tip) {
        case (.unreadable, _), (.none, nil): break
        case (.event(let id), let tip?) where id == tip.last: break
        case (_, let tip?):
            note(
                place.finding(
                    .brokenChain, "prev_event_hash is not \(tip.last), this actor's event before it"
                ))
        case (.event(let id), nil):
            note(
                place.finding(
                    .brokenChain, "prev_event_hash is \(id), and this actor has no event before it")
            )
        }
        if let time = event.logicalTime, let tip, time <= tip.logicalTime {
            note(
                place.finding(
                    .logicalTime, "ts_logical is \(time) after the same actor's \(tip.logicalTime)")
            )
        }
        let isLater = tip.map { tip in
            tip.time.precedes(event.time)
                || tip.time.isSame(as: event.time)
                    && tip.last.description.precedes(event.id.description)
        }
        if !event.time.isEmpty, isLater == false || !event.time.looksLikeTime {
            note(
                place.finding(
                    .timeOrder,
                    isLater == false
                        ? "the time is not after that of this actor's event before it"
                        : "the time is \(event.time.printable)"))
        }
        // A time that no vault writes is not kept: it could be as long as a line.
        actors[event.actor] = ActorTip(
            last: event.id, logicalTime: max(event.logicalTime ?? 0, tip?.logicalTime ?? 0),
            time: event.time.utf8.count <= 40 ? event.time : "")
    }

    // MARK: - Signatures

    /// Whether the event was signed by a key that may speak at this place.
    private mutating func foldSignature(
        _ place: Place, faults: [Fault], _ note: (Vault.Finding) -> Void
    ) -> Bool {
        let event = place.event
        guard let signer = event.signer else {
            if case .absent = event.signature {
                note(place.finding(.unsigned, "the event is not signed"))
            }
            return false
        }
        switch event.signature {
        case .absent:
            note(place.finding(.unsigned, "the event names \(signer) and is not signed"))
            return false
        case .invalid:
            if !faults.contains(where: { $0.rule == .badSignature }) {
                note(place.finding(.badSignature, "the signature is not \(signer)'s"))
            }
            return false
        case .valid, .gone: break
        case .open(let message, let signature):
            if let key = keys[signer]?.key,
                !Ed25519.isValid(signature: signature, of: message, by: key.bytes)
            {
                note(place.finding(.badSignature, "the signature is not \(signer)'s"))
                return false
            }
        }
        guard let standing = keys[signer] else {
            note(
                place.finding(
                    .unknownSigner,
                    "\(signer) signed it, which nothing introduced before this place"))
            return false
        }
        guard standing.key != nil else {
            note(
                place.finding(
                    .unknownSigner, "\(signer) signed it, whose public key keys.json does not have")
            )
            return false
        }
        if let revocation = standing.revocation {
            note(
                place.finding(
                    .revokedSigner, "\(signer) signed it, which was revoked by \(revocation.event)")
            )
            return false
        }
        keys[signer]?.eventCount += 1
        keys[signer]?.lastEvent = place.reference
        watch(place, signer)
        return true
    }

    // MARK: - Types

    private mutating func foldKind(
        _ place: Place, counts: Bool, _ note: (Vault.Finding) -> Void
    ) {
        switch place.event.kind {
        case .plain, .unreadable: break
        case .genesis(let record): foldGenesis(place, record, counts: counts, note)
        case .revocation(let payload): foldRevocation(place, payload, counts: counts, note)
        case .promotion(let payload): foldPromotion(place, payload, counts: counts, note)
        case .attestation(let facts):
            guard counts else { break }
            foldAttestation(place, facts, note)
            // A copy that takes the actor's next rotation over needs the chain whole.
            if rotationEvents.contains(where: { $0.actor == place.event.actor }) { remember(place) }
        case .seal:
            if counts { seal = (place.reference, SHA256.hash(Array(place.bytes))) }
        case .redaction(let target): if counts { foldRedaction(place, of: target, note) }
        case .tombstone(let order): foldTombstone(place, by: order, counts: counts, note)
        }
        let isGenesis = EventType.Known(place.event.type) == .genesis
        if isGenesis, hasGenesis {
            note(place.finding(.secondGenesis, "there is a GENESIS event before this one"))
        }
        if isGenesis { hasGenesis = true }
    }
}

extension String {
    /// Whether this is an ISO 8601 time as vaults write it: any fraction, `Z` or an offset.
    var looksLikeTime: Bool {
        let utf8 = Array(utf8)
        guard (20...40).contains(utf8.count) else { return false }
        for (index, byte) in utf8[..<19].enumerated() {
            let expected: UInt8? =
                switch index {
                case 4, 7: UInt8(ascii: "-")
                case 10: UInt8(ascii: "T")
                case 13, 16: UInt8(ascii: ":")
                default: nil
                }
            guard expected.map({ $0 == byte }) ?? (byte &- UInt8(ascii: "0") < 10) else {
                return false
            }
        }
        var rest = utf8[19...]
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst().drop { $0 &- UInt8(ascii: "0") < 10 }
        }
        if rest.elementsEqual("Z".utf8) { return true }
        return rest.count == 6
            && (rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-"))
    }
}
