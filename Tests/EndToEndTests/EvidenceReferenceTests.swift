// What an act points to outside the log: hashed where the file is, written into the signed
// document, and shown wherever the act is.

import CeremonyRecord
import Testing

@Suite("Evidence that an act names")
struct EvidenceReferenceTests {
    @Test("Files are hashed here and named in the signed act; log and show tell of them")
    func named() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let (erin, photograph) = (room.erin, room.erin.path("photo=1.jpg"))
            try TestFile.write(photograph, [UInt8](repeating: 0xa5, count: 3_000_000))
            let hashed = try erin.tool("sha256sum", photograph).out.split(separator: " ").first
            let digest = "sha256:" + (hashed ?? "")
            let paper = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
            let note = try erin.draft(
                "note", "the bag was opened in front of us", "--ceremony", id, "--evidence",
                "photograph of bag 17=\(photograph)", "--evidence", "protocol, page 3=\(paper)")
            let lines = TestFile.text(note).lineList
            #expect(
                lines.filter { $0.hasPrefix("evidence: ") } == [
                    "evidence: photograph of bag 17 \(digest)",
                    "evidence: protocol, page 3 \(paper)",
                ])
            try erin.submits(note, .act)
            let no = try room.person("heidi").draft(
                "decline", id, "--reason", "the seal was broken", "--evidence",
                "seal=\(photograph)")
            try room.person("heidi").submits(no, .act)
            let cancel = try room.dave.draft(
                "cancel", id, "--reason", "see there", "--evidence", "letter=\(paper)")
            try room.dave.submits(cancel, .act)

            let log = try erin.does("log")
            #expect(
                log.contains(
                    "the bag was opened in front of us; photograph of bag 17 \(digest); protocol"))
            let shown = try erin.does("show", id)
            for words in [
                "erin, witness: note", "evidence: photograph of bag 17", digest,
                "heidi, witness: decline", "evidence: seal", "dave, operator: cancel",
                "evidence: letter", paper,
            ] {
                #expect(shown.contains(words), "\(shown)")
            }
            let acts = try JSON(erin.does("show", id, "--json")).field("acts").list
            #expect(acts.map { $0.field("act").text } == ["note", "decline", "cancel"])
            let first = try #require(acts.first).field("evidence").list
            #expect(first.map { $0.field("digest").text } == [digest, paper])
            #expect(
                first.map { $0.field("what").text } == ["photograph of bag 17", "protocol, page 3"])
        }
    }

    @Test("Also an order to execute and a halt name evidence")
    func orders() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            try room.approve(id)
            let order = try room.dave.draft(
                "execute", id, "--evidence", "signed sheet=\(room.dave.keyFile).pub")
            try room.dave.submits(order, .act)
            let halt = try room.alice.draft(
                "halt", "--reason", "stop", "--evidence", "recording=\(room.alice.keyFile).pub")
            try room.alice.submits(halt, .act)
            let log = try room.erin.does("log")
            #expect(log.contains("; signed sheet sha256:"))
            #expect(log.contains("alice: stop; recording sha256:"))
            #expect(try room.erin.does("show", id).contains("dave, operator: execute"))
        }
    }

    @Test("Evidence that is not there or not written as it must be is refused before anything else")
    func refused() throws {
        try withRoom { room in
            for (given, exit, code) in [
                ("photograph=/nowhere/photo", 66, "no-such-file"), ("photograph", 64, "usage"),
                ("=\(room.erin.keyFile).pub", 64, "usage"),
                ("photograph=sha256:12", 64, "usage"),
                ("ph\u{f6}to=\(room.erin.keyFile).pub", 64, "usage"),
                (" photo=\(room.erin.keyFile).pub", 64, "usage"),
            ] {
                try room.refuses(Int32(exit), code) {
                    try room.erin.run(
                        "note", "x", "--as", "erin", "--draft", room.erin.path("x"), "--evidence",
                        given, "--json")
                }
            }
        }
    }
}
