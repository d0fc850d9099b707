// Who may not answer, and which signatures are none: refused by the client before a PIN is asked
// for where it can know, and by the daemon where somebody signs all the same.

import CeremonyRecord
import Testing

@Suite("Answers that are refused")
struct ResponseRefusalTests {
    @Test(
        "Somebody who is not on the roster cannot witness, neither with a token nor with a key file"
    )
    func stranger() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let mallory = room.mallory
            try room.refuses(77, "not-listed") {
                try mallory.run(["witness", id, "--json"] + mallory.withToken)
            }
            try room.refuses(77, "not-on-roster", says: "mallory is not on the roster") {
                try mallory.run("witness", id, "--as", "mallory", "--draft", "x", "--json")
            }
            let statement = try mallory.statement(of: id)
            try room.refuses(77, "not-on-roster", says: "belongs to nobody on the roster") {
                try mallory.submit(statement, .approve)
            }
            #expect(try room.ceremony(id).field("approvals").field("have").number == 0)
        }
    }

    @Test("One person counts once, whichever of their keys signs the second time")
    func twice() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let (alice, statement) = (room.alice, try room.alice.statement(of: id))
            try alice.does(["witness", id, "--confirm", statement] + alice.withToken)
            try room.refuses(1, "already-answered", says: "alice has said yes already") {
                try alice.run(["witness", id, "--confirm", statement, "--json"] + alice.withToken)
            }
            try room.refuses(1, "already-answered", says: "alice has said yes already") {
                try alice.submit(statement, .approve)
            }
            let no = try room.person("erin").draft("decline", id, "--reason", "changed my mind")
            try room.approve(id, by: ["erin"])
            try room.refuses(1, "already-answered", says: "erin has said yes already") {
                try room.erin.submit(no, .act)
            }
            #expect(try room.ceremony(id).field("approvals").field("have").number == 2)
        }
    }

    @Test("Who started a ceremony and whom its key belongs to do not count as its witnesses")
    func initiatorAndHolder() throws {
        try withRoom { room in
            let path = try room.alice.draft(
                "start", "new-keeper-key", "of-erin", "--into", "house", "--reason", "hers",
                "--set", "holder=erin")
            let id = try room.alice.submits(path, .open).field("ceremony").text
            let statement = try room.alice.statement(of: id)
            try room.refuses(77, "initiator-excluded", says: "alice started of-erin-1") {
                try room.alice.run(["witness", id, "--json"] + room.alice.withToken)
            }
            try room.refuses(77, "initiator-excluded", says: "alice started of-erin-1") {
                try room.alice.submit(statement, .approve)
            }
            try room.refuses(77, "holder-excluded", says: "belongs to erin") {
                try room.erin.run(
                    "witness", id, "--signature", try room.erin.sign(statement, .approve),
                    "--confirm", statement, "--json")
            }
            try room.refuses(77, "holder-excluded", says: "belongs to erin") {
                try room.erin.submit(statement, .approve)
            }
        }
    }

    @Test(
        "A signature over another statement, for another purpose, or with one bit changed is none")
    func signatures() throws {
        try withRoom { room in
            let other = try room.alice.draft(
                "start", "new-keeper-key", "keeper-beta", "--into", "house", "--reason", "other")
            let id = try room.start("keeper-alpha")
            let (erin, statement) = (room.erin, try room.erin.statement(of: id))
            try room.refuses(1, "bad-signature") {
                try erin.run("submit", statement, try erin.sign(other, .approve), "--json")
            }
            try room.refuses(1, "wrong-namespace") {
                try erin.run("submit", statement, try erin.sign(statement, .attest), "--json")
            }
            let good = try SSHSIG(armored: TestFile.bytes(try erin.sign(statement, .approve)))
            let bent = erin.path("bent.sig")
            try TestFile.write(bent, good.blob.with(bit: 0, ofByteFromEnd: 9))
            try room.refuses(1, "bad-signature") {
                try erin.run("submit", statement, bent, "--json")
            }

            // The daemon looks for itself: the same over `call`, past every check of the client.
            let lines = TestFile.text(statement).lineList
            let others = TestFile.text(other).lineList
            for (code, document, signature) in [
                ("bad-signature", lines, try erin.signature(other, .approve)),
                ("wrong-namespace", lines, try erin.signature(statement, .attest)),
                ("bad-signature", lines, Base64.encode(good.blob.with(bit: 0, ofByteFromEnd: 9))),
                ("bad-signature", lines, Base64.encode(good.blob.with(bit: 7, ofByteFromEnd: 64))),
                ("unknown-ceremony", others, try erin.signature(other, .approve)),
            ] {
                let exit: Int32 = code == "unknown-ceremony" ? 66 : 1
                try room.refuses(exit, code) {
                    try erin.call("Submit", document: document, signature: signature)
                }
            }
            let changed = lines.map { $0 == "reason: first key of keeper-alpha" ? "reason: x" : $0 }
            try room.refuses(1, "wrong-document") {
                try erin.call("Submit", document: changed, signature: Base64.encode(good.blob))
            }
            // The untouched one still counts.
            try erin.submits(statement, .approve)
        }
    }
}

extension [UInt8] {
    /// The same bytes with one bit turned, counted from the end.
    func with(bit: Int, ofByteFromEnd place: Int) -> [UInt8] {
        var bytes = self
        bytes[bytes.count - place] ^= 1 << bit
        return bytes
    }
}

extension Person {
    /// A file with the statement of a ceremony, as `show --document` prints it.
    func statement(of id: String) throws -> String {
        let path = path("statement")
        try TestFile.write(path, try does("show", id, "--document", "statement"))
        return path
    }

    /// A file with the key record of a ceremony.
    func record(of id: String) throws -> String {
        let path = path("record")
        try TestFile.write(path, try does("show", id, "--document", "record"))
        return path
    }

    /// `ceremonyctl call` with a document and a signature.
    func call(_ method: String, document: [String], signature: String) throws -> Ended {
        let parameters = JSON.object([
            "document": .array(document.map { .string($0) }), "signature": .string(signature),
        ])
        return try run("call", method, parameters.canonicalText, "--json")
    }
}
