// The reader and the writers against Python's own json module: a table of texts and floats that
// Python made, the vectors of the package, and the two against each other on seeded values.

import Testing

@testable import Provara

@Suite("JSON is Python's")
struct JSONTests {
    private static let limits = PythonJSON.Limits(bytes: 1 << 20)

    @Test("What Python reads is read, and written as Python writes it")
    func table() throws {
        let cases = try Vectors.items("python_json", "cases")
        #expect(cases.count > 250)
        for item in cases {
            let text = try item.text("text")
            let value = try PythonJSON(Array(text.utf8), Self.limits)
            #expect(value.canonicalBytes == Array(try item.text("canonical").utf8), "\(text)")
            #expect(value.indentedBytes == Array(try item.text("indented").utf8), "\(text)")
            #expect(try PythonJSON(value.canonicalBytes, Self.limits) == value, "\(text)")
        }
    }

    @Test("What Python refuses, or reads twice as two things, is refused")
    func refused() throws {
        let texts = try #require(try Vectors.object("python_json")["refused"]?.texts)
        #expect(texts.count > 150)
        for text in texts {
            #expect(throws: PythonJSONError.self, "\(text)") {
                try PythonJSON(Array(text.utf8), Self.limits)
            }
        }
    }

    @Test("A float is written as Python's repr does")
    func floats() throws {
        let pairs = try #require(try Vectors.object("python_json")["floats"]?.items)
        #expect(pairs.count > 700)
        for pair in pairs {
            let texts = try #require(pair.texts)
            let value = Double(bitPattern: try #require(UInt64(texts[0], radix: 16)))
            #expect(PythonFloat(value)?.repr == texts[1])
            #expect(PythonFloat(token: texts[1])?.value.bitPattern == value.bitPattern)
        }
        #expect(PythonFloat(.nan) == nil)
        #expect(PythonFloat(-.infinity) == nil)
    }

    @Test("Texts are compared and read by their bytes, whatever Unicode makes of them")
    func bytes() throws {
        var generator = SeededGenerator(seed: 11)
        let pieces = [
            "", "a", "b", "\u{e9}", "e\u{301}", "\u{ffff}", "\u{1f600}", "longer than fifteen",
        ]
        for _ in 0..<5000 {
            let texts = (0..<2).map { _ in
                (0..<3).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            }
            let (left, right) = (Array(texts[0].utf8), Array(texts[1].utf8))
            #expect(texts[0].isSame(as: texts[1]) == (left == right))
            #expect(texts[0].precedes(texts[1]) == left.lexicographicallyPrecedes(right))
            // What is UTF-8 is for the standard library to say, and the reader says the same.
            let count = Int.random(in: 0...6, using: &generator)
            let bytes = (0..<count).map { _ in
                [
                    0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xef, 0xf0, 0x9f, 0x90, 0xf4,
                    0xf5,
                ]
                .randomElement(using: &generator) ?? UInt8(0x41)
            }
            let read = try? PythonJSON([0x22] + bytes + [0x22], Self.limits).text
            #expect(read == String(validating: bytes, as: UTF8.self))
        }
    }

    @Test("The package's canonical vectors hold")
    func vectors() throws {
        for item in try Vectors.items("canonical_json", "cases") {
            let name = try item.text("id")
            let text = Array(try item.text("input_json").utf8)
            if name == "duplicate_key_last_wins" {
                #expect(throws: PythonJSONError.self) { try PythonJSON(text, Self.limits) }
                continue
            }
            let value = try PythonJSON(text, Self.limits)
            #expect(hex(value.canonicalBytes) == (try item.text("canonical_hex")), "\(name)")
        }
        for item in try Vectors.items("canonical_json", "must_fail") {
            let text = Array(try item.text("input_json").utf8)
            let name = try item.text("id")
            #expect(throws: PythonJSONError.self, "\(name)") {
                try PythonJSON(text, Self.limits)
            }
        }
    }

    @Test("A member that stands twice is refused, however it is spelled and however many there are")
    func repeatedMembers() {
        let many = (0..<40).map { "\"m\($0)\":0" }.joined(separator: ",")
        for text in [
            #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"x":{"é":1,"\u00e9":2}}]"#,
            "{\(many),\"m7\":1}",
        ] {
            #expect(throws: PythonJSONError.self, "\(text)") {
                try PythonJSON(Array(text.utf8), Self.limits)
            }
        }
        #expect(throws: Never.self) {
            try PythonJSON(Array("{\"é\":1,\"e\u{301}\":2,\(many)}".utf8), Self.limits)
        }
    }

    @Test("Whole numbers are kept to the last digit, up to as many as Python takes")
    func wholeNumbers() throws {
        let long = "-" + String(repeating: "7", count: 4300)
        let value = try PythonJSON(Array(long.utf8), Self.limits)
        #expect(value.canonicalBytes == Array(long.utf8))
        #expect(throws: PythonJSONError.self) {
            try PythonJSON(Array((long + "7").utf8), Self.limits)
        }
        #expect(try PythonJSON(Array("9223372036854775807".utf8), Self.limits) == .integer(.max))
        #expect(
            try PythonJSON(Array("1".utf8), Self.limits)
                != PythonJSON(Array("1.0".utf8), Self.limits))
    }

    @Test("Bytes that are not UTF-8, depth and length have their bounds")
    func bounds() {
        func problem(_ bytes: [UInt8], _ limits: PythonJSON.Limits = Self.limits) -> PythonJSONError
            .Problem?
        {
            do throws(PythonJSONError) {
                _ = try PythonJSON(bytes, limits)
                return nil
            } catch {
                return error.problem
            }
        }
        // A surrogate in raw bytes, an overlong slash, a cut sequence.
        for bad: [UInt8] in [[0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xe2, 0x82]] {
            #expect(problem([0x22] + bad + [0x22]) == .notUTF8)
        }
        let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(problem(Array(deep.utf8)) == nil)
        #expect(problem(Array("[\(deep)]".utf8)) == .tooDeep(limit: 128))
        #expect(problem(Array("[1,2]".utf8), PythonJSON.Limits(bytes: 4)) == .tooLong(limit: 4))
        #expect(problem(Array(#"{"a":1,"a":2}"#.utf8)) == .repeatedMember("a"))
    }

    @Test("A damaged text is refused or read as what it now says, never otherwise")
    func damaged() throws {
        var generator = SeededGenerator(seed: 4)
        let line = Array(try Vectors.items("events", "events")[2].text("log_line").utf8)
        for _ in 0..<2000 {
            var text = line
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: text.remove(at: place)
                default: text.insert(text[place], at: place)
                }
            }
            guard let value = try? PythonJSON(text, Self.limits) else { continue }
            #expect(try PythonJSON(value.canonicalBytes, Self.limits) == value)
            #expect(try PythonJSON(value.indentedBytes, Self.limits) == value)
        }
    }

    @Test("Members keep their order, and two ways to write an accent are two names")
    func order() {
        var object: PythonObject = ["z": .integer(1), "e\u{301}": .integer(2), "a": .integer(3)]
        object["\u{e9}"] = .integer(4)
        object["z"] = .bool(false)
        #expect(object.members.map(\.name).map { Array($0.utf8).count } == [1, 3, 1, 2])
        #expect(object["z"] == .bool(false))
        object["a"] = nil
        #expect(object["a"] == nil)
        #expect(PythonJSON.string("\u{e9}") != .string("e\u{301}"))
        #expect(object == ["\u{e9}": .integer(4), "z": .bool(false), "e\u{301}": .integer(2)])
    }
}
