// What must hold on every step from one event to the next, for ceremonies, authorities and tokens.

import CeremonyRecord
import CeremonyRules
import TestSupport

extension Audit {
    private static let ended: Set<CeremonyState> = [.completed, .failed, .expired]

    /// Whether an end is what it was; a correction of the clock may date it earlier, as everything
    /// before it, that of the correction's own ceremony too.
    private func isSame(_ old: Ceremony.End?, _ new: Ceremony.End?, after event: Event) -> Bool {
        guard let old, let new, case .clockCorrected(let corrected) = event.body else {
            return old == new
        }
        return old.seq == new.seq && old.reason == new.reason && old.detail == new.detail
            && old.left == new.left && new.time == min(old.time, corrected.now)
    }

    /// I5: no event changes a ceremony that has ended.
    func checkEnds(_ event: Event, from before: State, to after: State) {
        guard let id = event.body.ceremony, let old = before.ceremony(named: id),
            let new = after.ceremony(named: id)
        else { return }
        if Audit.ended.contains(old.state),
            old.state != new.state || !isSame(old.end, new.end, after: event)
        {
            report("I5: \(id) was \(old.state.rawValue) and is \(new.state.rawValue)")
        }
        let legal: [CeremonyState: Set<CeremonyState>] = [
            .pending: [.approved, .expired, .failed], .approved: [.executing, .expired],
            .executing: [.completed, .failed],
        ]
        if old.state != new.state, legal[old.state]?.contains(new.state) != true {
            report("\(id) went from \(old.state.rawValue) to \(new.state.rawValue)")
        }
        if new.state == .expired, new.end?.reason == "timeout",
            event.time < new.statement.expires
        {
            report("\(id) expired before its time")
        }
    }

    /// I2: what one live ceremony holds, no other does.
    func checkLocks(in state: State) {
        var holders: [Lock: String] = [:]
        for id in state.live {
            for lock in state.ceremony(named: id)?.locks ?? [] {
                if let other = holders[lock], state.demands.isEmpty {
                    report("I2: \(other) and \(id) both hold \(lock.text)")
                }
                holders[lock] = id
            }
        }
    }

    /// I1, I6, I12, I14, I15: an authority changes at the commit of its ceremony, to what the
    /// statement says of the epoch before, and at no other event.
    func checkAuthorities(_ event: Event, from before: State, to after: State) {
        let old = Dictionary(uniqueKeysWithValues: before.allAuthorities.map { ($0.name, $0) })
        let new = after.allAuthorities
        for name in old.keys where !new.contains(where: { $0.name == name }) {
            report("I1: \(name) is gone at event \(event.seq)")
        }
        var committed: String?
        if case .ceremonyCompleted(let completed) = event.body,
            let ceremony = after.ceremony(named: completed.ceremony), ceremony.kind == "membership"
        {
            committed = ceremony.statement.subject
            checkMembership(ceremony, from: old[ceremony.statement.subject], in: after)
        }
        for authority in new where authority.name != committed {
            if old[authority.name] != authority {
                report("I1: \(authority.name) changed at event \(event.seq), \(event.body.type)")
            }
        }
        // I12: what ends without an outcome changes no key.
        switch event.body {
        case .ceremonyFailed, .ceremonyExpired:
            if before.allKeys != after.allKeys { report("I12: keys changed at event \(event.seq)") }
            if before.roster != after.roster { report("I12: the roster changed at \(event.seq)") }
        default: break
        }
    }

    private func checkMembership(_ ceremony: Ceremony, from old: Authority?, in after: State) {
        let name = ceremony.statement.subject
        guard let now = after.authority(name)?.current else {
            return report("I1: \(ceremony.id) is committed, and there is no \(name)")
        }
        let fields = ceremony.statement.fields
        func lines(_ field: String) -> [[String]] {
            fields.all(field).map { $0.split(separator: " ").map { String($0) } }
        }
        // I4: the statement speaks of exactly the members who were there.
        let spoken = (lines("stay") + lines("leave") + lines("renew")).map {
            $0.prefix(2).joined(separator: " ")
        }
        let there = (old?.current.members ?? []).map { "\($0.name) \($0.key.fingerprint)" }
        if spoken.sorted() != there.sorted() {
            report("I4: \(ceremony.id) was agreed for other members than \(name) had")
        }
        // I15: what the epoch before asks for, but never more than there are who do not leave.
        let stayed = there.count - lines("leave").count
        if fields["consent"] != String(min(old?.current.approve ?? 0, stayed)) {
            report("I15: \(ceremony.id) did not ask for the consent that it needs")
        }
        if now.number != (old?.current.number ?? 0) + 1 || "\(now.number)" != fields["epoch"] {
            report("I6: \(name) went from epoch \(old?.current.number ?? 0) to \(now.number)")
        }
        // I14: who stays, and everybody invited who brought a key, whoever approved.
        var expected = lines("stay").map { $0.prefix(2).joined(separator: " ") }
        let brought = book.brought(to: ceremony.id)
        for line in lines("invite") + lines("renew") {
            guard line.count > 2, let identity = line.last, let key = brought[identity] else {
                continue
            }
            expected.append("\(line[0]) \(key.fingerprint)")
        }
        let members = now.members.map { "\($0.name) \($0.key.fingerprint)" }
        if expected.sorted() != members.sorted() {
            report("I14: \(name) is \(members), and was to be \(expected)")
        }
        if "\(now.sign)" != fields["sign"] || "\(now.approve)" != fields["approve"] {
            report("I14: the thresholds of \(name) are not those agreed on")
        }
        if now.sign > now.members.count || now.members.isEmpty {
            report("\(name) cannot sign any more")
        }
        // Whoever did not answer at the commit may have no key to sign with.
        var silent = 0
        if case .object(let outcome)? = ceremony.outcome,
            case .array(let names)? = outcome["unreachable"]
        {
            silent = names.count
        }
        if now.members.count - silent < now.sign {
            report("\(name) came into force with \(silent) members who may have no key")
        }
        if old.map({ Array($0.epochs) != Array(after.authority(name)?.epochs.dropLast() ?? []) })
            ?? false
        {
            report("I1: the earlier epochs of \(name) are not what they were")
        }
        signings.append(name)
    }

    /// I7, I15: the members sign for it, and nobody else does: none who has left, by none of the
    /// keys that were before.
    func checkSigning(_ people: People) {
        defer { signings = [] }
        guard let state else { return }
        for name in Set(signings) {
            guard let authority = state.authority(name) else { continue }
            let now = authority.current
            let order = AuthorityOrder(
                log: state.log.origin, mode: state.log.mode, authority: name, epoch: now.number,
                record: now.record.digest, sign: now.sign, name: "a file", size: 3,
                file: Digest(of: [1, 2, 3]), treeSize: state.head.size, treeRoot: state.head.root)
            let place = state.head
            func signers(_ parts: [(String, SoftwareKey)]) -> Int? {
                var signature = Multisignature(order)
                for (member, key) in parts {
                    let sshsig = key.sshsig(over: order.bytes, for: .authority)
                    guard let read = try? SSHSIG(blob: sshsig) else { return nil }
                    signature.add(Multisignature.Part(member: member, sshsig: read))
                }
                return try? state.signers(of: signature) { $0 == place.size ? place.root : nil }
                    .members.count
            }
            let all = now.members.compactMap { member in
                people.memberKeys.first { $0.key.publicKey == member.key }.map {
                    (member.name, $0.key)
                }
            }
            if signers(all) != all.count { report("I7: the members of \(name) cannot sign for it") }
            let current = Set(now.members.map(\.key))
            for epoch in authority.epochs.dropLast() {
                for member in epoch.members where !current.contains(member.key) {
                    guard
                        let key = people.memberKeys.first(where: { $0.key.publicKey == member.key })
                    else { continue }
                    if signers([(member.name, key.key)]) != nil {
                        report("I15: \(member.name) still signs for \(name)")
                    }
                }
            }
        }
    }

    /// I8: a key that somebody brought is a member's, pending, or listed as left.
    func checkMemberKeys(_ people: People) {
        guard let state else { return }
        let left = Set(state.leftKeys.map(\.key.key))
        let members = Set(
            state.allAuthorities.flatMap { $0.epochs.flatMap { $0.members.map(\.key) } })
        for made in people.memberKeys where book.wasBrought(made.key.fingerprint) {
            let key = made.key.publicKey
            let isPending = state.live.contains { id in
                book.brought(to: id).values.contains(key)
            }
            if [members.contains(key), isPending, left.contains(key)].filter({ $0 }).count != 1 {
                report("I8: a key of \(made.owner) has no place in the log, or two")
            }
        }
    }

    /// I8: every key on the daemon's tokens is one of the log's, or named by it as left.
    func checkTokens(isQuiet: Bool) {
        guard isQuiet, let state else { return }
        let failed = Dictionary(
            uniqueKeysWithValues: state.allCeremonies.filter { $0.announced != nil }.map {
                ($0.id, $0)
            })
        for key in state.allKeys {
            let isThere = tokens.contains { token in
                token.lost.contains(key.keyID)
                    || token.objects.contains {
                        $0.id == key.keyID && $0.key?.publicKey == key.publicKey
                            && $0.objectClass == "private-key"
                    }
            }
            if !isThere { report("I8: a key of \(key.subject) is recorded, and on no token") }
        }
        for token in tokens {
            for object in token.objects {
                let label = String(decoding: object.label, as: UTF8.self)
                if label == "ceremonyd-log-key" { continue }
                guard let ceremony = failed[label], let announced = ceremony.announced,
                    announced.isNamed(id: object.id, label: object.label),
                    announced.isOn(token.reference)
                else {
                    report("I8: \(token.name) holds \(label), which the log did not announce")
                    continue
                }
                switch ceremony.state {
                case .completed where ceremony.record?.publicKey != object.key?.publicKey:
                    report("I8: \(token.name) holds another key than \(label) recorded")
                case .failed where ceremony.recovery?.outcome == .destroyed:
                    report("I8: \(label) is said to be destroyed, and is on \(token.name)")
                case .failed
                where !state.unrecovered.contains { $0.id == label }
                    && ceremony.recovery?.outcome != .unreachable:
                    report("I8: \(label) is on \(token.name), and the log does not say so")
                case .pending, .approved, .expired:
                    report("I8: \(label) is on \(token.name) and \(ceremony.state.rawValue)")
                default: break
                }
            }
        }
    }
}
