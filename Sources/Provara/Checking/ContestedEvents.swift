// Events that a compromised key signed after its trust boundary. Which they are is known only when
// the revocation comes, so they are noted from the boundary on: a first look through the log finds
// out which events some revocation calls a boundary.

/// An event that came after the trust boundary of the key that signed it, or whose key was promoted
/// by such an event.
public struct ContestedEvent: Hashable, Sendable {
    /// The event.
    public let event: EventReference
    /// Its type.
    public let type: String
    /// The key that signed it.
    public let signer: KeyID
    /// The revocation that contests it.
    public let revocation: EventReference
    /// Where its line begins in the log.
    public let offset: Int
    /// How long its line is, without the line feed.
    public let length: Int
    /// The event by which a new key says that this one was legitimate; `nil` while it is contested.
    public internal(set) var attestedBy: EventReference?

    /// The SHA-256 of its canonical payload, which a re-attestation has to name.
    let payloadHash: [UInt8]
    let claim: Claim
    /// The key whose promotion this is.
    let introduces: KeyID?
}

/// The contested events of a log: all are counted, and the first ones are kept.
struct ContestedEvents: Sendable {
    private(set) var kept: [ContestedEvent] = []
    private(set) var count = 0
    private var places: [EventID: Int] = [:]

    mutating func append(_ event: ContestedEvent, limit: Int) {
        count += 1
        guard kept.count < limit else { return }
        places[event.event.id] = kept.count
        kept.append(event)
    }

    /// Counts events that are not kept.
    mutating func count(_ more: Int) { count += more }

    subscript(id: EventID) -> ContestedEvent? { places[id].map { kept[$0] } }

    mutating func attest(_ id: EventID, by event: EventReference) {
        if let place = places[id] { kept[place].attestedBy = event }
    }
}

/// An event that some revocation calls a trust boundary.
struct Boundary: Sendable {
    /// Which key signed it, and how many of that key's noted events came up to it; `nil` before it
    /// has come.
    var passed: (owner: KeyID, ordinal: Int, line: Int)?
}

/// What a key signed from its first watched boundary on.
struct SuspectEvents: Sendable {
    /// An event, with what a re-attestation of it would have to name.
    struct Suspect: Sendable {
        let event: EventReference
        let type: String
        let signer: KeyID
        let offset: Int
        let length: Int
        let payloadHash: [UInt8]
        let claim: Claim
        let introduces: KeyID?
    }

    private(set) var kept: [Suspect] = []
    private(set) var count = 0

    mutating func append(limit: Int, _ suspect: () -> Suspect) {
        count += 1
        if kept.count < limit { kept.append(suspect()) }
    }
}

extension LogReplay {
    /// Notes an event that a key signed, for the boundaries that are watched and for keys in doubt.
    mutating func watch(_ place: Place, _ signer: KeyID) {
        if let doubt = keys[signer]?.contestedBy {
            contested.append(
                ContestedEvent(Self.suspect(place, signer), by: doubt), limit: contestedLimit)
        }
        suspects[signer]?.append(limit: contestedLimit) { Self.suspect(place, signer) }
        if let boundary = boundaries[place.reference.id], boundary.passed == nil {
            let noted = suspects[signer] ?? SuspectEvents()
            suspects[signer] = noted
            boundaries[place.reference.id]?.passed = (signer, noted.count, place.reference.line)
        }
    }

    /// Notes the events of a key that was promoted by one whose events are noted.
    mutating func follow(_ key: KeyID, promotedBy signer: KeyID) {
        if suspects[signer] != nil { suspects[key] = SuspectEvents() }
        if let doubt = keys[signer]?.contestedBy { keys[key]?.contestedBy = doubt }
    }

    /// Contests what a key signed after a boundary, and what the keys signed that it promoted
    /// there.
    mutating func contest(_ key: KeyID, after boundary: Boundary, by revocation: EventReference) {
        guard let passed = boundary.passed else { return }
        var found: [SuspectEvents.Suspect] = []
        var count = 0
        var waiting = [(key, passed.ordinal, passed.line)]
        while let (key, ordinal, line) = waiting.popLast() {
            if let noted = suspects[key] {
                // An event can come after two boundaries; the first revocation contests it.
                let fresh = noted.kept.dropFirst(ordinal).filter { contested[$0.event.id] == nil }
                found += fresh
                count += fresh.count + noted.count - max(noted.kept.count, ordinal)
            }
            for promoted in keys.values where promoted.promotedBy == key {
                guard case .promotion(let event) = promoted.introduction, event.line > line else {
                    continue
                }
                keys[promoted.id]?.contestedBy = revocation
                waiting.append((promoted.id, 0, event.line))
            }
        }
        for suspect in found.sorted(by: { $0.event.line < $1.event.line }) {
            contested.append(ContestedEvent(suspect, by: revocation), limit: contestedLimit)
        }
        contested.count(count - found.count)
    }

    mutating func foldAttestation(
        _ place: Place, _ facts: AttestationFacts, _ note: (Vault.Finding) -> Void
    ) {
        guard let target = contested[facts.target], target.attestedBy == nil,
            let signer = place.event.signer
        else { return }
        if let why = whyNotHonoured(facts, signer, target) {
            note(place.finding(.badAttestation, "\(target.event) is attested, but \(why)"))
            return
        }
        contested.attest(facts.target, by: place.reference)
        if let key = target.introduces, keys[key]?.introduction == .promotion(target.event) {
            keys[key]?.contestedBy = nil
        }
    }

    private func whyNotHonoured(
        _ facts: AttestationFacts, _ signer: KeyID, _ target: ContestedEvent
    ) -> String? {
        guard facts.status.isSame(as: "verified_legitimate") else {
            return "its status is not verified_legitimate"
        }
        guard facts.evidenceHash.isSame(as: Hex.encode(target.payloadHash)) else {
            return "its evidence_hash is not that of the event's payload"
        }
        if target.claim.digest != nil, facts.claim != target.claim {
            return
                "subject, predicate and value are not those of the event, so that the reducer would "
                + "pass it over or believe something else"
        }
        guard keys[signer]?.contestedBy == nil, isSuccessor(signer, in: target.revocation) else {
            return "\(signer) is not the key that took the place of the revoked one"
        }
        return nil
    }

    /// Whether a key took the place of the one that this event revoked, or took that key's place
    /// later.
    func isSuccessor(_ key: KeyID, in revocation: EventReference) -> Bool {
        var next = keys.values.first { $0.revocation?.event == revocation }?.revocation?.replacement
        while let current = next {
            if current == key { return true }
            next = keys[current]?.revocation?.replacement
        }
        return false
    }

    /// Reads the line once more for what only a suspect needs.
    private static func suspect(_ place: Place, _ signer: KeyID) -> SuspectEvents.Suspect {
        let value = try? PythonJSON(Array(place.bytes), PythonJSON.Limits(bytes: place.bytes.count))
        let payload = value?.members?["payload"]?.members ?? PythonObject()
        let introduces: KeyID? =
            if case .promotion(let promotion) = place.event.kind { promotion.key.id } else { nil }
        return SuspectEvents.Suspect(
            event: place.reference, type: place.event.type, signer: signer, offset: place.offset,
            length: place.bytes.count, payloadHash: payload.canonicalHash, claim: Claim(payload),
            introduces: introduces)
    }
}

extension ContestedEvent {
    init(_ suspect: SuspectEvents.Suspect, by revocation: EventReference) {
        event = suspect.event
        type = suspect.type
        signer = suspect.signer
        self.revocation = revocation
        offset = suspect.offset
        length = suspect.length
        payloadHash = suspect.payloadHash
        claim = suspect.claim
        introduces = suspect.introduces
    }
}
