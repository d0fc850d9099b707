// The writer against PyPI rfc8785 and `jq -cS` (Vectors/jcs.json, where both agree), and reader and
// writer against each other on seeded values and damaged texts.

import CeremonyRecord
import Testing

@Suite("JSON is written in one form")
struct JSONWritingTests {
    private static let anyDepth = JSON.Limits(
        bytes: 65_535, depth: 32, allowsNull: false, strictFieldNames: true, canonical: true)

    @Test("What rfc8785 and jq write is what is written here, from any looser form")
    func vectors() throws {
        var vectors = try Vectors.fields("jcs.json")
        let cases = try vectors.objects("cases")
        #expect(cases.count == 200)
        for var vector in cases {
            let loose = Array(try vector.string("loose").utf8)
            let canonical = Array(try vector.string("canonical").utf8)
            let value = try JSON(loose, .message(bytes: 65_535, depth: 32))
            #expect(value.canonicalBytes == canonical)
            #expect(try JSON(canonical, Self.anyDepth) == value)
        }
    }

    @Test("Controls have their short escape, or lower-case hex; nothing else is escaped")
    func escapes() {
        let text = "\u{0}\u{7}\u{8}\t\n\u{b}\u{c}\r\u{1f}\"\\/\u{7f}\u{80}\u{2028}é😀"
        #expect(
            JSON.string(text).canonicalText
                == "\"\\u0000\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\u{7f}\u{80}\u{2028}é😀\"")
    }

    @Test("Fields stand in the order of their bytes")
    func order() {
        let value = JSON.fields(["b": .number(1), "a_b": .number(2), "a": .number(3), "ab": nil])
        #expect(value.canonicalText == "{\"a\":3,\"a_b\":2,\"b\":1}")
        #expect(JSON.null.canonicalText == "null")
        #expect(JSON.strings(["x", "y"]).canonicalText == "[\"x\",\"y\"]")
        #expect(JSON.object([:]).canonicalText == "{}")
    }

    @Test("Values are equal when their bytes are")
    func equality() {
        #expect("\u{e9}" == "e\u{301}")
        #expect(JSON.string("\u{e9}") != JSON.string("e\u{301}"))
        #expect(JSON.strings(["\u{e9}"]) != JSON.strings(["e\u{301}"]))
        #expect(JSON.fields(["a": .string("\u{e9}")]) == JSON.fields(["a": .string("\u{e9}")]))
        #expect(JSON.number(1) != JSON.bool(true))
        #expect(JSON.null == JSON.null)
    }

    @Test("A number outside the range is not written")
    func range() async {
        await #expect(processExitsWith: .failure) { _ = JSON.number(-1).canonicalBytes }
        await #expect(processExitsWith: .failure) {
            _ = JSON.number(JSON.numberMax + 1).canonicalBytes
        }
    }

    @Test("What is written is read as the same value", arguments: 0..<50)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let value = Self.value(&random, depth: 6)
            let bytes = value.canonicalBytes
            #expect(try JSON(bytes, .record) == value)
        }
    }

    @Test("A damaged line is refused, or is the canonical line of another value", arguments: 0..<50)
    func damaged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var bytes = Self.value(&random, depth: 4).canonicalBytes
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8(ascii: "\\"), at: place)
            }
            do throws(JSONError) {
                #expect(try JSON(bytes, .record).canonicalBytes == bytes)
            } catch {
                guard case .byte(let offset) = error.place else {
                    Issue.record("no offset: \(error)")
                    continue
                }
                #expect((0...bytes.count).contains(offset))
            }
        }
    }

    /// A value with everything that is hard to write.
    private static func value(_ random: inout SeededGenerator, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .bool(Bool.random(using: &random))
        case 1: return .number(Int.random(in: 0...JSON.numberMax, using: &random))
        case 2: return .number(Int.random(in: 0...12, using: &random))
        case 3:
            let scalars = [
                "\u{0}", "\u{1f}", "\"", "\\", "/", "a", " ", "é", "\u{7f}", "\u{ffff}", "😀",
            ]
            let count = Int.random(in: 0..<8, using: &random)
            return .string(
                (0..<count).map { _ in scalars.randomElement(using: &random) ?? "" }.joined())
        case 4:
            return .array(
                (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                    value(&random, depth: depth - 1)
                })
        default:
            var fields: [String: JSON] = [:]
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                let name = ["a", "b", "a_", "a1", "ab", "z"].randomElement(using: &random) ?? ""
                fields[name] = value(&random, depth: depth - 1)
            }
            return .object(fields)
        }
    }
}
