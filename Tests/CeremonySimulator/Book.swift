// Who has said yes to what, kept from the lines of the log alone: each signature is verified here
// again, with the keys that the roster and the statement name.

import CeremonyRecord
import CeremonyRules

/// The consents of every ceremony (I3, I4, I11, I13).
struct Book {
    private struct Page {
        let statement: Statement
        let digest: Digest
        /// The roster that it was agreed under.
        let epoch: Int
        var approved: [String: Fingerprint] = [:]
        var accepted: [String: [Fingerprint: Acceptance]] = [:]
        /// Whether somebody who was asked while it was carried out said no.
        var isRefused = false
    }

    private var pages: [String: Page] = [:]
    /// Which ceremony took the place of which.
    private(set) var successors: [String: String] = [:]
    /// Keys that were brought, each once.
    private var brought: Set<Fingerprint> = []

    /// The keys that were brought to a ceremony, by the identity that brought them.
    func brought(to id: String) -> [String: SSHPublicKey] {
        var keys: [String: SSHPublicKey] = [:]
        for (identity, acceptance) in pages[id]?.accepted["members"] ?? [:] {
            keys["\(identity)"] = acceptance.newKey
        }
        return keys
    }

    /// Whether somebody has brought that key, to whichever ceremony.
    func wasBrought(_ key: Fingerprint) -> Bool { brought.contains(key) }

    /// What new members have signed in an outcome: the 64 bytes each.
    func memberSignatures(in completed: CeremonyCompleted) -> [[UInt8]] {
        guard pages[completed.ceremony]?.statement.kind == "membership",
            case .object(let outcome) = completed.outcome,
            case .array(let list)? = outcome["signatures"]
        else { return [] }
        return list.compactMap { entry in
            guard case .object(let fields) = entry, case .string(let text)? = fields["sshsig"],
                let blob = Base64.decode(text)
            else { return nil }
            return try? SSHSIG(blob: blob).signature
        }
    }

    mutating func take(
        _ event: Event, from before: State, to after: State, report: (String) -> Void
    ) {
        switch event.body {
        case .ceremonyOpened(let opened): open(opened, before, report)
        case .ceremonyWitnessed(let body):
            guard let page = pages[body.ceremony] else { return }
            let owner = before.roster.member(holding: body.key)
            let isListed = page.statement.witnesses.contains {
                $0.name == body.witness && $0.fingerprint == body.key
            }
            if !isListed || owner?.member.name != body.witness
                || page.approved[body.witness] != nil
                || !Book.holds(body.sshsig, over: page.statement.bytes, by: owner?.key, .approve)
            {
                report("I3: \(body.witness) does not count in \(body.ceremony)")
            }
            pages[body.ceremony]?.approved[body.witness] = body.key
        case .ceremonyAccepted(let body): accept(body, event, report)
        case .ceremonyApproved(let body): checkAgreed(body.ceremony, before, report)
        case .ceremonyExecuting(let body): checkAgreed(body.ceremony, before, report)
        case .ceremonyDeclined(let body): decline(body, report)
        case .ceremonyCompleted(let body):
            checkAgreed(body.ceremony, before, report)
            if pages[body.ceremony]?.isRefused == true {
                report("I14: \(body.ceremony) is committed, and somebody asked had said no")
            }
        default: break
        }
    }

    private mutating func open(
        _ opened: CeremonyOpened, _ before: State, _ report: (String) -> Void
    ) {
        guard let statement = try? Statement(lines: opened.signed.lines) else {
            return report("the statement of \(opened.ceremony) cannot be read")
        }
        if pages[opened.ceremony] != nil { report("\(opened.ceremony) was opened twice") }
        let owner = before.roster.member(holding: statement.initiator.fingerprint)
        if owner?.member.name != statement.initiator.name
            || !Book.holds(opened.signed.sshsig, over: statement.bytes, by: owner?.key, .open)
        {
            report("I3: \(opened.ceremony) was not opened by its initiator")
        }
        if let old = statement.supersedes {
            if successors[old] != nil { report("I13: \(old) was superseded twice") }
            successors[old] = opened.ceremony
        }
        pages[opened.ceremony] = Page(
            statement: statement, digest: opened.signed.digest, epoch: before.roster.epoch)
    }

    private mutating func accept(
        _ body: CeremonyAccepted, _ event: Event, _ report: (String) -> Void
    ) {
        guard let page = pages[body.ceremony],
            let acceptance = try? Acceptance(lines: body.signed.lines),
            let sshsig = try? SSHSIG(blob: body.signed.sshsig)
        else { return report("event \(event.seq) is no acceptance that can be read") }
        let identity = body.signed.key
        let isListed = page.statement.accepts.contains {
            $0.set == acceptance.set && $0.name == acceptance.participant.name
                && $0.fingerprint == identity
        }
        let isThis =
            acceptance.ceremony == body.ceremony && acceptance.statement == page.digest
            && acceptance.subject == page.statement.subject
            && acceptance.kind == page.statement.kind
            && acceptance.participant.fingerprint == identity
        if !isListed || !isThis || page.accepted[acceptance.set]?[identity] != nil
            || sshsig.key.fingerprint != identity
            || !Book.holds(body.signed.sshsig, over: body.signed.bytes, by: sshsig.key, .accept)
        {
            report("I11: event \(event.seq) is no answer to \(body.ceremony) by \(identity)")
        }
        if let key = acceptance.newKey {
            if !brought.insert(key.fingerprint).inserted || key.fingerprint == identity
                || !Book.holds(body.possession ?? [], over: body.signed.bytes, by: key, .possession)
            {
                report("I11: the key that event \(event.seq) brings is not its bringer's")
            }
        }
        pages[body.ceremony]?.accepted[acceptance.set, default: [:]][identity] = acceptance
    }

    /// While it is carried out only who is asked then says no: whoever brought a key to it.
    private mutating func decline(_ body: CeremonyDeclined, _ report: (String) -> Void) {
        guard body.from == .executing else { return }
        if pages[body.ceremony]?.accepted["members"]?[body.signed.key]?.newKey == nil {
            report("I11: \(body.participant) stops \(body.ceremony), which asks them for nothing")
        }
        pages[body.ceremony]?.isRefused = true
    }

    private func checkAgreed(_ id: String, _ before: State, _ report: (String) -> Void) {
        guard let page = pages[id] else { return report("\(id) was never opened") }
        let statement = page.statement
        let names = page.approved.filter { name, key in
            name != statement.holder && !statement.excluded.contains(name)
                && statement.witnesses.contains { $0.name == name && $0.fingerprint == key }
        }.keys
        let humans = names.filter { name in
            statement.witnesses.contains { $0.name == name && $0.kind != .system }
        }
        if names.count < statement.threshold || humans.count < statement.people {
            report("I3: \(id) is carried out with \(names.count) of \(statement.threshold)")
        }
        var sets: [String: Int] = [:]
        for line in statement.accepts { sets[line.set, default: 0] += 1 }
        for (set, count) in sets {
            var need = count
            if set == "consent" { need = statement.fields["consent"].flatMap { Int($0) } ?? count }
            if set == "members" {
                need = statement.fields["acceptances"].flatMap { Int($0) } ?? count
            }
            if set.hasPrefix("vouch.") { need = 2 }
            let have = page.accepted[set]?.count ?? 0
            if have < need { report("I3: \(id) is carried out with \(have) of \(need) in \(set)") }
        }
        if before.roster.epoch != page.epoch || before.roster.policy.digest != statement.policy {
            report("I4: \(id) is carried out under another roster or policy")
        }
    }

    private static func holds(
        _ sshsig: [UInt8], over bytes: [UInt8], by key: SSHPublicKey?,
        _ namespace: SignatureNamespace
    ) -> Bool {
        guard let key, let signature = try? SSHSIG(blob: sshsig) else { return false }
        return (try? signature.verify(message: bytes, namespace: namespace, by: key)) != nil
    }
}
