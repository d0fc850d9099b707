// Drafts and signatures that do not fit each other, the act or the time: refused by client and
// daemon with what is the matter, and nothing of them is recorded.

import CeremonyRecord
import Testing

@Suite("Acts by file exchange that do not fit")
struct FileExchangeRefusalTests {
    @Test(
        "Bytes that were changed and signatures for another purpose are refused, whatever the act")
    func misfits() throws {
        try withRoom { room in
            let drafts = try Drafts(room)
            for draft in drafts.all {
                let (person, lines) = (draft.person, TestFile.text(draft.file).lineList)
                // The signature is good, and for something else.
                let other: SignatureNamespace = draft.namespace == .act ? .approve : .act
                let misused = try person.sign(draft.file, other)
                try room.refuses(1, "wrong-namespace", says: "\(other.rawValue)") {
                    try person.run("submit", draft.file, misused, "--json")
                }
                try room.refuses(1, "wrong-namespace") {
                    try person.call(
                        "Submit", document: lines,
                        signature: try person.signature(draft.file, other))
                }
                // Something was changed after it was signed.
                let signature = try person.sign(draft.file, draft.namespace)
                let changed = lines.map(Self.changed)
                #expect(changed != lines)
                try room.refuses(1, "bad-signature") {
                    try person.run("submit", try person.write(changed), signature, "--json")
                }
                try room.refuses(1, draft.isFixed ? "wrong-document" : "bad-signature") {
                    try person.call(
                        "Submit", document: changed,
                        signature: try person.signature(draft.file, draft.namespace))
                }
                // An editor or a mail program was at it.
                for spoilt in [
                    lines.joined(separator: "\r\n") + "\r\n", lines.joined(separator: "\n"),
                    lines.joined(separator: "\n") + "\n\n", "\u{feff}" + TestFile.text(draft.file),
                ] {
                    let path = person.path("spoilt")
                    try TestFile.write(path, spoilt)
                    try room.refuses(65, "not-our-document") {
                        try person.run("submit", path, signature, "--json")
                    }
                    try room.refuses(65, "not-our-document") {
                        try person.run("sign", path, "--json")
                    }
                }
                try room.refuses(65, "signature-file") {
                    try person.run("submit", draft.file, draft.file, "--json")
                }
            }
            #expect(try !room.call("Status").field("head").field("halted").isTrue)
            #expect(!TestFile.exists(room.stateDirectory + "/halt"))
            // The untouched ones are as good as before.
            for draft in drafts.all where draft.verb != "cancel" {
                try draft.person.submits(draft.file, draft.namespace)
            }
        }
    }

    @Test("A draft that is too old is refused by the act's own measure of time")
    func stale() throws {
        try withRoom { room in
            let drafts = try Drafts(room)
            let signed = try drafts.all.map { draft in
                (draft, try draft.person.sign(draft.file, draft.namespace))
            }
            func expect(
                at clock: String, _ codes: [String: (Int32, String, String)]
            ) throws {
                try room.stop()
                room.clock = clock
                try room.open()
                for (draft, signature) in signed {
                    guard let (exit, code, words) = codes[draft.verb] else { continue }
                    try room.refuses(exit, code, says: words) {
                        try draft.person.run("submit", draft.file, signature, "--json")
                    }
                }
            }
            try expect(at: "+16m", ["start": (1, "stale", "drafted at")])
            let over: (Int32, String, String) = (81, "expired", "expired at")
            try expect(
                at: "+61m",
                [
                    "note": (1, "stale", "is dated"), "halt": (1, "stale", "is dated"),
                    "start": (1, "stale", "drafted at"), "witness": over, "decline": over,
                    "cancel": over, "execute": over,
                ])
            #expect(try !room.call("Status").field("head").field("halted").isTrue)
            try expect(at: "+8d", ["attest": (81, "ended", "attestations were due by")])
        }
    }

    /// What a document says in free text, or when its key was made, put otherwise.
    private static func changed(_ line: String) -> String {
        for (field, other) in [
            ("reason: ", "another"), ("justification: ", "another"),
            ("generated: ", "2001-01-01T00:00:00Z"),
        ] where line.hasPrefix(field) {
            return field + other
        }
        return line
    }
}

/// One draft of every act, all of them good at the moment.
private struct Drafts {
    struct Draft {
        let verb: String
        let person: Person
        let namespace: SignatureNamespace
        let file: String
        /// Whether the log knows the document already, byte for byte.
        var isFixed: Bool { verb == "witness" || verb == "attest" }
    }

    /// In an order in which they can be handed in, but for the cancelling of what is executed.
    let all: [Draft]

    init(_ room: CeremonyRoom) throws {
        try room.addSpare()
        try room.stop()
        try room.open()
        let completed = try room.start("keeper-done")
        try room.approve(completed)
        try room.execute(completed)
        let approved = try room.start("keeper-alpha")
        try room.approve(approved)
        try room.dave.does(
            "unlock", "spare", "--clock", room.today, "--pin-file", room.house.home + "/pin")
        let start = [
            "start", "new-keeper-key", "keeper-beta", "--into", "spare", "--reason", "further",
        ]
        func draft(
            _ name: String, _ namespace: SignatureNamespace, _ arguments: String...
        ) throws -> Draft {
            try Self.draft(room.person(name), namespace, arguments)
        }
        all = [
            try Self.draft(room.alice, .open, start),
            try draft("alice", .approve, "witness", approved),
            try draft("bob", .act, "decline", approved, "--reason", "not today"),
            try draft("erin", .attest, "attest", completed),
            try draft("erin", .act, "note", "a bag was torn"),
            try draft("dave", .act, "cancel", approved, "--reason", "not today"),
            try draft("dave", .act, "execute", approved),
            try draft("carol", .act, "note", "it is done", "--ceremony", approved),
            try draft("bob", .act, "halt", "--reason", "smoke"),
        ]
    }

    private static func draft(
        _ person: Person, _ namespace: SignatureNamespace, _ arguments: [String]
    ) throws -> Draft {
        let path = person.path("draft")
        try person.does(arguments + ["--as", person.name, "--draft", path])
        return Draft(verb: arguments[0], person: person, namespace: namespace, file: path)
    }
}
