// What becomes of keys, and the endings that a change causes in other ceremonies. All of it is
// demanded: the event that causes something says what must stand next.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// A key came out of a ceremony.
    mutating func register(_ record: KeyRecord, of ceremony: Ceremony, at moment: KeyEntry.Moment) {
        let holder = ceremony.statement.holder
        let entry = KeyEntry(
            publicKey: record.publicKey, subject: record.subject,
            subjectClass: ceremony.statement.subjectClass, ceremony: ceremony.id,
            token: record.token, keyID: record.keyID, label: record.keyLabel, registered: moment)
        let fingerprint = record.fingerprint
        keys[fingerprint] = entry
        registrations.append(fingerprint)
        taken[entry.publicKey.point] = "the key of \(entry.subject) from \(entry.ceremony)"
        subjects[entry.subject, default: Subject()].keys.append(fingerprint)
        if subjects[entry.subject]?.keys.count == 1 {
            subjects[entry.subject]?.subjectClass = entry.subjectClass
            subjects[entry.subject]?.holder = holder
            if let holder { roster.holders[entry.subject] = holder }
        }
    }

    /// `key.activated`, demanded by the attestation that reached the threshold; the overlap with
    /// the key before it begins here.
    mutating func take(_ activated: KeyActivated, at moment: KeyEntry.Moment) throws(Refusal) {
        keys[activated.fingerprint]?.activated = moment
        unattested.removeAll { $0 == activated.ceremony }
        if let old = activated.retires {
            keys[old.fingerprint]?.overlap = KeyEntry.Overlap(
                begun: moment, successor: activated.fingerprint, until: old.until)
            retiring.append(old.fingerprint)
        }
        demandPrestateEndings(besides: activated.ceremony)
    }

    /// `key.retired`: writes down that an end has come which holds by the log's dates anyway.
    mutating func take(_ retired: KeyRetired, at moment: KeyEntry.Moment) throws(Refusal) {
        guard dueRetirement(of: retired.fingerprint, at: moment.time) == retired else {
            throw Refusal(
                .illegalEvent, "The key \(retired.fingerprint) has not retired, or it stands there."
            )
        }
        keys[retired.fingerprint]?.retired = KeyEntry.Moment(
            seq: moment.seq, time: retired.effective ?? moment.time)
        retiring.removeAll { $0 == retired.fingerprint }
    }

    /// The retirement of a key whose end has come and is not yet written down.
    func dueRetirement(of fingerprint: Fingerprint, at time: Timestamp) -> KeyRetired? {
        guard let entry = keys[fingerprint], let until = entry.until, entry.retired == nil,
            entry.status(at: time) == .retired
        else { return nil }
        return KeyRetired(
            fingerprint: fingerprint, subject: entry.subject, reason: "overlap-end",
            effective: time > until ? until : nil)
    }

    /// `key.revoked`, demanded by its ceremony: for ever, whatever the key's standing was.
    mutating func take(_ revoked: KeyRevoked, at moment: KeyEntry.Moment) {
        keys[revoked.fingerprint]?.revocation = KeyEntry.Revocation(
            moment: moment, ceremony: revoked.ceremony, cause: revoked.reason,
            boundary: revoked.boundary, boundaryTime: revoked.boundaryTime)
        retiring.removeAll { $0 == revoked.fingerprint }
        if let made = keys[revoked.fingerprint]?.ceremony {
            // What its outcome still has to do is not forgotten: a vault may be half written.
            unattested.removeAll { $0 == made }
        }
        if revoked.reason == "loss" {
            loseToken(of: revoked.fingerprint, at: moment, by: revoked.ceremony)
        }
        demandPrestateEndings(besides: revoked.ceremony)
    }

    /// `key.lapsed`: demanded by a refusal, or because the attestations did not come in time.
    mutating func take(_ lapsed: KeyLapsed, demanded: Bool, at moment: KeyEntry.Moment)
        throws(Refusal)
    {
        guard let entry = keys[lapsed.fingerprint], let ceremony = ceremonies[entry.ceremony] else {
            throw Refusal(.illegalEvent, "A key lapses that is not in this log.")
        }
        if !demanded {
            guard let due = dueLapse(of: ceremony, at: moment.time), due == lapsed else {
                throw Refusal(.illegalEvent, "The key \(lapsed.fingerprint) has not lapsed.")
            }
        }
        keys[lapsed.fingerprint]?.lapsed = KeyEntry.Moment(
            seq: moment.seq, time: lapsed.effective ?? moment.time)
        unattested.removeAll { $0 == entry.ceremony }
        demandPrestateEndings(besides: entry.ceremony)
    }

    /// The lapse that is due for a ceremony whose attestations are late.
    func dueLapse(of ceremony: Ceremony, at time: Timestamp) -> KeyLapsed? {
        guard let record = ceremony.record, let deadline = ceremony.attestDeadline,
            time >= deadline,
            keys[record.fingerprint]?.status(at: time) == .registered
        else { return nil }
        return KeyLapsed(
            fingerprint: record.fingerprint, subject: record.subject, reason: "attest-by",
            effective: time > deadline ? deadline : nil)
    }

    /// The record says which key it follows and how long both are valid; a key that is not active
    /// any more by then has its end already, and an end never moves later (DESIGN 2.6).
    mutating func demandActivation(of record: KeyRecord, at time: Timestamp) {
        var retires: KeyRetirement?
        if let old = record.oldKey, keys[old]?.status(at: time) == .active {
            retires = KeyRetirement(
                fingerprint: old, until: time + record.overlapDays * Limits.day)
        }
        demands.append(
            .keyActivated(
                KeyActivated(
                    ceremony: record.ceremony, fingerprint: record.fingerprint,
                    subject: record.subject, retires: retires)))
    }

    mutating func demandLapse(of record: KeyRecord, reason: String) {
        demands.append(
            .keyLapsed(
                KeyLapsed(
                    fingerprint: record.fingerprint, subject: record.subject, reason: reason,
                    effective: nil)))
    }

    /// Demands the end of a ceremony that cannot go on: FAILED while pending, EXPIRED once
    /// approved.
    mutating func demandEnding(of id: String, reason: String, by: String?) {
        guard let ceremony = ceremonies[id] else { return }
        switch ceremony.state {
        case .pending:
            demands.append(
                .ceremonyFailed(
                    CeremonyFailed(
                        ceremony: id, from: .pending, to: .failed, reason: reason, phase: nil,
                        detail: nil, pkcs11: nil, left: nil, signed: nil, by: by, effective: nil)))
        case .approved:
            demands.append(
                .ceremonyExpired(
                    CeremonyExpired(
                        ceremony: id, from: .approved, to: .expired, reason: reason, signed: nil,
                        by: by, effective: nil)))
        case .executing, .completed, .failed, .expired: break
        }
    }

    /// Ends every other ceremony whose prestate this change has made untrue.
    mutating func demandPrestateEndings(besides id: String) {
        // One change may be followed by another before the first ending stands: it is demanded
        // once.
        let ending = Set(demands.compactMap(\.ceremony))
        for other in live where other != id && !ending.contains(other) {
            if let ceremony = ceremonies[other], !isAsAgreed(ceremony) {
                demandEnding(of: other, reason: "prestate-changed", by: nil)
            }
        }
    }
}
