// What is said on the socket that makes no sense: the caller is told or let go, nobody else
// notices, and nothing is recorded.

import CeremonyRecord
import Testing

@Suite("Input that is refused")
struct ProtocolRefusalTests {
    @Test(
        "Unknown methods, fields and types have their errors; what is no message ends the connection"
    )
    func rawInput() throws {
        try withRoom { room in
            let before = try room.log()
            let i = "org.ceremonyd.Ceremony"
            let invalid = "org.varlink.service.InvalidParameter"
            let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
            let answers: [(String, String?)] = [
                (#"{"method":"org.nowhere.Method"}"#, "org.varlink.service.InterfaceNotFound"),
                (#"{"method":"\#(i).Approve"}"#, "org.varlink.service.MethodNotFound"),
                (#"{"method":"\#(i).Show"}"#, invalid),
                (
                    #"{"method":"\#(i).Show","parameters":{"ceremony":7}}"#,
                    invalid
                ),
                (
                    #"{"method":"\#(i).Status","parameters":{"surprise":1}}"#,
                    invalid
                ),
                (
                    #"{"method":"\#(i).Log","parameters":{"from":-1}}"#,
                    invalid
                ),
                (#"{"method":"\#(i).Watch"}"#, "org.varlink.service.ExpectedMore"),
                (
                    #"{"method":"\#(i).Submit","parameters":{"document":["x"],"signature":"!"}}"#,
                    invalid
                ),
                (
                    #"{"method":"\#(i).Submit","parameters":{"document":["x"],"signature":"AAAA"}}"#,
                    "\(i).Refused"
                ),
                ("", invalid), ("{}", invalid), ("hello", invalid),
                (#"{"method":1}"#, invalid),
                (#"{"method":"\#(i).Status","method":"\#(i).Status"}"#, invalid),
                (#"{"method":"\#(i).Status"} {}"#, invalid),
                (#"{"method":"\#(i).Log","parameters":{"from":1.5}}"#, invalid),
                (#"{"method":"\#(i).Log","parameters":{"from":\#(deep)}}"#, invalid),
                ("\u{1}", invalid), (String(repeating: " ", count: 70_000), nil),
            ]
            for (message, error) in answers {
                let socket = try RawSocket(room.socket)
                socket.send(Array(message.utf8) + [0])
                let reply = try socket.reply()
                guard let error else {
                    #expect(reply == nil, "\(message.prefix(80))")
                    continue
                }
                #expect(try JSON(reply ?? "").field("error").text == error, "\(message)")
            }
            let garbage = try RawSocket(room.socket)
            garbage.send([0xff, 0xfe, 0x00])
            #expect(try JSON(garbage.reply() ?? "").field("error").text == invalid)
            #expect(try garbage.reply() == nil)
            // The unlock socket takes a ticket, a length and a PIN, and nothing else.
            let guess = try RawSocket(room.socket + ".unlock")
            guess.send(String(repeating: "0", count: 32) + "\u{4}1234")
            let said = try guess.reply() ?? ""
            #expect(!said.contains("\"parameters\":{\"head\""), "\(said)")
            #expect(try room.log() == before)
        }
    }

    @Test("The client ends with 64 or 65 where the daemon cannot make sense of what it was given")
    func client() throws {
        try withRoom { room in
            let dave = room.dave
            try room.refuses(64, "unknown-method") {
                try dave.run("call", "org.ceremonyd.Ceremony.Approve", "--json")
            }
            try room.refuses(65, "invalid-parameter") {
                try dave.run("call", "Show", #"{"ceremony":7}"#, "--json")
            }
            try room.refuses(65, "parameters") { try dave.run("call", "Show", "{", "--json") }
            let nonsense = try dave.write(["ceremonyd statement v1", "nothing: else"])
            try room.refuses(65, "not-our-document") {
                try dave.run("submit", nonsense, try dave.sign(nonsense, .approve), "--json")
            }
            try room.refuses(65, "malformed") {
                try dave.call(
                    "Submit", document: ["ceremonyd statement v1"],
                    signature: try dave.signature(nonsense, .approve))
            }
            try room.refuses(65, "signature-file") {
                try dave.run("submit", try dave.statementOfNothing(), nonsense, "--json")
            }
            try room.refuses(66, "unknown-ceremony") { try dave.run("show", "nobody-1", "--json") }
        }
    }
}

extension Person {
    /// A genuine draft that nobody opens.
    fileprivate func statementOfNothing() throws -> String {
        try draft("start", "new-keeper-key", "nothing", "--into", "house", "--reason", "none")
    }
}
