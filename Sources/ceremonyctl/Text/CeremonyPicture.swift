// A ceremony for whoever watches it: who has said what, what is still missing, how long is left,
// and at the end what was undone and what stays valid. All of it is read off the fold of committed
// events; what only the daemon says is passed in and marked as such.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// Lines about a ceremony, each with what it is for the eye.
struct CeremonyPicture: Hashable, Sendable {
    /// What a line is: a screen with colours shows it, one without has the words alone.
    enum Tone: Hashable, Sendable { case plain, title, good, bad, faint }

    /// One line.
    struct Line: Hashable, Sendable {
        let text: String
        var tone = Tone.plain
    }

    /// What only the daemon says.
    struct Claims: Hashable, Sendable {
        /// Who is asked to sign for the execution now.
        var asked: [String] = []
        /// What keeps the work after the commit from being done.
        var trouble: String?
    }

    /// From top to bottom.
    private(set) var lines: [Line] = []
    /// What was undone, what is left, what stays valid, and what was refused.
    private(set) var standing: [String] = []

    let ceremony: Ceremony
    let state: State
    let now: Timestamp

    /// Draws a ceremony.
    ///
    /// - Parameters:
    ///   - events: those of the log, for the requests about it that were refused.
    ///   - now: the daemon's clock, by which time runs out.
    init(
        of ceremony: Ceremony, in state: State, _ events: [Event], at now: Timestamp,
        claims: Claims = Claims()
    ) {
        self.ceremony = ceremony
        self.state = state
        self.now = now
        drawHead()
        let behindHead = lines.count
        drawEnd()
        drawRefused(events)
        standing = lines[behindHead...].map(\.text)
        drawClaims(claims)
        drawNext()
        drawAnswers()
    }

    /// Whether nothing is awaited of it any more.
    var isSettled: Bool {
        guard ceremony.state.isEnd else { return false }
        if ceremony.state == .completed {
            if keyStatus == .registered { return false }
            return ceremony.afterwards.isEmpty && ceremony.unconfirmed.isEmpty
        }
        return true
    }

    /// How the key that came out stands.
    private var keyStatus: KeyStatus? {
        ceremony.key.flatMap { state.key($0) }?.status(at: now)
    }

    // MARK: What it is

    private mutating func drawHead() {
        let statement = ceremony.statement
        var standing = ceremony.state.rawValue
        if let reason = ceremony.end?.reason { standing += " (\(reason))" }
        let tone: Tone =
            switch ceremony.state {
            case .completed: .good
            case .failed, .expired: .bad
            default: .title
            }
        add("\(ceremony.id): \(ceremony.kind) of \(statement.subject): \(standing)", tone)
        add("  started  \(ceremony.opened.time) by \(statement.initiator.name)")
        add("  reason   \(statement.reason)")
        if ceremony.state == .pending || ceremony.state == .approved {
            let isOver = now >= statement.expires
            add("  open     \(Phrase.until(statement.expires, now))", isOver ? .bad : .plain)
        }
        if let execution = ceremony.execution, ceremony.state == .executing {
            add(
                "  executing since \(execution.time)"
                    + (execution.actor.map { ", ordered by \($0)" } ?? ""))
            if let deadline = ceremony.executionDeadline {
                add("  to be over \(Phrase.until(deadline, now))", now >= deadline ? .bad : .plain)
            }
            if let waited { add("  asked    \(waited)") }
        }
        if isOvertaken {
            add(
                "  OVERTAKEN: what it depends on was changed by another commit; it can be committed",
                .bad)
            add("    no more, and ends FAILED (prestate-changed). Nobody signs for it.", .bad)
        }
        for line in subjectStanding { add("  " + line) }
    }

    /// What its kind says of how it stands.
    var subjectStanding: [String] { part?.standing(of: ceremony, in: state) ?? [] }

    /// What this client knows of its kind besides.
    var part: (any ClientKind.Type)? { ClientKinds.part(of: ceremony.kind) }

    // MARK: Who said what

    private mutating func drawAnswers() {
        let approvals = ceremony.approvals
        add(
            heading("approve", approvals.count, approvals.threshold)
                + (approvals.people > 0 && approvals.people < approvals.threshold
                    ? ", people among them: at least \(approvals.people)" : ""),
            approvals.isComplete ? .good : .plain)
        let isOpen = ceremony.state == .pending
        for name in approvals.names {
            guard let answer = approvals.answers[name] else {
                if isOpen, !approvals.isComplete { row(name, isOpen: true) }
                continue
            }
            row(name, answer.isYes ? "approved" : "declined", answer.time, answer.reason)
        }
        if !isOpen || approvals.isComplete { rest(approvals.waiting, isOpen: isOpen) }
        for set in ceremony.acceptances { drawAcceptances(set, isOpen: isOpen) }
        drawAttestations()
        if !ceremony.peers.isEmpty, ceremony.state == .completed {
            add(heading("confirm", ceremony.confirmations.count, ceremony.peers.count))
            for peer in ceremony.peers {
                let moment = ceremony.confirmations[peer.name]
                row(peer.name, moment.map { _ in "confirmed" }, moment?.time, isOpen: true)
            }
        }
    }

    private mutating func drawAcceptances(_ set: AcceptanceSet, isOpen: Bool) {
        add(
            heading(part?.title(of: set.name) ?? "accept (\(set.name))", set.count, set.need),
            set.isComplete ? .good : .plain)
        for invited in set.invited {
            guard let answer = set.answers[invited.fingerprint] else {
                // Where more are asked than are needed, those who have not answered are one line.
                guard isOpen, set.invited.count == set.need || set.bringsKey else { continue }
                row(invited.name, isOpen: true, hint: set.bringsKey ? invite(invited.name) : nil)
                continue
            }
            row(invited.name, answer.isYes ? "accepted" : "declined", answer.time, answer.reason)
        }
        if !isOpen || (set.invited.count > set.need && !set.bringsKey) {
            rest(set.waiting.map(\.name), isOpen: isOpen)
        }
    }

    private mutating func drawAttestations() {
        let attestations = ceremony.attestations
        guard attestations.threshold > 0, ceremony.state == .completed else { return }
        let isOpen = keyStatus == .registered
        add(
            heading("attest", attestations.count, attestations.threshold)
                + (isOpen
                    ? ceremony.attestDeadline.map { ", \(Phrase.until($0, now))" } ?? "" : ""),
            attestations.isComplete ? .good : .plain)
        for name in attestations.names {
            guard let answer = attestations.answers[name] else {
                if isOpen { row(name, isOpen: true) }
                continue
            }
            row(name, answer.isYes ? "attested" : "declined", answer.time, answer.reason)
        }
        if !isOpen { rest(attestations.waiting, isOpen: false) }
    }

    private func heading(_ what: String, _ have: Int, _ need: Int) -> String {
        let count = have > need ? "\(have), and \(need) are enough" : "\(have) of \(need)"
        return "  \(what)\(String(repeating: " ", count: max(1, 9 - what.utf8.count)))\(count)"
    }

    /// Those who have not answered and need not be named one by one.
    private mutating func rest(_ names: [String], isOpen: Bool) {
        guard !names.isEmpty else { return }
        add("    \(unanswered(isOpen)): \(Phrase.list(names))", .faint)
    }

    private func unanswered(_ isOpen: Bool) -> String {
        isOpen ? "open" : ceremony.state == .expired ? "expired" : "no answer"
    }

    private mutating func row(
        _ name: String, _ answer: String? = nil, _ time: Timestamp? = nil, _ reason: String? = nil,
        isOpen: Bool = false, hint: String? = nil
    ) {
        let word = answer ?? unanswered(isOpen)
        let tone: Tone =
            switch answer {
            case "declined": .bad
            case nil: isOpen ? .plain : .faint
            default: .good
            }
        var text = "    " + CeremonyPicture.filled(name, 12) + CeremonyPicture.filled(word, 10)
        if let time { text += "\(time)" }
        if let reason { text += "  \(reason)" }
        if answer == nil, let hint { text += hint }
        add(text, tone)
    }

    private static func filled(_ text: String, _ columns: Int) -> String {
        let width = Display.width(Display.neutralised(text))
        return text + String(repeating: " ", count: max(1, columns - width))
    }

    private func invite(_ name: String) -> String {
        "ceremonyctl invite \(ceremony.id) --for \(name)"
    }

    /// What was refused about it: the log has the refusal; who it was, the caller said.
    private mutating func drawRefused(_ events: [Event]) {
        let refused = events.compactMap { event -> (Timestamp, AccessRefused)? in
            guard case .accessRefused(let body) = event.body,
                body.ceremony?.utf8.elementsEqual(ceremony.id.utf8) == true
            else { return nil }
            return (event.time, body)
        }
        guard !refused.isEmpty else { return }
        let shown = refused.suffix(3)
        add(
            "  refused  \(Phrase.count(refused.reduce(0) { $0 + $1.1.count }, "request"))"
                + (refused.count > shown.count ? ", the newest:" : ":"), .bad)
        for (time, body) in shown {
            add(
                "    \(time)  \(body.code)"
                    + (body.claimed.map { ", by somebody who said they were \($0)" } ?? "")
                    + (body.count > 1 ? ", \(body.count) times" : ""))
        }
    }

    // MARK: How it ended

    private mutating func drawEnd() {
        guard let end = ceremony.end else { return }
        add("  ended    \(end.time)" + (end.reason.map { ", \($0)" } ?? ""))
        if let detail = end.detail { add("    \(detail)") }
        switch ceremony.state {
        case .completed: drawDone()
        default: drawUndone(end)
        }
    }

    private mutating func drawDone() {
        if let done = part?.done(ceremony) {
            add("  done     " + done, .good)
            for line in silent { add(line, .bad) }
        } else if let key = ceremony.key {
            add("  key      \(key)")
            let isBad = keyStatus == .revoked || keyStatus == .lapsed
            add("    is \(keyStatus?.rawValue ?? "unknown")", isBad ? .bad : .good)
        } else {
            add("  done     it has taken effect", .good)
        }
        if !ceremony.afterwards.isEmpty {
            let steps = ceremony.afterwards
            add(
                "  still    " + Phrase.list(steps.map(\.name))
                    + (steps[0].canBeOvertaken
                        ? ", when the present PIN is given: ceremonyctl status" : ", by the daemon")
            )
        }
    }

    /// What was undone, what is left and where, and what holds on.
    private mutating func drawUndone(_ end: Ceremony.End) {
        let brought = ceremony.acceptances.flatMap { set in
            set.invited.compactMap { invited in
                set.answers[invited.fingerprint]?.newKey.map { (invited.name, $0) }
            }
        }
        if brought.isEmpty, end.left.isEmpty {
            add("  undone   nothing was made, and nothing has changed")
        }
        let left = Set(ceremony.leftKeys.map(\.key.key.fingerprint))
        for (name, key) in brought {
            let token = TokenReference(uri: key.token)?.label ?? "their token"
            if ceremony.tidied[key.key.fingerprint]?.isClosed == false {
                add(
                    "  left     the key that \(name) made, in the lost token \(token), inert:", .bad
                )
                add("    \(key.key.fingerprint)")
                add("    if it is found: ceremonyctl tidy \(ceremony.id)")
                continue
            }
            guard !left.contains(key.key.fingerprint) else {
                add("  left     the key that \(name) made in the token \(token), inert:", .bad)
                add("    \(key.key.fingerprint)")
                add("    \(name) takes it away: ceremonyctl tidy \(ceremony.id)")
                continue
            }
            let outcome = ceremony.tidied[key.key.fingerprint]?.outcome.rawValue ?? "unknown"
            add("  undone   the key that \(name) made in the token \(token): \(outcome)", .good)
        }
        for trace in end.left { add("  left     \(trace)", .bad) }
        if let recovery = ceremony.recovery {
            add(
                "  undone   \(recovery.outcome.rawValue), \(recovery.time), ordered by "
                    + recovery.actor)
        } else if !end.left.isEmpty {
            add("    an operator has it destroyed: ceremonyctl recover \(ceremony.id)")
        }
        add(
            "  valid    "
                + (part?.valid(after: ceremony, in: state)
                    ?? "what was valid before it; no key is valid by it"),
            .good)
    }

    // MARK: What to do

    private mutating func drawClaims(_ claims: Claims) {
        if !claims.asked.isEmpty, !isOvertaken {
            let rest = peopleAsked.filter { !claims.asked.contains($0) }
            add(
                "  the daemon says: it waits for \(Phrase.list(claims.asked)) to sign: ceremonyctl "
                    + "answer \(ceremony.id)"
                    + (rest.isEmpty ? "" : "; not any more for \(Phrase.list(rest))"))
        }
        if let trouble = claims.trouble { add("  the daemon says: \(trouble)", .bad) }
    }

    private mutating func drawNext() {
        switch ceremony.state {
        case .pending:
            if !ceremony.approvals.isComplete {
                add("  next     to approve: ceremonyctl witness \(ceremony.id)")
            }
            let open = ceremony.acceptances.filter { !$0.isComplete }
            if !open.isEmpty {
                let parts = open.compactMap { part?.part(of: $0.name) }
                add(
                    "  next     to \(Phrase.list(parts, none: "accept")): ceremonyctl accept "
                        + ceremony.id)
            }
        case .approved: add("  next     ceremonyctl execute \(ceremony.id)")
        case .completed where keyStatus == .registered:
            add("  next     ceremonyctl attest \(ceremony.id)")
        case .completed where !ceremony.unconfirmed.isEmpty:
            add("  next     ceremonyctl confirm \(ceremony.id)")
        default: break
        }
        guard ceremony.state == .pending || ceremony.state == .approved else { return }
        add(
            "  cancel   ceremonyctl cancel \(ceremony.id) --reason TEXT (an operator, "
                + "\(ceremony.statement.initiator.name), or a listed witness)", .faint)
    }

    private mutating func add(_ text: String, _ tone: Tone = .plain) {
        lines.append(Line(text: text, tone: tone))
    }
}
