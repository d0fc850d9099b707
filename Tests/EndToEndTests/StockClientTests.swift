// A varlink client that we did not write: the one from PyPI, in an environment that `Scripts/test
// varlink` makes.

import CeremonyRecord
import Testing

@Suite("A stock varlink client")
struct StockClientTests {
    @Test("PyPI's varlink introspects the daemon, asks for Status, watches, and submits")
    func varlink() throws {
        let python = Program.sources + "/.build/varlink-client/bin/python"
        try #require(TestFile.exists(python), "make it with: Scripts/test varlink")
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let erin = room.erin
            let statement = try erin.statement(of: id)
            let signature = erin.path("signature")
            try TestFile.write(signature, try erin.signature(statement, .approve))
            let before = try room.log().count
            let ended = try erin.tool(
                python, Program.sources + "/Scripts/lib/varlink-client.py", room.socket, statement,
                signature)
            try #require(ended.status == 0, "\(ended.err)")
            let said = try JSON(ended.line)
            #expect(said.field("info").field("product").text == "ceremonyd")
            #expect(
                said.field("interfaces").list.map(\.text).sorted() == [
                    "org.ceremonyd.Ceremony", "org.varlink.service",
                ])
            let methods = said.field("methods").list.map(\.text)
            #expect(methods.count == 25 && methods.contains("Submit"), "\(methods)")
            #expect(said.field("before").number == before)
            #expect(said.field("outcome").field("seq").number == before)
            #expect(said.field("outcome").field("state").text == "PENDING")
            let error = said.field("error")
            #expect(error.field("error").text == "org.ceremonyd.Ceremony.Refused")
            #expect(error.field("parameters").field("code").text == "unknown-ceremony")
            #expect(said.field("watched").list.map(\.text) == (try room.types()))
            #expect(try room.types().last == "ceremony.witnessed")
        }
    }
}
