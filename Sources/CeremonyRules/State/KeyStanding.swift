// How a key stands at a place in the log, and since which event (DESIGN 2.6 and section 3, Key
// status). Nothing here decides anything new: it reads what the log says, and the calendar.

public import CeremonyRecord

/// The standing of a key at a place in the log, with its reason.
public struct KeyStanding: Hashable, Sendable {
    /// The standing.
    public let status: KeyStatus
    /// The event from which it follows, and the time from which it holds.
    ///
    /// For a key that has retired or lapsed by the calendar alone, the event is the one that set
    /// the end.
    public let since: KeyEntry.Moment
    /// Until when it is valid, where an end is set.
    public let until: Timestamp?
    /// Why, in one sentence.
    public let reason: String

    /// Whether verification accepts the key.
    public var isValid: Bool { status == .active || status == .retiring }
}

extension State {
    /// How a key stands at a place in this log.
    ///
    /// - Returns: `nil` where no ceremony up to there has made the key.
    public func standing(of fingerprint: Fingerprint, at place: LogPosition) -> KeyStanding? {
        guard let entry = key(fingerprint), place.includes(entry.registered) else { return nil }
        let time = time(at: place)
        if let revocation = entry.revocation, place.includes(revocation.moment) {
            return KeyStanding(
                status: .revoked, since: revocation.moment, until: nil,
                reason:
                    "It was revoked by \(revocation.ceremony) for \(revocation.cause), for ever."
            )
        }
        guard let activated = entry.activated, place.includes(activated) else {
            return unattested(entry, at: place, time)
        }
        guard let overlap = entry.overlap, place.includes(overlap.begun) else {
            return KeyStanding(
                status: .active, since: activated, until: nil,
                reason: "It came out of \(entry.ceremony), \(attested(entry)), and nothing has "
                    + "ended it.")
        }
        let recorded = entry.retired.flatMap { place.includes($0) ? $0 : nil }
        let until = recorded?.time ?? overlap.until
        guard recorded != nil || time >= until else {
            return KeyStanding(
                status: .retiring, since: overlap.begun, until: overlap.until,
                reason: retiring(overlap, at: place))
        }
        return KeyStanding(
            status: .retired,
            since: KeyEntry.Moment(seq: recorded?.seq ?? overlap.begun.seq, time: until),
            until: until,
            reason: "Its overlap with \(overlap.successor) ended at \(until)"
                + (recorded == nil ? ", which is not yet written down." : "."))
    }

    /// A policy may ask for no attestation.
    private func attested(_ entry: KeyEntry) -> String {
        recordedCeremony(named: entry.ceremony)?.statement.attestThreshold == 0
            ? "the rules asked for no attestation" : "its witnesses have attested it"
    }

    /// The overlap goes on to its end whatever becomes of the successor.
    private func retiring(_ overlap: KeyEntry.Overlap, at place: LogPosition) -> String {
        guard let successor = standing(of: overlap.successor, at: place)?.status,
            successor != .active
        else {
            return "Its successor \(overlap.successor) is active; both are valid until "
                + "\(overlap.until)."
        }
        return "It is valid until \(overlap.until), and its successor \(overlap.successor) is "
            + "\(successor.rawValue)."
    }

    /// A key that is not activated waits for attestations, or has waited in vain.
    private func unattested(_ entry: KeyEntry, at place: LogPosition, _ time: Timestamp)
        -> KeyStanding
    {
        if let lapsed = entry.lapsed, place.includes(lapsed) {
            return KeyStanding(
                status: .lapsed, since: lapsed, until: nil,
                reason: "It was not attested in time, or its witnesses disowned it.")
        }
        if let deadline = ceremony(named: entry.ceremony)?.attestDeadline, time >= deadline {
            return KeyStanding(
                status: .lapsed,
                since: KeyEntry.Moment(seq: entry.registered.seq, time: deadline), until: nil,
                reason: "It was not attested by \(deadline), which is not yet written down.")
        }
        return KeyStanding(
            status: .registered, since: entry.registered, until: nil,
            reason: "It came out of \(entry.ceremony) and waits for attestations.")
    }

    /// The key to sign with for a subject at a place in this log: the newest that is active there.
    public func signingKey(of subject: String, at place: LogPosition) -> KeyEntry? {
        for fingerprint in (self.subject(subject)?.keys ?? []).reversed()
        where standing(of: fingerprint, at: place)?.status == .active {
            return key(fingerprint)
        }
        return nil
    }
}
