// A ceremony as the daemon reports it: to be listed, and to find out early that an act would be
// refused. What anybody signs comes out of the log itself (`TrustedLog+Documents`).

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What the daemon says about a ceremony.
struct CeremonyReport: Sendable {
    /// One person in a response set.
    struct Row: Hashable, Sendable {
        enum Answer: String, Sendable { case open, yes, no, excluded, gone }
        let name: String
        let kind: String
        let keys: [String]
        let answer: Answer
        let at: Timestamp?
        let reason: String?
    }

    /// Who is asked for one thing, and what they said.
    struct Responses: Hashable, Sendable {
        let need: Int
        let people: Int
        let have: Int
        let rows: [Row]

        /// The row of a person.
        func row(of name: String) -> Row? {
            rows.first { $0.name.utf8.elementsEqual(name.utf8) }
        }

        /// Those who may still answer.
        var open: [String] { rows.filter { $0.answer == .open }.map(\.name) }
        /// Whether enough have said yes.
        var isComplete: Bool { have >= need }
    }

    /// Who is asked to accept their part, and what they said.
    struct Acceptances: Hashable, Sendable {
        /// One key that is asked.
        struct Row: Hashable, Sendable {
            let name: String
            let key: Fingerprint
            let answer: CeremonyReport.Row.Answer
            let at: Timestamp?
            let reason: String?
            /// The key that a yes brought.
            var newKey: Fingerprint?
        }

        let set: String
        let need: Int
        let have: Int
        let rows: [Row]

        /// Those who may still answer, each once.
        var open: [String] {
            rows.filter { $0.answer == .open }.map(\.name).reduce(into: []) { names, name in
                if !names.contains(name) { names.append(name) }
            }
        }
        /// Whether enough have said yes.
        var isComplete: Bool { have >= need }
    }

    /// How it ended.
    struct End: Hashable, Sendable {
        let seq: Int
        let time: Timestamp
        let reason: String?
        let detail: String?
        let left: [String]
    }

    let id: String
    let kind: String
    let subject: String
    let state: CeremonyState
    /// Where its opening stands in the log.
    let seq: Int
    let opened: Timestamp
    let expires: Timestamp
    let initiator: String
    let reason: String
    /// The statement's digest.
    let digest: Digest
    /// The statement's lines.
    let document: [String]
    let approvals: Responses
    let acceptances: [Acceptances]
    let attestations: Responses
    /// Since when it is being executed.
    let executing: Timestamp?
    /// Where its intent stands in the log.
    let intent: Int?
    let end: End?
    /// What it left on a token.
    let debris: DebrisReport?
    let record: [String]?
    let recordDigest: Digest?
    let attestBy: Timestamp?
    let key: Fingerprint?
    let keyStatus: KeyStatus?
    /// What does not stand in its way; `nil` where the daemon does not say.
    let goesOnDespite: [String]?
    /// What is still to be done since it was committed, in order.
    let afterwards: [String]
    /// Whether nothing of that was done, because the key was revoked before.
    let isLeftUndone: Bool
    /// The later ceremony on the same vault whose peers are waited for instead.
    let followedBy: String?
    /// What kept that from being done the last time.
    let trouble: String?
    /// Who is asked to sign for its execution now.
    let asked: [String]
    /// Who is to say that they have taken it over, and who has.
    let peers: [Acceptances.Row]
    /// As it came.
    let json: JSON

    /// Reads a value of the interface's type `Ceremony`.
    ///
    /// - Throws: `protocol` (69).
    init(_ json: JSON) throws(ClientError) {
        self = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(json)
            return try CeremonyReport(json, &fields)
        }
    }

    private init(_ json: JSON, _ fields: inout JSONFields) throws(JSONError) {
        self.json = json
        id = try fields.string("id")
        kind = try fields.string("kind")
        subject = try fields.string("subject")
        state = try fields.text("state") { CeremonyState(rawValue: $0) }
        seq = try fields.number("seq")
        opened = try fields.text("opened") { Timestamp($0) }
        expires = try fields.text("expires") { Timestamp($0) }
        initiator = try fields.string("initiator")
        reason = try fields.string("reason")
        digest = try fields.text("digest") { Digest($0) }
        document = try fields.strings("document")
        approvals = try Responses(try fields.object("approvals"))
        acceptances = try fields.objects("acceptances").map { set throws(JSONError) in
            try Acceptances(set)
        }
        attestations = try Responses(try fields.object("attestations"))
        if var executing = try fields.optionalObject("executing") {
            self.executing = try executing.text("time") { Timestamp($0) }
            intent = try executing.number("seq")
        } else {
            executing = nil
            intent = nil
        }
        end = try fields.optionalObject("end").map { fields throws(JSONError) in try End(fields) }
        debris = try fields.optionalObject("debris").map { fields throws(JSONError) in
            try DebrisReport(fields)
        }
        record = try fields.optionalStrings("record")
        recordDigest = try fields.optionalText("record_digest") { Digest($0) }
        attestBy = try fields.optionalText("attest_by") { Timestamp($0) }
        key = try fields.optionalText("key") { Fingerprint($0) }
        keyStatus = try fields.optionalText("key_status") { KeyStatus(rawValue: $0) }
        goesOnDespite = try fields.optionalStrings("goes_on_despite")
        afterwards = try fields.optionalStrings("afterwards") ?? []
        isLeftUndone = try fields.optionalBool("left_undone") ?? false
        followedBy = try fields.optionalString("followed_by")
        trouble = try fields.optionalString("trouble")
        asked = try fields.optionalStrings("asked") ?? []
        peers = try (try fields.optionalObjects("peers") ?? []).map { row throws(JSONError) in
            try Acceptances.Row(row)
        }
    }
}

extension CeremonyReport.Responses {
    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        need = try fields.number("need")
        people = try fields.number("people")
        have = try fields.number("have")
        rows = try fields.objects("rows").map { row throws(JSONError) in
            var fields = row
            return CeremonyReport.Row(
                name: try fields.string("name"), kind: try fields.string("kind"),
                keys: try fields.strings("keys"),
                answer: try fields.text("answer") { CeremonyReport.Row.Answer(rawValue: $0) },
                at: try fields.optionalText("at") { Timestamp($0) },
                reason: try fields.optionalString("reason"))
        }
    }
}

extension CeremonyReport.Acceptances {
    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        set = try fields.string("set")
        need = try fields.number("need")
        have = try fields.number("have")
        rows = try fields.objects("rows").map { row throws(JSONError) in try Row(row) }
    }
}

extension CeremonyReport.Acceptances.Row {
    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        name = try fields.string("name")
        key = try fields.text("key") { Fingerprint($0) }
        answer = try fields.text("answer") { CeremonyReport.Row.Answer(rawValue: $0) }
        at = try fields.optionalText("at") { Timestamp($0) }
        reason = try fields.optionalString("reason")
        newKey = try fields.optionalText("new_key") { Fingerprint($0) }
    }
}

extension CeremonyReport.End {
    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        seq = try fields.number("seq")
        time = try fields.text("time") { Timestamp($0) }
        reason = try fields.optionalString("reason")
        detail = try fields.optionalString("detail")
        left = try fields.strings("left")
    }
}

extension CeremonyReport {
    /// What it is, where it is named among others.
    var title: String { "\(id) (\(kind) of \(subject))" }
}
