// The text rules at their edges; NFC against verdicts of PyPI unicodedata2 15.0.0
// (Vectors/nfc.json).

import CeremonyRecord
import Testing

private func refusal(_ text: String) -> FreeTextError? {
    do throws(FreeTextError) {
        try FreeText.check(text)
        return nil
    } catch { return error }
}

@Suite("Identifiers")
struct IdentifierTests {
    @Test(
        "The rule holds at its edges",
        arguments: [
            ("a", true), ("0", true), ("keeper-alpha", true), ("a.b_c-d.0", true), ("", false),
            (".a", false), ("-a", false), ("_a", false), ("a.", true), ("a..b", false),
            ("A", false), ("a b", false), ("a/b", false), ("\u{e9}", false), ("a\n", false),
            ("a\u{301}", false), (String(repeating: "a", count: 63), true),
            (String(repeating: "a", count: 64), false),
        ])
    func form(text: String, isValid: Bool) {
        #expect(Identifier.isValid(text) == isValid)
    }

    @Test("Nobody has the name of a part in a document")
    func reserved() {
        for name in ["initiator", "new-key", "old-key", "none"] {
            #expect(Identifier.isValid(name))
            #expect(!Identifier.isPersonName(name))
        }
        #expect(Identifier.isPersonName("alice"))
        #expect(!Identifier.isPersonName("Alice"))
    }
}

@Suite("Free text")
struct FreeTextTests {
    @Test(
        "Texts of many scripts are accepted",
        arguments: [
            "first key", "Zo\u{eb} \u{2014} \u{201c}k\u{2019}\u{201d} 100 \u{20ac}",
            "\u{420}\u{43e}\u{442}\u{430}\u{446}\u{438}\u{44f}", "\u{9375}\u{3092}\u{4ea4}\u{63db}",
            "\u{d55c}\u{ad6d}\u{c5b4}", "\u{5de}\u{5e4}\u{5ea}\u{5d7}", "\u{1f511}",
            "\u{915}\u{94d}\u{937}", "\\ \" ~",
        ])
    func accepted(text: String) {
        #expect(refusal(text) == nil)
    }

    @Test(
        "A code point that cannot be seen, or that another writes as well, is refused",
        arguments: [
            0x00, 0x09, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0xa0, 0xad, 0x34f, 0x378, 0x61c, 0x115f,
            0x17b4, 0x180e, 0x200b, 0x200d, 0x200e, 0x2028, 0x2029, 0x202e, 0x2066, 0x2800, 0x3000,
            0x3164, 0xe000, 0xfdd0, 0xfe0f, 0xfeff, 0xffa0, 0xffff, 0xe0041, 0xe0100, 0x10ffff,
            // Assigned in Unicode 16.0, which the compiler may know already.
            0x1c89,
            // Never in NFC: the angstrom sign, a compatibility ideograph.
            0x212b, 0xf900,
        ] as [UInt32])
    func notAdmitted(value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))
        #expect(refusal("a\(scalar)b") == .notAdmitted(value))
    }

    @Test("Spaces stand alone, and between words only")
    func spaces() {
        #expect(refusal("") == .empty)
        #expect(refusal(" a") == .spaceAtEnd)
        #expect(refusal("a ") == .spaceAtEnd)
        #expect(refusal(" ") == .spaceAtEnd)
        #expect(refusal("a  b") == .twoSpaces)
    }

    @Test(
        "Another writing of the same text is refused",
        arguments: [
            "e\u{301}", "a\u{302}\u{323}", "\u{1100}\u{1161}", "\u{e9}\u{323}", "x\u{301}\u{323}",
        ])
    func notNFC(text: String) {
        #expect(refusal(text) == .notNFC)
    }

    @Test("Two marks may stand on a letter, not three")
    func marks() {
        #expect(refusal("q\u{308}\u{20dd}") == nil)
        #expect(refusal("q\u{308}\u{20dd}\u{20de}") == .tooManyMarks)
        #expect(refusal("q\u{308}\u{20dd} \u{20de}") == nil)
    }

    @Test("Five hundred bytes are a text, one more is not")
    func length() {
        #expect(refusal(String(repeating: "a", count: 500)) == nil)
        #expect(refusal(String(repeating: "a", count: 501)) == .tooLong(limit: 500))
        #expect(refusal(String(repeating: "\u{20ac}", count: 167)) == .tooLong(limit: 500))
        #expect(FreeText.isValid(String(repeating: "a", count: 501), bytesMax: 501))
    }

    @Test("NFC is told from what is not, as Unicode 15.0 says")
    func normalization() throws {
        var vectors = try Vectors.fields("nfc.json")
        let composed = try vectors.strings("nfc")
        let other = try vectors.strings("not_nfc")
        #expect(composed.count > 800 && other.count > 800)
        // The other rules come first, so a verdict of theirs says nothing about NFC.
        let accused = composed.filter { refusal($0) == .notNFC }
        let missed = other.filter { refusal($0) == nil }
        #expect(accused.isEmpty, "\(accused.map { $0.unicodeScalars.map(\.value) }.prefix(3))")
        #expect(missed.isEmpty, "\(missed.map { $0.unicodeScalars.map(\.value) }.prefix(3))")
    }

    @Test("Every code point that the compiler calls ignorable is refused")
    func ignorables() {
        var wrong: [UInt32] = []
        for value in Array(UInt32(0x7f)..<0x1_4000) + Array(0xe_0000..<0xe_1000) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let properties = scalar.properties
            let isHidden: Bool
            switch properties.generalCategory {
            case .control, .format, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
                .spaceSeparator:
                isHidden = true
            default: isHidden = properties.isDefaultIgnorableCodePoint
            }
            if isHidden, FreeText.isValid(String(scalar)) { wrong.append(value) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }
}

@Suite("Text from others on a terminal")
struct DisplayTests {
    @Test(
        "Nothing that steers a terminal passes",
        arguments: [
            ("plain \\ text", "plain \\ text"), ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\nb", "a\\u{d}\\u{a}b"), ("a\u{7f}", "a\\u{7f}"), ("\u{9b}1m", "\\u{9b}1m"),
            ("\u{202e}x", "\\u{202e}x"), ("a\u{2028}b", "a\\u{2028}b"),
            ("a\u{a0}b", "a\\u{a0}b"), ("\u{301}a", "\\u{301}a"),
            ("a\u{301}\u{302}\u{303}", "a\u{301}\u{302}\\u{303}"),
            ("\u{1b}\u{301}", "\\u{1b}\\u{301}"), ("\u{9375}", "\u{9375}"),
        ])
    func neutralised(text: String, shown: String) {
        #expect(Display.neutralised(text).unicodeScalars.elementsEqual(shown.unicodeScalars))
    }

    @Test("Columns are counted as a terminal counts them")
    func width() {
        #expect(Display.width("abc") == 3)
        #expect(Display.width("\u{9375}a\u{1f511}") == 5)
        #expect(Display.width("x\u{308}") == 1)
    }

    @Test("A long text hangs under a mark, breaking at spaces where it can")
    func wrapped() {
        #expect(Display.wrapped("short", label: "reason: ", columns: 60) == ["reason: short"])
        #expect(
            Display.wrapped("one two three four five", label: "reason: ", columns: 20)
                == ["reason: one two ", "  | three four five"])
        #expect(
            Display.wrapped(String(repeating: "x", count: 40), columns: 20)
                == [
                    String(repeating: "x", count: 19), "  | " + String(repeating: "x", count: 15),
                    "  | " + String(repeating: "x", count: 6),
                ])
        #expect(Display.wrapped("", label: "", columns: 60) == [""])
    }

    @Test("No line is too wide, nothing is lost, no mark begins a line", arguments: 0..<40)
    func wrappedProperty(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let letters = [
            "a", "b", " ", " ", "\u{9375}", "\u{301}", "\u{1b}", "\n", "xyz", "\u{1f511}",
        ]
        let text = (0..<200).map { _ in letters.randomElement(using: &random) ?? "" }.joined()
        let columns = Int.random(in: 20...90, using: &random)
        let lines = Display.wrapped(text, label: "note: ", columns: columns)
        #expect(lines.allSatisfy { Display.width($0) <= columns })
        #expect(lines.dropFirst().allSatisfy { $0.utf8.starts(with: Display.hangingMark.utf8) })
        let rest = lines.dropFirst().map { String($0.unicodeScalars.dropFirst(4)) }
        #expect(rest.allSatisfy { $0.unicodeScalars.first != "\u{301}" })
        let joined = (lines[0] + rest.joined())
        let whole = "note: " + Display.neutralised(text)
        #expect(joined.unicodeScalars.elementsEqual(whole.unicodeScalars))
    }
}
