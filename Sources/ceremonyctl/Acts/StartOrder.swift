// What an initiator asks for, and whether the statement that the daemon derived is that and nothing
// else. The daemon is not trusted with it: everything that this client can know is compared, also
// what was left unsaid.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// An initiator's wish, before it is a statement.
struct StartOrder {
    let kind: String
    let subject: String
    /// The receiving token, where one was chosen.
    let into: DaemonToken?
    let parameters: [String: String]
    let supersedes: String?
    let initiator: Signatory
    let reason: String

    /// Has the daemon derive the statement.
    func draft(_ log: TrustedLog) throws(ClientError) -> Statement {
        var call: [String: JSON] = [
            "kind": .string(kind), "subject": .string(subject),
            "initiator": .string(initiator.name), "key": .string("\(initiator.fingerprint)"),
            "reason": .string(reason),
        ]
        call["into"] = .text(into?.name)
        call["supersedes"] = .text(supersedes)
        if !parameters.isEmpty {
            call["parameters"] = .object(parameters.mapValues { .string($0) })
        }
        let reply = try log.call("Draft", call)
        let lines = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.strings("document")
        }
        do {
            return try Statement(lines: lines)
        } catch {
            throw Reply.malformed("the draft is no statement: \(error)")
        }
    }

    /// Refuses a draft that is not what was asked for, or not of this log as it was verified.
    ///
    /// - Throws: `draft-differs` (1) naming the line.
    func check(_ statement: Statement, _ log: TrustedLog, _ roster: Roster, now: Timestamp)
        throws(ClientError)
    {
        try require(statement.kind.utf8.elementsEqual(kind.utf8), "kind")
        try require(statement.subject.utf8.elementsEqual(subject.utf8), "subject")
        try require(statement.ceremony.utf8.starts(with: "\(subject)-".utf8), "ceremony")
        try require(
            statement.supersedes.map { Array($0.utf8) } == supersedes.map { Array($0.utf8) },
            "supersedes")
        try require(statement.initiator == initiator, "initiator")
        try require(statement.reason.utf8.elementsEqual(reason.utf8), "reason")
        try checkDate(statement, log, now: now)
        try checkParameters(statement, log)
        if let line = try log.difference(in: statement, roster) { throw differs(line) }
    }

    /// A statement is dated now. While the daemon's clock is not acted on, the few that go on all
    /// the same are dated by the last event, which the log itself shows.
    private func checkDate(_ statement: Statement, _ log: TrustedLog, now: Timestamp)
        throws(ClientError)
    {
        guard abs(now - statement.drafted) > Limits.draftAge else { return }
        let state = try LogCopy(log).state
        try require(
            statement.drafted == state.head.time
                && state.goesOn(.statement(statement), despite: .clock), "drafted")
        let ahead = statement.drafted - now
        Talk.paragraph(
            "The daemon's clock is not acted on, so the statement is dated by the last event of the "
                + "log, \(statement.drafted): \(Phrase.span(ahead)) "
                + "\(ahead < 0 ? "before" : "after") the clock of this machine, which says \(now).")
    }

    /// The names of the people who are asked, in the statement's order.
    static func people(of statement: Statement) -> [String] {
        statement.witnesses.map(\.name).reduce(into: []) { names, name in
            if names.last.map({ !$0.utf8.elementsEqual(name.utf8) }) ?? true { names.append(name) }
        }
    }

    private func checkParameters(_ statement: Statement, _ log: TrustedLog) throws(ClientError) {
        let part = ClientKinds.part(of: kind)
        for (name, value) in parameters {
            let seen = part?.comesTo(name, said: value, in: statement)
            try require(name, seen ?? value, in: statement)
        }
        let known: [KindParameter]
        do { known = try Kinds.named(kind).parameters } catch {
            throw ClientError(
                .usage, error.code.rawValue, error.detail,
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "See `ceremonyctl kinds`.")
        }
        if let into, known.contains(where: { $0.name == "token" }) {
            let token = TokenReference(
                label: into.label, manufacturer: into.manufacturer, model: into.model,
                serial: into.serial)
            try require(statement.fields["token"].map { TokenReference(uri: $0) } == token, "token")
        }
        if !known.contains(where: \.isFixedByFirstKey) { try checkOperation(statement, log) }
        let unsaid = known.filter { parameters[$0.name] == nil }
        let fixed = unsaid.contains { $0.isFixedByFirstKey } ? try facts(log) : nil
        for parameter in unsaid {
            if let seen = part?.comesTo(parameter.name, said: nil, in: statement) {
                try require(parameter.name, seen, in: statement)
                continue
            }
            guard let standard = parameter.standard else { continue }
            let value =
                switch parameter.name {
                case "class": fixed.map { $0.subjectClass ?? "none" } ?? standard
                case "holder": fixed.map { $0.holder ?? "none" } ?? standard
                default: standard
                }
            try require(parameter.name, value, in: statement)
        }
    }

    /// Makes the operation again from the log, because more follows from it than was said: which
    /// key is replaced, how long both are valid, whose key is revoked, which halts are cleared.
    private func checkOperation(_ statement: Statement, _ log: TrustedLog) throws(ClientError) {
        let state = try LogCopy(log).state
        let operation: any CeremonyKind
        do { operation = try state.operation(of: statement) } catch {
            throw ClientError(
                .refused, "draft-differs",
                "The daemon drafted a statement that its own log does not allow: \(error.detail)",
                meaning: "Nothing was signed and no PIN was asked for.", next: error.next ?? "",
                requirement: "VAL-2")
        }
        let (stated, made) = (statement.fields.list, operation.fields.list)
        for (field, own) in zip(stated, made)
        where !field.name.utf8.elementsEqual(own.name.utf8)
            || !field.value.utf8.elementsEqual(own.value.utf8)
        {
            throw differs(field.name)
        }
        try require(stated.count == made.count, "kind")
        try require(statement.subjectClass == operation.subjectClass, "class")
        try require(statement.holder == operation.holder, "holder")
    }

    /// What the log says of a subject that has had a key: class and holder are its for good. `nil`
    /// of one that has not.
    ///
    /// The whole log is replayed for it, because nothing less shows that there is no key.
    private func facts(_ log: TrustedLog) throws(ClientError) -> Subject? {
        guard let known = try LogCopy(log).state.subject(subject), !known.keys.isEmpty else {
            return nil
        }
        Talk.paragraph(
            "\(subject) has had a key. The log says that its class is "
                + "\(known.subjectClass ?? "none") and its holder \(known.holder ?? "none").")
        return known
    }

    private func require(_ parameter: String, _ value: String, in statement: Statement)
        throws(ClientError)
    {
        let kind = try? Kinds.named(kind)
        let stated = kind?.parameters(of: statement)[parameter] ?? "none"
        try require(stated.utf8.elementsEqual(value.utf8), parameter)
    }

    private func require(_ holds: Bool, _ line: String) throws(ClientError) {
        if !holds { throw differs(line) }
    }

    private func differs(_ line: String) -> ClientError {
        ClientError(
            .refused, "draft-differs",
            "The daemon drafted another statement than was asked for: the line `\(line)` differs "
                + "from what you gave or from what the log says.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Look at it with --draft FILE; tell the operator if it cannot be explained.",
            requirement: "VAL-2")
    }
}

extension KindParameter {
    /// Whether a subject's first key settles it for all that follow.
    fileprivate var isFixedByFirstKey: Bool { name == "class" || name == "holder" }
}
