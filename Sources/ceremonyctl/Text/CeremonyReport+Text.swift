// A ceremony for people: what it is, one row for each person, what it waits for, how long is left.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension CeremonyReport {
    /// One line for lists.
    func line(at now: Timestamp) -> [String] {
        var standing = state.rawValue
        switch state {
        case .pending:
            standing += " \(approvals.have)/\(approvals.need)"
            let asking = acceptances.filter { $0.need > 0 }
            let done = asking.count(where: \.isComplete)
            // Somebody may be vouched for sixty times: a list is no place for that.
            if asking.count > 3 {
                standing += ", parts \(done)/\(asking.count)"
            } else {
                for set in asking {
                    let title = ClientKinds.part(of: kind)?.part(of: set.set) ?? "accepted"
                    standing += ", \(title) \(min(set.have, set.need))/\(set.need)"
                }
            }
        case .completed where keyStatus == .registered:
            standing += ", attested \(attestations.have)/\(attestations.need)"
        case .failed, .expired: standing += end?.reason.map { " (\($0))" } ?? ""
        default: break
        }
        let left =
            state == .pending || state == .approved ? Phrase.until(expires, now) : "\(opened)"
        return [id, kind, standing, left]
    }

    /// Everything that is to be said about it.
    func text(at now: Timestamp) -> [String] {
        var lines = [
            "\(id): \(kind) of \(subject)",
            "  state:      \(state.rawValue)" + (keyStatus.map { ", key \($0.rawValue)" } ?? ""),
            "  reason:     \(reason)",
            "  started:    \(opened) by \(initiator)",
        ]
        if let old = statement?.supersedes { lines.append("  replaces:   \(old)") }
        lines += operation
        if state == .pending || state == .approved {
            lines.append("  open:       \(Phrase.until(expires, now))")
        }
        if let executing, state == .executing { lines.append("  executing:  since \(executing)") }
        lines += ending
        lines += ["  statement:", "    \(digest)"]
        lines += Phrase.words(digest, indent: "    ")
        lines.append("  approvals: \(CeremonyReport.count(approvals.have, approvals.need))")
        lines += rows(approvals, yes: "approved")
        for set in acceptances {
            lines.append("  acceptances (\(set.set)): \(CeremonyReport.count(set.have, set.need))")
            lines += rows(set)
        }
        if state == .pending, acceptances.contains(where: { !$0.isComplete && !$0.open.isEmpty }) {
            lines.append("    by a code: ceremonyctl invite \(id) --for NAME")
        }
        if let recordDigest {
            if let key { lines.append("  key:        \(key)") }
            lines += ["  record:", "    \(recordDigest)"]
            lines += Phrase.words(recordDigest, indent: "    ")
        }
        if attestations.need > 0 || record != nil {
            let by = keyStatus == .registered ? attestBy.map { ", \(Phrase.until($0, now))" } : nil
            lines.append(
                "  attestations: \(attestations.have) of \(attestations.need)" + (by ?? ""))
            if record != nil { lines += rows(attestations, yes: "attested") }
        }
        if !afterwards.isEmpty {
            lines.append("  unfinished: \(afterwards.joined(separator: ", "))")
            if let trouble { lines.append("  trouble:    \(trouble)") }
        }
        if isLeftUndone {
            lines.append(
                "  NOT WRITTEN: its key was revoked first, so the vault was left as it "
                    + "was")
        }
        if !peers.isEmpty {
            lines.append(
                "  confirmations: \(peers.count { $0.answer == .yes }) of \(peers.count)")
            lines += Phrase.table(
                peers.map { peer in
                    [
                        peer.name,
                        peer.answer == .yes
                            ? "confirmed" : peer.answer == .open ? "open" : "not waited for",
                        peer.at.map { "\($0)" } ?? "", "\(peer.key)",
                    ]
                }, indent: "    ")
            if let followedBy {
                lines.append("    the vault was changed again since: \(followedBy)")
            }
        }
        if let next { lines.append("  next: " + next) }
        if state == .pending || state == .approved {
            lines.append(
                "  to cancel it, an operator, \(initiator) or a listed witness: ceremonyctl cancel "
                    + "\(id) --reason TEXT")
        }
        return lines
    }

    /// What a ceremony waits for that is still to be agreed to.
    private var pending: [String] {
        let accepting = acceptances.filter { !$0.isComplete }
        // Those who are asked for the same are named once, with everything that they are asked.
        var groups: [(parts: [String], names: [String])] = []
        for set in accepting {
            let title = ClientKinds.part(of: kind)?.part(of: set.set) ?? "acceptance"
            if let place = groups.firstIndex(where: { $0.names == set.open }) {
                groups[place].parts.append(title)
            } else {
                groups.append(([title], set.open))
            }
        }
        let parts = groups.map { group in
            let shown = group.parts.prefix(3) + (group.parts.count > 3 ? ["more"] : [])
            return "\(Phrase.list(Array(shown))) by \(Phrase.list(group.names))"
        }
        return [
            approvals.isComplete
                ? nil : "approval by \(Phrase.list(approvals.open)): ceremonyctl witness \(id)",
            parts.isEmpty ? nil : "\(parts.joined(separator: "; ")): ceremonyctl accept \(id)",
        ].compactMap(\.self)
    }

    /// How many there are of how many it takes; all who were asked may have said yes.
    private static func count(_ have: Int, _ need: Int) -> String {
        have > need ? "\(have), and \(need) are enough" : "\(have) of \(need)"
    }

    /// What it waits for, as a sentence; `nil` where it waits for nothing.
    var next: String? {
        switch state {
        case .pending: pending.joined(separator: "; ")
        case .approved:
            "an operator, \(initiator) or a listed witness: ceremonyctl execute \(id)"
        case .executing where !asked.isEmpty:
            "signature by \(Phrase.list(asked)): ceremonyctl answer \(id)"
        case .executing: "the daemon is at work: ceremonyctl watch \(id)"
        case .completed where keyStatus == .registered:
            "attestation by \(Phrase.list(attestations.open)): ceremonyctl attest \(id)"
        case .completed where afterwards.first == "set-pin":
            "whoever knows the token's present PIN, or enough guardians who hold shares of it: "
                + "ceremonyctl unlock, or unseal; status says which"
        case .completed where !afterwards.isEmpty:
            "the daemon goes on with it by itself while its log token is unlocked and nothing is halted"
        case .completed where !unconfirmed.isEmpty:
            "confirmation by \(Phrase.list(unconfirmed)): ceremonyctl confirm \(id)"
        case .failed where debris?.awaitsOrder == true: "an operator: ceremonyctl recover \(id)"
        default: nil
        }
    }

    /// Peers that have not said that they have taken it over.
    var unconfirmed: [String] {
        state == .completed ? peers.filter { $0.answer == .open }.map(\.name) : []
    }

    /// Who could still be missing: where everybody who is left is needed, one person who leaves
    /// ends the ceremony.
    var spare: String? {
        let left = approvals.need - approvals.have
        guard state == .pending, left >= approvals.open.count else { return nil }
        return "There is no spare: without any one of \(Phrase.list(approvals.open)) it cannot be "
            + "completed."
    }

    /// What is to be done, in the lines that its kind has in the statement.
    private var operation: [String] {
        guard let statement = try? Statement(lines: document) else { return [] }
        return Phrase.table(
            statement.fields.list.map { ["\($0.name):", $0.value] }, indent: "    ")
    }

    private var broughtKey: Bool { acceptances.flatMap(\.rows).contains { $0.newKey != nil } }

    private var ending: [String] {
        guard let end else { return [] }
        var lines = ["  ended:      \(end.time)" + (end.reason.map { ", \($0)" } ?? "")]
        if let detail = end.detail { lines.append("  detail:     \(detail)") }
        lines += end.left.map { "  left:       \($0)" }
        if let debris { lines.append("  recovery:   \(debris.line)") }
        switch state {
        case .completed where record == nil:
            lines.append("  meaning:    it is done, and stands in the log for good")
        case .completed:
            lines.append(
                key == nil
                    ? "  meaning:    it has taken effect"
                    : "  meaning:    the key came out; what is recorded of it stays")
        case .failed where broughtKey, .expired where broughtKey:
            lines.append(
                "  meaning:    nothing has changed; keys that people made for it are inert")
        case .failed where end.left.isEmpty && executing == nil, .expired:
            lines.append("  meaning:    nothing was made and nothing has changed")
        case .failed where end.left.isEmpty:
            lines.append("  meaning:    nothing was left on a token, and no key is valid by it")
        case .failed where debris?.isOpen == false:
            lines.append("  meaning:    nothing of it is on the token, and no key is valid by it")
        case .failed:
            lines.append("  meaning:    what was left is inert: no key is valid by it")
        default: break
        }
        return lines
    }

    private func rows(_ set: Acceptances) -> [String] {
        Phrase.table(
            set.rows.map { row in
                let answer =
                    switch row.answer {
                    case .open, .excluded, .gone: state.isEnd ? "no answer" : "open"
                    case .yes: "accepted"
                    case .no: "declined"
                    }
                return [
                    row.name, answer, row.at.map { "\($0)" } ?? "", "\(row.key)",
                    row.reason ?? "",
                ]
            }, indent: "    ")
    }

    private func rows(_ responses: Responses, yes: String) -> [String] {
        let isOver = yes == "approved" ? state.isEnd : keyStatus != .registered
        return Phrase.table(
            responses.rows.map { row in
                let answer =
                    switch row.answer {
                    case .open: isOver ? "no answer" : "open"
                    case .yes: yes
                    case .no: "declined"
                    case .gone: isOver ? "no answer" : "cannot answer"
                    case .excluded: "excluded"
                    }
                let reason = row.answer == .gone && isOver ? nil : row.reason
                return [
                    row.name, row.answer == .excluded ? "" : row.kind, answer,
                    row.at.map { "\($0)" } ?? "", reason ?? "",
                ]
            }, indent: "    ")
    }
}
