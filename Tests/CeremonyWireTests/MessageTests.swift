// What is a call and what is not; what clients in use really send is a call.

import CeremonyRecord
import CeremonyWire
import Testing

@Suite("Messages")
struct MessageTests {
    @Test(
        "absent, null and false are the same",
        arguments: [
            #"{"method":"a.b.C"}"#,
            #"{"method":"a.b.C","parameters":{}}"#,
            #"{"method":"a.b.C","parameters":null,"more":false}"#,
            #" { "more" : null, "upgrade":false, "oneway":null, "method" : "a.b.C" } "#,
        ])
    func optionalParts(text: String) throws {
        let call = try Call(frame: Array(text.utf8))
        #expect(call == Call("a.b.C"))
        #expect(call.interface == "a.b")
        #expect(call.member == "C")
    }

    @Test(
        "what is no call is refused",
        arguments: [
            "", "{", "[]", "{}", #"{"method":1}"#, #"{"method":"C"}"#, #"{"method":".C"}"#,
            #"{"method":"a."}"#, #"{"method":"a.C","method":"a.D"}"#,
            #"{"method":"a.C","parameters":[]}"#, #"{"method":"a.C","more":1}"#,
            #"{"method":"a.C","extra":1}"#, #"{"method":"a.C"} x"#, #"{"method":"a.C\u0000"}"#,
            #"{"method":"a b.C"}"#, #"{"method":"a.C","parameters":{"x":1,"x":2}}"#,
        ])
    func malformedCalls(text: String) {
        #expect(throws: MalformedMessage.self) { try Call(frame: Array(text.utf8)) }
    }

    @Test("nesting within the limit passes, one level more does not")
    func nesting() throws {
        // The call and its parameters are two levels of the sixteen.
        func frame(_ depth: Int) -> [UInt8] {
            let value =
                String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return Array(#"{"method":"a.C","parameters":{"x":\#(value)}}"#.utf8)
        }
        _ = try Call(frame: frame(14))
        #expect(throws: MalformedMessage.self) { try Call(frame: frame(15)) }
    }

    @Test("calls and replies survive being written and read")
    func roundTrip() throws {
        let call = Call("a.b.C", ["x": .number(1), "y": .array([.null])], more: true)
        #expect(try Call(frame: call.frame.dropLast()) == call)
        let reply = Reply(["x": .string("y\u{0}z")], continues: true)
        #expect(try Reply(frame: reply.frame.dropLast()) == reply)
        let error = Reply(.invalidParameter("x"))
        #expect(try Reply(frame: error.frame.dropLast()) == error)
        #expect(!reply.frame.dropLast().contains(0))
    }

    @Test("parameters encoded before give the same reply", arguments: [true, false])
    func encodedParameters(continues: Bool) {
        let parameters: [String: JSON] = ["seq": .number(7), "a": .string("b")]
        let encoded = JSON.object(parameters).canonicalBytes
        #expect(
            Reply.frame(encodedParameters: encoded, continues: continues)
                == Reply(parameters, continues: continues).frame)
    }

    @Test("a handler's parameters: each of its type, and nothing left")
    func parameters() throws {
        var taken = Parameters([
            "name": .string("x"), "count": .number(3), "gone": .null, "list": .strings(["a", "b"]),
            "odd": .array([.string("a"), .number(1)]),
        ])
        #expect(try taken.string("name") == "x")
        #expect(try taken.optionalInt("gone") == nil)
        #expect(throws: VarlinkError.invalidParameter("count")) {
            var other = taken
            _ = try other.int("count", in: 0...2)
        }
        #expect(throws: VarlinkError.invalidParameter("missing")) { try taken.bool("missing") }
        #expect(throws: VarlinkError.invalidParameter("odd[1]")) { try taken.strings("odd") }
        #expect(try taken.strings("list") == ["a", "b"])
        #expect(throws: VarlinkError.invalidParameter("count")) { try taken.finish() }
        _ = try taken.int("count")
        try taken.finish()
    }
}
