// Taking objects apart: every field once, each of its type, none left, and errors that say where.

import CeremonyRecord
import Testing

@Suite("Objects are taken apart field by field")
struct JSONFieldsTests {
    private func fields(_ text: String) throws(JSONError) -> JSONFields {
        try JSONFields(try JSON(Array(text.utf8), .message(bytes: 4096)), at: "body")
    }

    @Test("Each field is taken as its type")
    func types() throws {
        var fields = try fields(
            "{\"s\":\"x\",\"n\":5,\"b\":true,\"a\":[1,\"y\"],\"t\":[\"p\",\"q\"],\"o\":{\"i\":1},"
                + "\"l\":[{\"j\":2},{\"j\":3}],\"d\":\"0f\"}")
        #expect(try fields.string("s") == "x")
        #expect(try fields.number("n") == 5)
        #expect(try fields.bool("b"))
        #expect(try fields.array("a") == [.number(1), .string("y")])
        #expect(try fields.strings("t") == ["p", "q"])
        var inner = try fields.object("o")
        #expect(inner.path == "body.o")
        #expect(try inner.number("i") == 1)
        try inner.finish()
        let list = try fields.objects("l")
        #expect(list.map(\.path) == ["body.l[0]", "body.l[1]"])
        #expect(try fields.parsed("d", as: "hex", Hex.decode) == [15])
        try fields.finish()
    }

    @Test("An absent field is nil where it may be, and null is absent")
    func optional() throws {
        var fields = try fields("{\"x\":null}")
        #expect(!fields.has("x"))
        #expect(try fields.optionalString("x") == nil)
        #expect(try fields.optionalNumber("n") == nil)
        #expect(try fields.optionalBool("b") == nil)
        #expect(try fields.optionalStrings("t") == nil)
        #expect(try fields.optionalObjects("l") == nil)
        #expect(try fields.optionalObject("o")?.path == nil)
        #expect(try fields.optionalParsed("d", as: "hex", Hex.decode) == nil)
        try fields.finish()
    }

    @Test("A wrong, missing or further field is named by its path")
    func errors() throws {
        let expectations: [(JSONError.Problem, String, (inout JSONFields) throws -> Void)] = [
            (.missing, "body.q", { _ = try $0.string("q") }),
            (.missing, "body.q", { _ = try $0.required("q") }),
            (.expected("a string"), "body.n", { _ = try $0.string("n") }),
            (.expected("a string"), "body.n", { _ = try $0.optionalString("n") }),
            (.expected("a number"), "body.s", { _ = try $0.number("s") }),
            (.expected("true or false"), "body.s", { _ = try $0.bool("s") }),
            (.expected("an array"), "body.s", { _ = try $0.array("s") }),
            (.expected("a string"), "body.a[1]", { _ = try $0.strings("a") }),
            (.expected("an object"), "body.s", { _ = try $0.object("s") }),
            (.expected("an object"), "body.a[0]", { _ = try $0.objects("a") }),
            (.expected("hex"), "body.s", { _ = try $0.parsed("s", as: "hex", Hex.decode) }),
            (.unknownField, "body.a", { try $0.finish() }),
        ]
        for (problem, path, take) in expectations {
            var fields = try fields("{\"s\":\"x\",\"n\":1,\"a\":[\"p\",2]}")
            #expect(throws: JSONError(.field(path), problem)) { try take(&fields) }
        }
        #expect(throws: JSONError(.field("(whole)"), .expected("an object"))) {
            try JSONFields(.number(1))
        }
    }

    @Test("A field can be taken once")
    func once() throws {
        var fields = try fields("{\"s\":\"x\"}")
        #expect(fields.names == ["s"])
        _ = try fields.string("s")
        #expect(fields.names == [])
        #expect(throws: JSONError(.field("body.s"), .missing)) { try fields.string("s") }
    }
}
