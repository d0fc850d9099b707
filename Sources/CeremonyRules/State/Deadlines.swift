// Everything that has a date, as a function of the state and nothing else: what people have to do by
// then, and what the daemon will write down then. DESIGN section 3, Policy and Key status.

public import CeremonyRecord
import HashTreeCollections

/// Something with a date.
public struct Deadline: Hashable, Sendable {
    /// What sort of thing.
    public enum Matter: String, Sendable, CaseIterable {
        /// A ceremony waits for answers or for its execution, until it expires.
        case ceremony
        /// An execution must be over.
        case execution
        /// A new key waits for attestations, until it lapses.
        case attestation
        /// An old key stops being valid.
        case overlapEnd = "overlap-end"
        /// A key is to be rotated.
        case rotation
        /// A drill is to be held.
        case drill
    }

    /// What sort of thing.
    public let matter: Matter
    /// Whose it is, where it is about keys.
    public let subject: String?
    /// The key, where it is about one.
    public let key: Fingerprint?
    /// The ceremony, where it is about one.
    public let ceremony: String?
    /// When it is over, or was to be done.
    public let date: Timestamp
    /// From when on somebody has to do something; `nil` where nobody has.
    public let since: Timestamp?
    /// What is to be done, or what will happen, in a sentence.
    public let text: String

    /// Whether somebody has to do something now.
    public func isDue(at time: Timestamp) -> Bool { since.map { time >= $0 } ?? false }
}

extension State {
    /// Everything that has a date, the earliest first.
    ///
    /// Its cost depends on how many subjects there are and what is alive, never on the length of
    /// the log.
    public func deadlines() -> [Deadline] {
        let all = ceremonyDeadlines + attestationDeadlines + overlapEnds + rotations + [drill]
        return all.compactMap(\.self).sorted {
            ($0.date, $0.ceremony ?? $0.subject ?? "") < ($1.date, $1.ceremony ?? $1.subject ?? "")
        }
    }

    private var ceremonyDeadlines: [Deadline?] {
        live.map { id in
            guard let ceremony = ceremonies[id] else { return nil }
            if ceremony.state == .executing {
                return ceremony.executionDeadline.map { date in
                    Deadline(
                        matter: .execution, subject: ceremony.statement.subject, key: nil,
                        ceremony: id, date: date, since: nil, text: "\(id) must be carried out.")
                }
            }
            let waits =
                ceremony.state == .approved
                ? "is approved and waits for its execution." : "waits for answers."
            return Deadline(
                matter: .ceremony, subject: ceremony.statement.subject, key: nil, ceremony: id,
                date: ceremony.statement.expires, since: nil, text: "\(id) \(waits)")
        }
    }

    private var attestationDeadlines: [Deadline?] {
        unattested.map { id in
            guard let ceremony = ceremonies[id], let date = ceremony.attestDeadline else {
                return nil
            }
            return Deadline(
                matter: .attestation, subject: ceremony.statement.subject, key: ceremony.key,
                ceremony: id, date: date, since: ceremony.end?.time,
                text: "The key of \(id) has \(ceremony.attestations.count) of "
                    + "\(ceremony.attestations.threshold) attestations; without them it lapses.")
        }
    }

    private var overlapEnds: [Deadline?] {
        retiring.map { fingerprint in
            guard let entry = keys[fingerprint], let until = entry.until else { return nil }
            return Deadline(
                matter: .overlapEnd, subject: entry.subject, key: fingerprint, ceremony: nil,
                date: until, since: nil,
                text: "The old key of \(entry.subject) stops being valid.")
        }
    }

    /// The keys one signs with, by the days of their class.
    private var rotations: [Deadline?] {
        subjects.map { name, subject in
            guard let entry = newestActive(of: subject), let activated = entry.activated,
                let subjectClass = entry.subjectClass
            else { return nil }
            guard subjectClass != "drill",
                let days = roster.policy.rotationDays[Policy.fieldName(subjectClass)]
            else { return nil }
            let date = activated.time + days * Limits.day
            let touched = touched(entry, of: subject)
            let since = touched.map { min($0.since, date) } ?? date
            return Deadline(
                matter: .rotation, subject: name, key: entry.publicKey.fingerprint, ceremony: nil,
                date: since, since: since,
                text: touched.map { "The key of \(name) is to be replaced: \($0.why)." }
                    ?? "The key of \(name) is rotated every \(days) days.")
        }
    }

    /// The next drill: so many days after the last drill's key, or after the founding.
    private var drill: Deadline? {
        let last = subjects.values.filter { $0.subjectClass == "drill" }.flatMap(\.keys)
            .compactMap { keys[$0]?.activated?.time }.max()
        let date = (last ?? log.document.created) + roster.policy.drillDays * Limits.day
        return Deadline(
            matter: .drill, subject: nil, key: nil, ceremony: nil, date: date, since: date,
            text: "A drill is held every \(roster.policy.drillDays) days: a key of the class drill "
                + "is made or rotated.")
    }

    private func newestActive(of subject: Subject) -> KeyEntry? {
        subject.keys.reversed().lazy.compactMap { keys[$0] }.first {
            $0.status(at: head.time) == .active
        }
    }

    /// Why a key is to be replaced before its time: its holder has left, or its token is lost.
    private func touched(_ entry: KeyEntry, of subject: Subject) -> (since: Timestamp, why: String)?
    {
        if let holder = subject.holder, roster.member(named: holder) == nil {
            return (departed[holder] ?? head.time, "\(holder), who holds it, has left the roster")
        }
        if let serial = entry.place?.token.serial, let since = lostTokens[serial] {
            return (since, "its token, serial \(serial), is lost")
        }
        return nil
    }
}
