// The strict reader: what it takes, what it refuses, and where it says the fault is.

import CeremonyRecord
import Testing

private func message(_ text: String) throws(JSONError) -> JSON {
    try JSON(Array(text.utf8), .message(bytes: 4096, depth: 4))
}

private func record(_ text: String) throws(JSONError) -> JSON {
    try JSON(Array(text.utf8), .record)
}

private func fault(_ text: String) -> JSONError? {
    do {
        _ = try message(text)
        return nil
    } catch { return error }
}

@Suite("JSON is read strictly")
struct JSONReadingTests {
    @Test("A message may have any order, white space, nulls and escapes")
    func message_() throws {
        let value = try message(
            " { \"b\" : [ 1 , true,false ,null ] ,\r\n\t\"a\":\"\\u00e9\\ud83d\\ude00\\/\\n\" } ")
        #expect(
            value
                == .object([
                    "a": .string("é😀/\n"),
                    "b": .array([.number(1), .bool(true), .bool(false), .null]),
                ]))
    }

    @Test(
        "A fault is named with its offset",
        arguments: [
            ("", .byte(0), .endsEarly),
            ("{", .byte(1), .endsEarly),
            ("{\"a\":1,}", .byte(7), .unexpectedByte(0x7d)),
            ("[1,]", .byte(3), .unexpectedByte(0x5d)),
            ("[1 2]", .byte(3), .unexpectedByte(0x32)),
            ("{\"a\" 1}", .byte(5), .unexpectedByte(0x31)),
            ("{a:1}", .byte(1), .unexpectedByte(0x61)),
            ("1 1", .byte(2), .trailingBytes),
            ("{}\0", .byte(2), .trailingBytes),
            ("\u{feff}1", .byte(0), .byteOrderMark),
            ("-1", .byte(0), .notWholeNumber),
            ("+1", .byte(0), .unexpectedByte(0x2b)),
            ("01", .byte(0), .notWholeNumber),
            ("00", .byte(0), .notWholeNumber),
            ("1.0", .byte(1), .notWholeNumber),
            ("1e3", .byte(1), .notWholeNumber),
            ("1E3", .byte(1), .notWholeNumber),
            ("9007199254740992", .byte(0), .numberTooLarge),
            ("99999999999999999999999999999", .byte(0), .numberTooLarge),
            ("{\"a\":1,\"a\":2}", .byte(7), .repeatedField("a")),
            ("{\"a\":1,\"\\u0061\":2}", .byte(7), .repeatedField("a")),
            ("{\"\u{e9}\":1}", .byte(1), .badFieldName),
            ("\"\\ud800\"", .byte(1), .loneSurrogate),
            ("\"\\ud800\\n\"", .byte(1), .loneSurrogate),
            ("\"\\udc00\"", .byte(1), .loneSurrogate),
            ("\"\\ud800\\ud800\"", .byte(1), .loneSurrogate),
            ("\"\\x\"", .byte(1), .badEscape),
            ("\"\\u12g4\"", .byte(5), .badEscape),
            ("\"a\nb\"", .byte(2), .unexpectedByte(0x0a)),
            ("\"abc", .byte(4), .endsEarly),
            ("[[[[[]]]]]", .byte(4), .tooDeep(limit: 4)),
            ("nul", .byte(3), .endsEarly),
            ("tru_", .byte(3), .unexpectedByte(0x5f)),
            ("NaN", .byte(0), .unexpectedByte(0x4e)),
        ] as [(String, JSONError.Place, JSONError.Problem)])
    func refused(text: String, place: JSONError.Place, problem: JSONError.Problem) {
        #expect(fault(text) == JSONError(place, problem))
    }

    @Test("The largest number is 2^53-1")
    func largest() throws {
        #expect(try message("9007199254740991") == .number(JSON.numberMax))
        #expect(try message("0") == .number(0))
    }

    @Test(
        "A string that is not UTF-8 is refused",
        arguments: [
            [0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xf5, 0x80, 0x80, 0x80], [0x80], [0xc3], [0xe2, 0x82],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError(.byte(1), .notUTF8)) {
            try JSON([0x5b, 0x22] + bytes + [0x22, 0x5d], .message(bytes: 64))
        }
        #expect(throws: JSONError(.byte(1), .notUTF8)) {
            try JSON([0x5b, 0x22, 0x5c, 0x6e] + bytes + [0x22, 0x5d], .message(bytes: 64))
        }
    }

    @Test("Ten thousand brackets are refused and not recursed into")
    func deep() {
        let text = String(repeating: "[", count: 10_000)
        #expect(throws: JSONError(.byte(128), .tooDeep(limit: 128))) {
            try JSON(Array(text.utf8), .message(bytes: 20_000, depth: 100_000))
        }
    }

    @Test("A text of the limit's length is read, one byte more is not")
    func length() throws {
        let limits = JSON.Limits.message(bytes: 10)
        #expect(try JSON(Array("\"12345678\"".utf8), limits) == .string("12345678"))
        #expect(throws: JSONError(.byte(10), .tooLong(limit: 10))) {
            try JSON(Array("\"123456789\"".utf8), limits)
        }
    }

    @Test(
        "A record line must be canonical",
        arguments: [
            ("{\"b\":1,\"a\":2}", 2), ("{ \"a\":2}", 1), ("{\"a\":2} ", 7), ("{\"a\":\"\\/\"}", 6),
            ("{\"a\":\"\\u0041\"}", 6), ("{\"a\":\"\\u000A\"}", 7), ("{\"a\":\"\\u001F\"}", 11),
            ("{\"\\u0061\":1}", 2),
        ])
    func canonicalOnly(text: String, offset: Int) {
        #expect(throws: JSONError(.byte(offset), .notCanonical)) { try record(text) }
    }

    @Test(
        "A record line has no null and only plain field names",
        arguments: [
            ("{\"a\":null}", 5, .null), ("{\"A\":1}", 1, .badFieldName),
            ("{\"_a\":1}", 1, .badFieldName),
            ("{\"\":1}", 1, .badFieldName), ("{\"a-b\":1}", 1, .badFieldName),
        ] as [(String, Int, JSONError.Problem)])
    func recordRules(text: String, offset: Int, problem: JSONError.Problem) {
        #expect(throws: JSONError(.byte(offset), problem)) { try record(text) }
    }

    @Test("Eight levels are a record, nine are not")
    func recordDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try record(nested(8))
        #expect(throws: JSONError(.byte(8), .tooDeep(limit: 8))) { try record(nested(9)) }
    }
}
