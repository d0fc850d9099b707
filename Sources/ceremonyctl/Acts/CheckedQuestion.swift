// What a person is asked to sign while a ceremony is carried out. Nobody is believed: the statement
// and the intent come out of the log, the key that came out is held to both and has to stand for
// its own record, and every byte that is signed is made here. The daemon's question only says that
// it is time, and for which key (DESIGN 2.9).

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11

/// A question whose messages this client has made itself. There is no other way to one, and nothing
/// else is signed without a purpose of ours in front.
struct CheckedQuestion {
    /// What is carried out.
    let statement: Statement
    /// Who is asked, with which key, and what for.
    let question: Question
    /// Until when an answer makes sense.
    let deadline: Timestamp?
    /// Everybody whom the log has sign for it, whether the daemon still waits for them or not.
    let everybody: [Question]

    /// Asks the daemon what it asks, and makes all of it again from the log.
    ///
    /// - Returns: A question for each key that is asked; never empty.
    /// - Throws: `not-yet` (75) where nobody is asked, `ended` (81); `prestate-changed` (1) where
    ///   it cannot be committed any more; `question-differs` (1) where the key is not the one that
    ///   the statement and the intent order, or the log asks somebody else; what reading the log
    ///   throws.
    static func all(of report: CeremonyReport, _ log: TrustedLog, _ roster: Roster)
        throws(ClientError) -> [CheckedQuestion]
    {
        let statement = try log.statement(of: report, roster)
        guard !report.state.isEnd else { throw CheckedQuestion.over(report.id, report.state) }
        let asked = try read(try log.call("Questions", ["ceremony": .string(report.id)]))
        let now = max(.now, try log.status().now)
        // After the reply, so that the copy reaches the intent.
        let state = try LogCopy(log).state
        guard let ceremony = state.ceremony(named: report.id), ceremony.digest == statement.digest
        else { throw CheckedQuestion.differs("the log has no such ceremony") }
        guard ceremony.state == .executing, ceremony.refused == nil, !state.isHalted else {
            throw CheckedQuestion.over(
                report.id, ceremony.state,
                "by the signed log"
                    + (ceremony.refused == nil ? "" : ", and somebody has said no to it")
                    + (state.isHalted ? ", and the log is halted" : ""))
        }
        guard state.isAsAgreed(ceremony) else { throw CheckedQuestion.overtaken(report.id) }
        do throws(Refusal) {
            let operation = try state.operation(of: statement)
            return try asked.map { asked throws(Refusal) in
                if let made = asked.made {
                    try operation.checkNewKey(
                        made.record, possession: made.possession, of: ceremony, at: now, in: state)
                }
                let questions = operation.questions(asked.made, of: ceremony)
                guard let question = questions.first(where: { $0.key == asked.key }) else {
                    throw Refusal(
                        .outcomeDiffers,
                        "The statement has nobody sign with the key \(asked.key.fingerprint).")
                }
                return CheckedQuestion(
                    statement: statement, question: question,
                    deadline: ceremony.answerDeadline(for: operation), everybody: questions)
            }
        } catch {
            throw CheckedQuestion.differs(error.detail)
        }
    }

    private init(
        statement: Statement, question: Question, deadline: Timestamp?, everybody: [Question]
    ) {
        self.statement = statement
        self.question = question
        self.deadline = deadline
        self.everybody = everybody
    }

    /// A key that the daemon asks, and the key that came out where it is asked to sign for one.
    private struct Asked {
        let key: SSHPublicKey
        let made: Question.Made?
    }

    private static func read(_ reply: [String: JSON]) throws(ClientError) -> [Asked] {
        let rows = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return try fields.objects("questions").map { row throws(JSONError) in
                var row = row
                return (
                    key: try row.string("key"), record: try row.optionalStrings("record"),
                    possession: try row.optionalParsed("possession", as: "base64") {
                        Base64.decode($0)
                    }
                )
            }
        }
        let asked = rows.compactMap { row -> Asked? in
            guard let key = SSHPublicKey(line: row.key) else { return nil }
            guard let lines = row.record else { return Asked(key: key, made: nil) }
            guard let record = try? KeyRecord(lines: lines), let possession = row.possession else {
                return nil
            }
            return Asked(key: key, made: Question.Made(record: record, possession: possession))
        }
        guard !asked.isEmpty, asked.count == rows.count else {
            throw Reply.malformed("what is to be signed names no key, or no key record")
        }
        return asked
    }

    private static func over(_ id: String, _ state: CeremonyState, _ why: String? = nil)
        -> ClientError
    {
        ClientError(
            .endedOtherwise, "ended",
            "\(id) is \(state.rawValue)" + (why.map { " " + $0 } ?? "")
                + ", so there is nothing to sign for it.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "How it stands: ceremonyctl show \(id).")
    }

    /// What the signatures would be for cannot come into force any more.
    private static func overtaken(_ id: String) -> ClientError {
        ClientError(
            .refused, "prestate-changed",
            "\(id) can be committed no more: what it depends on was changed by something else while "
                + "it was carried out.",
            meaning:
                "Nothing was signed and no PIN was asked for. What was committed meanwhile is in "
                + "force.",
            next:
                "It ends FAILED (prestate-changed): ceremonyctl watch \(id). Whoever still wants it "
                + "starts it again.", requirement: "I14")
    }

    private static func differs(_ what: String) -> ClientError {
        ClientError(
            .refused, "question-differs",
            "What the daemon asks for is not what the log comes to. \(what)",
            meaning: "Nothing was signed and no PIN was asked for.",
            next:
                "Sign nothing, tell the other custodians, and say no: ceremonyctl decline --part.",
            requirement: "VAL-2")
    }

    // MARK: The new key, seen from here

    /// What this client sees of the new key with its own eyes; `nil` where it is signed with the
    /// new key itself.
    ///
    /// - Throws: `question-differs` (1) where the receiving token is here and holds another key.
    func sight(of tokens: [SeenToken]) throws(ClientError) -> String? {
        guard let record = question.made?.record else { return nil }
        let wanted = statement.fields["token"].flatMap { TokenReference(uri: $0) }
        guard let token = tokens.first(where: { $0.reference == wanted }) else {
            return
                "The receiving token cannot be seen from here. Of the new key it is known that it "
                + "has signed its own record; where it is, is the daemon's word."
        }
        let there = token.keys.filter { $0.id == record.keyID }
        guard !there.isEmpty else {
            return "The receiving token \(token.name) is here, and shows no public key of that id "
                + "without a PIN. Where the new key is, is the daemon's word."
        }
        guard there.allSatisfy({ $0.key == record.publicKey }) else {
            throw CheckedQuestion.differs(
                "The receiving token \(token.name) holds another public key under that id.")
        }
        return
            "The receiving token \(token.name) is here too: the public key in it is the one that "
            + "you sign for."
    }

    // MARK: What is signed

    /// The messages as they are put before a person, in their order.
    var shown: [ShownDocument] { question.messages.map(shown) }

    private func shown(_ message: Question.Message) -> ShownDocument {
        if let lines = message.lines {
            return ShownDocument(
                title: "\(message.title), for \(statement.ceremony)", lines: lines,
                bytes: DocumentBytes.of(lines),
                meaning: "you say this with your key \(question.key.fingerprint)",
                gist: ["\(message.title) in \(statement.ceremony)"])
        }
        let sentences = ClientKinds.part(of: statement.kind)?.sentences(on: message, of: statement)
        return ShownDocument(
            title: "\(message.title), for \(statement.ceremony)",
            lines: (sentences ?? []) + ["It says:"]
                + CheckedQuestion.members(of: message.bytes).map { "  " + $0 }
                + ["These bytes are signed, as they are:"]
                + [String(decoding: message.bytes, as: UTF8.self)],
            bytes: message.bytes,
            meaning: "you say this with your key \(question.key.fingerprint)",
            gist: ["\(message.title) in \(statement.ceremony)"] + (sentences ?? []).prefix(1))
    }

    /// Every member of a JSON object on a line of its own.
    private static func members(of bytes: [UInt8]) -> [String] {
        guard let value = try? JSON(bytes, .message(bytes: 65_536)) else { return [] }
        var lines: [String] = []
        func walk(_ value: JSON, _ path: String) {
            guard case .object(let fields) = value else {
                let text =
                    if case .string(let text) = value { text } else {
                        String(decoding: value.canonicalBytes, as: UTF8.self)
                    }
                return lines.append("\(path): \(text)")
            }
            for (name, member) in fields.sorted(by: { $0.key < $1.key }) {
                walk(member, path.isEmpty ? name : path + "." + name)
            }
        }
        walk(value, "")
        return lines
    }

    /// For scripts: each message with what `--confirm` takes.
    var json: JSON {
        .fields([
            "ceremony": .string(statement.ceremony), "person": .string(question.person),
            "key": .string("\(question.key.fingerprint)"),
            "new_key": .text(question.made.map { "\($0.record.fingerprint)" }),
            "until": .text(deadline.map { "\($0)" }),
            "messages": .array(
                zip(question.messages, shown).map { message, shown in
                    .fields([
                        "title": .string(message.title),
                        "text": .string(String(decoding: shown.bytes, as: UTF8.self)),
                        "digest": .string("\(shown.digest)"),
                    ])
                }),
        ])
    }
}

extension SeenToken {
    /// The token as statements name it.
    var reference: TokenReference {
        TokenReference(
            label: info.label, manufacturer: info.manufacturer, model: info.model,
            serial: info.serial)
    }
}

extension Ceremony {
    /// Until when an answer makes sense.
    fileprivate func answerDeadline(for operation: any CeremonyKind) -> Timestamp? {
        guard let execution, let patience = type(of: operation).patience(of: statement) else {
            return executionDeadline
        }
        return executionDeadline.map { min($0, execution.time + patience) }
    }
}
