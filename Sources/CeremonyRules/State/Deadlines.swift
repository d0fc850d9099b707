// Everything that has a date, as a function of the state and nothing else: what people have to do
// by then, and what the daemon will write down then. DESIGN section 3, Policy and Key status.

public import CeremonyRecord
import HashTreeCollections
import Provara

extension State {
    /// Everything that has a date, the earliest first.
    ///
    /// Its cost depends on how many subjects there are and what is alive, never on the length of
    /// the log.
    public func deadlines() -> [Deadline] {
        let underWay = ceremoniesUnderWay
        var all: [Deadline?] = [halted, drill]
        all += ceremonyDeadlines
        all += attestationDeadlines
        all += recoveries + tidyings + unlistedMembers
        all += unfinished.map(carryingOut) + unconfirmed.map(confirming)
        all += overlapEnds + logKeyEnds
        all += subjects.map { rotation(of: $0.key, $0.value, underWay) }
        return all.compactMap(\.self).sorted {
            ($0.date, $0.ceremony ?? $0.subject ?? "") < ($1.date, $1.ceremony ?? $1.subject ?? "")
        }
    }

    /// The same as people want to read it: what is due at the time first, then what is coming.
    public func agenda(at time: Timestamp) -> [Deadline] {
        let all = deadlines()
        return all.filter { $0.isDue(at: time) } + all.filter { !$0.isDue(at: time) }
    }

    /// All halts together: they wait for people, and for nothing else.
    private var halted: Deadline? {
        guard let first = halts.first else { return nil }
        let count = halts.count == 1 ? "" : "; \(halts.count) halts in all"
        return Deadline(
            .halt, ceremony: live.first { ceremonies[$0]?.kind == HaltClear.name },
            date: first.time, since: first.time,
            text: "The house is halted, by \(first.by ?? "the daemon"): \(first.reason)\(count)."
                + clearing)
    }

    /// Who has to start the clearing, where not everybody can who may.
    private var clearing: String {
        let may = roster.members.filter(\.mayStart).map(\.name)
        let raisers = Set(halts.compactMap(\.by))
        let able = HaltClear.starters(clearing: raisers, in: roster)
        guard able.count < may.count else { return "" }
        return able.isEmpty
            ? " All halts together can be cleared by nobody, so clear them one after the other."
            : " To be started by \(able.joined(separator: " or ")): whoever else starts it leaves too "
                + "few keepers to approve it."
    }

    private var ceremonyDeadlines: [Deadline?] {
        live.map { id in
            guard let ceremony = ceremonies[id] else { return nil }
            let subject = ceremony.statement.subject
            if ceremony.state == .executing {
                return ceremony.executionDeadline.map { date in
                    Deadline(
                        .execution, subject: subject, ceremony: id, date: date,
                        text: "\(id) must be carried out.")
                }
            }
            let waits =
                ceremony.state == .approved
                ? "is approved and waits for its execution." : "waits for answers."
            return Deadline(
                .ceremony, subject: subject, ceremony: id, date: ceremony.statement.expires,
                text: "\(id) \(waits)")
        }
    }

    private var attestationDeadlines: [Deadline?] {
        unattested.map { id in
            guard let ceremony = ceremonies[id], let date = ceremony.attestDeadline else {
                return nil
            }
            return Deadline(
                .attestation, subject: ceremony.statement.subject, key: ceremony.key, ceremony: id,
                date: date, since: ceremony.end?.time,
                text: "The key of \(id) has \(ceremony.attestations.count) of "
                    + "\(ceremony.attestations.threshold) attestations; without them it lapses.")
        }
    }

    /// What is inert and on a token all the same. Of a token that is lost nobody can do more.
    private var recoveries: [Deadline?] {
        debris.map { id in
            guard let ceremony = ceremonies[id], ceremony.recovery == nil, let end = ceremony.end
            else { return nil }
            return Deadline(
                .recovery, subject: ceremony.statement.subject,
                token: ceremony.announced?.tokenSerial, ceremony: id, date: end.time,
                since: end.time,
                text: "\(id) failed, and what it made may still be on the token.")
        }
    }

    /// What is inert and in somebody's own token. Of a token that is lost nobody can do more.
    private var tidyings: [Deadline?] {
        leftKeys.filter { !$0.isTokenLost }.map { left in
            guard let ceremony = ceremony(leaving: left), let end = ceremony.end else { return nil }
            return Deadline(
                .tidying, subject: ceremony.statement.subject, key: left.key.key.fingerprint,
                token: TokenReference(uri: left.key.token)?.serial, ceremony: own(ceremony),
                date: end.time, since: end.time,
                text: "\(ceremony.id)\(origin(of: ceremony)) came to nothing, and the key that "
                    + "\(left.participant.name) made for it is still in their token.")
        }
    }

    /// Whoever is a member goes on signing and consenting, whatever the roster says of the key with
    /// which they became one. People decide what of it: they go, or get a new key.
    private var unlistedMembers: [Deadline?] {
        allAuthorities.flatMap { authority in
            authority.current.members.map { member in
                guard let since = unlisted[member.identity],
                    let came = authority.epochs.first(where: { epoch in
                        epoch.members.contains { $0.key == member.key }
                    })?.begun, !came.isAfter(since)
                else { return nil }
                let isListed = roster.member(named: member.owner) != nil
                return Deadline(
                    .memberUnlisted, subject: authority.name, key: member.key.fingerprint,
                    token: TokenReference(uri: member.token)?.serial,
                    ceremony: live.first { ceremonies[$0]?.statement.subject == authority.name },
                    date: since.time, since: since.time,
                    text:
                        "\(member.name) is to be removed from \(authority.name) or to get a new key "
                        + "in it: "
                        + (isListed
                            ? "the key that said who they are is not on the roster any more."
                            : "\(member.owner) is not on the roster any more."))
            }
        }
    }

    /// The daemon does it by itself; that it is not done yet is somebody's to look into.
    private func carryingOut(_ ceremony: Ceremony) -> Deadline? {
        guard let end = ceremony.end else { return nil }
        return Deadline(
            .unfinished, subject: ceremony.statement.subject, key: ceremony.key,
            ceremony: own(ceremony), date: end.time, since: end.time,
            text: "\(ceremony.id)\(origin(of: ceremony)) is decided and not carried out yet: "
                + "\(ceremony.afterwards.map(\.name).joined(separator: ", ")).")
    }

    private func confirming(_ ceremony: Ceremony) -> Deadline? {
        guard let end = ceremony.end else { return nil }
        return Deadline(
            .confirmation, subject: ceremony.statement.subject, key: ceremony.key,
            ceremony: own(ceremony), date: end.time, since: end.time,
            text: "\(ceremony.id)\(origin(of: ceremony)) is to be confirmed by: "
                + "\(ceremony.unconfirmed.map(\.name).joined(separator: ", ")).")
    }

    /// The name of a ceremony of this log; one of an earlier log is not found by its name.
    private func own(_ ceremony: Ceremony) -> String? {
        ceremonies[ceremony.id] == nil ? nil : ceremony.id
    }

    private func origin(of ceremony: Ceremony) -> String {
        own(ceremony) == nil ? " of the log \(ceremony.statement.log)" : ""
    }

    private var overlapEnds: [Deadline?] {
        retiring.map { fingerprint in
            guard let entry = keys[fingerprint], let until = entry.until else { return nil }
            return Deadline(
                .overlapEnd, subject: entry.subject, key: fingerprint,
                token: entry.place?.token.serial, date: until,
                text: "The old key of \(entry.subject) stops being valid.")
        }
    }

    /// Log keys that still sign beside their successors: their tokens are needed until then.
    private var logKeyEnds: [Deadline?] {
        let signing = headKeys.joined()
        return signing.compactMap { key in
            needed(key, after: head.time).map { end in
                Deadline(
                    .overlapEnd, subject: LogKeyChange.houseSubject, date: end,
                    text: "The log key \(key.hexID) need not sign any more. Until then keep its "
                        + "token, and unlock it at every start of the daemon; then it can go.")
            }
        }
    }

    /// The key that one signs with, by the days of its class, or because it is touched by a loss.
    /// Drills are held by their own days, and nothing hangs on their keys.
    private func rotation(of name: String, _ subject: Subject, _ underWay: [String: String])
        -> Deadline?
    {
        guard let subjectClass = subject.subjectClass, subjectClass != "drill",
            let entry = activeKey(of: subject, at: head.time), let activated = entry.activated
        else { return replacement(of: name, subject, underWay) }
        let days = roster.policy.rotationDays[Policy.fieldName(subjectClass)]
        let aged = days.map { activated.time + $0 * Limits.day }
        let touch = touch(on: entry)
        guard let date = [aged, touch?.since].compactMap(\.self).min() else { return nil }
        return Deadline(
            touch?.matter ?? .rotation, subject: name, key: entry.publicKey.fingerprint,
            token: entry.place?.token.serial, vault: vaultKey(entry), ceremony: underWay[name],
            date: date, since: date,
            text: touch.map { "The key of \(name) is to be replaced: \($0.why)." }
                ?? "The key of \(name) is rotated every \(days ?? 0) days.")
    }

    /// A key that this log has revoked counts in its vault until it is replaced there; where it
    /// never came there, the one counts that it was to replace.
    private func replacement(of name: String, _ subject: Subject, _ underWay: [String: String])
        -> Deadline?
    {
        guard let entry = subject.keys.last.flatMap({ keys[$0] }), let revoked = entry.revoked,
            let ceremony = recordedCeremony(named: entry.ceremony), ceremony.afterwards.isEmpty,
            let uid = ceremony.statement.vaultMade, !isLeft(uid), var key = vaultKey(entry)
        else { return nil }
        if ceremony.isLeftUndone {
            guard let old = ceremony.statement.fields["revoke"] else { return nil }
            key = Deadline.VaultKey(vault: key.vault, id: old)
        }
        return Deadline(
            .keyRevoked, subject: name, vault: key, ceremony: underWay[name], date: revoked.time,
            since: revoked.time,
            text: "The key \(key.id) is to be replaced in the vault \(key.vault): "
                + (ceremony.isLeftUndone
                    ? "the one that was to take its place is revoked, and never came there."
                    : "it is revoked here, and counts there until then."))
    }

    /// Whether a new vault has begun in the place of that one.
    private func isLeft(_ uid: String) -> Bool {
        subjects.contains { subject in
            guard let first = subject.value.keys.first.flatMap({ keys[$0] }),
                let ceremony = recordedCeremony(named: first.ceremony)
            else { return false }
            let fields = ceremony.statement.fields
            return fields["new-uid"] != nil && !ceremony.isLeftUndone
                && fields["vault-uid"]?.utf8.elementsEqual(uid.utf8) ?? false
        }
    }

    /// The vault that a key was made for, and its id there; `nil` for a key of no vault.
    private func vaultKey(_ entry: KeyEntry) -> Deadline.VaultKey? {
        guard let statement = recordedCeremony(named: entry.ceremony)?.statement,
            let vault = statement.fields["new-vault"] ?? statement.fields["vault"]
        else { return nil }
        return Deadline.VaultKey(
            vault: vault, id: "\(KeyID(publicKey: entry.publicKey.point))")
    }

    /// The next drill: so many days after the last drill's key, or after the founding.
    private var drill: Deadline? {
        let drills = subjects.filter { $0.value.subjectClass == "drill" }.sorted {
            $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }
        let keys = drills.flatMap(\.value.keys).compactMap { self.keys[$0] }
        let last = keys.compactMap { $0.activated?.time }.max() ?? log.document.created
        let days = roster.policy.drillDays
        let date = last + days * Limits.day
        // A subject whose key can be rotated by then: it can still sign for its successor, and the
        // overlap of its last rotation is over.
        let free = drills.first { drill in
            activeKey(of: drill.value, at: date).map { $0.lost == nil } ?? false
                && !drill.value.keys.contains {
                    let status = self.keys[$0]?.status(at: date)
                    return status == .registered || status == .retiring
                }
        }
        let key = free.flatMap { activeKey(of: $0.value, at: date) }
        return Deadline(
            .drill, subject: free?.key, key: key?.publicKey.fingerprint,
            token: key?.place?.token.serial,
            ceremony: (live + unattested).first {
                ceremonies[$0]?.statement.subjectClass == "drill"
            }, date: date, since: date,
            text: "A drill is held every \(days) days: a key of the class drill is made or rotated."
        )
    }

    /// For each subject the ceremony that is about to change its keys.
    private var ceremoniesUnderWay: [String: String] {
        var found: [String: String] = [:]
        for id in live + unattested {
            guard let subject = ceremonies[id]?.statement.subject else { continue }
            found[subject] = found[subject] ?? id
        }
        return found
    }

    private func activeKey(of subject: Subject, at time: Timestamp) -> KeyEntry? {
        subject.keys.reversed().lazy.compactMap { keys[$0] }.first {
            $0.status(at: time) == .active
        }
    }
}

extension KeyEntry.Moment {
    /// Whether it is the later one; what another log has brought along has its time alone.
    fileprivate func isAfter(_ other: Self) -> Bool {
        seq == other.seq ? time > other.time : seq > other.seq
    }
}
