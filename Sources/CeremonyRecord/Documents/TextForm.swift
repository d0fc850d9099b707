// How a value is written as text, and read back: one form for each sort of value, used by the
// fields of documents and by the strings of events alike, so that a digest or a name has one
// writing everywhere. FORMATS sections 1 and 4.

/// A writing of a value: what is read is exactly what would be written.
struct TextForm<Value: Sendable>: Sendable {
    /// What the text should be, for complaints: "an identifier".
    let expected: String
    /// The value of a text; `nil` for any other text than ``write`` gives.
    let read: @Sendable (String) -> Value?
    /// The text of a value.
    let write: @Sendable (Value) -> String
    /// What exactly is wrong with a text, where the form can tell.
    let flaw: @Sendable (String) -> String?

    init(
        _ expected: String, read: @escaping @Sendable (String) -> Value?,
        write: @escaping @Sendable (Value) -> String,
        flaw: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.expected = expected
        self.read = read
        self.write = write
        self.flaw = flaw
    }

    /// A complaint about a text that cannot be read.
    func complaint(about text: String) -> String {
        "is not \(expected)" + (flaw(text).map { ": " + $0 } ?? "")
    }
}

extension TextForm where Value == String {
    /// A text that is its own value, held to a rule.
    static func held(_ expected: String, to rule: @escaping @Sendable (String) -> Bool) -> Self {
        TextForm(expected, read: { rule($0) ? $0 : nil }, write: { $0 })
    }

    /// A name of a subject, ceremony, kind or set.
    static var identifier: Self {
        .held("an identifier ([a-z0-9][a-z0-9._-]*)", to: TextRule.isIdentifier)
    }
    /// A name of a person.
    static var person: Self {
        .held("a person's identifier ([a-z0-9][a-z0-9._-]*)", to: Identifier.isPersonName)
    }
    /// The origin of a log.
    static var origin: Self { .held("a log's origin", to: Origin.isValid) }
    /// What people write for people to read.
    static var freeText: Self {
        TextForm(
            "free text", read: { FreeText.isValid($0) ? $0 : nil }, write: { $0 },
            flaw: { text in
                do throws(FreeTextError) {
                    try FreeText.check(text)
                    return nil
                } catch { return error.description }
            })
    }
    /// Printable ASCII, not empty, no space at either end.
    static var text: Self {
        .held("printable ASCII without a space at either end", to: TextRule.isTrimmedASCII)
    }
    /// Printable ASCII of any length, or the characters of free text: a value understood elsewhere.
    static var recordable: Self {
        .held("text of the allowed characters", to: TextRule.isRecordable)
    }
    /// A reason code, a phase, a step: lower case with hyphens.
    static var code: Self { .held("a code such as pre-flight", to: TextRule.isCode) }
    /// A state as a person's act names it.
    static var state: Self { .held("a state such as PENDING", to: TextRule.isStateWord) }
    /// Sixteen bytes that are used once.
    static var nonce: Self {
        .held("32 lower-case hex digits") { $0.utf8.count == 32 && Hex.decode($0) != nil }
    }
    /// Where a key is: a PKCS#11 URI that tells no PIN.
    static var tokenURI: Self { .held("a pkcs11: URI without a PIN", to: TextRule.isTokenURI) }
    /// A token's serial, where it stands between spaces.
    static var serial: Self {
        .held("printable ASCII without spaces") {
            TextRule.isTrimmedASCII($0) && !$0.utf8.contains(UInt8(ascii: " "))
        }
    }
}

extension TextForm where Value == Timestamp {
    /// `YYYY-MM-DDTHH:MM:SSZ`
    static var time: Self {
        TextForm("a time YYYY-MM-DDTHH:MM:SSZ", read: { Timestamp($0) }, write: { "\($0)" })
    }
}

extension TextForm where Value == Digest {
    /// `sha256:` and hex.
    static var digest: Self {
        TextForm("sha256: and 64 lower-case hex digits", read: { Digest($0) }, write: { "\($0)" })
    }
    /// Hex alone.
    static var hexDigest: Self {
        TextForm("64 lower-case hex digits", read: { Digest(hex: $0) }, write: { $0.hex })
    }
}

extension TextForm where Value == Fingerprint {
    /// `SHA256:` and unpadded base64.
    static var fingerprint: Self {
        TextForm(
            "SHA256: and 43 base64 digits", read: { Fingerprint($0) }, write: { $0.description })
    }
}

extension TextForm where Value == SSHPublicKey {
    /// The OpenSSH line of a key that is not on a FIDO token: what a ceremony makes.
    static var plainKey: Self {
        TextForm(
            "an ssh-ed25519 key as an OpenSSH line without comment",
            read: { text in
                SSHPublicKey(line: text).flatMap { $0.algorithm == .ed25519 ? $0 : nil }
            }, write: { $0.line })
    }
    /// The OpenSSH line without a comment.
    static var publicKey: Self {
        TextForm(
            "an Ed25519 key as an OpenSSH line without comment", read: { SSHPublicKey(line: $0) },
            write: { $0.line })
    }
}

extension TextForm where Value == [UInt8] {
    /// Lower-case hex of 1 to 255 bytes.
    static var hex: Self {
        TextForm(
            "1 to 255 bytes as lower-case hex",
            read: { text in
                Hex.decode(text).flatMap { (1...255).contains($0.count) ? $0 : nil }
            }, write: { Hex.encode($0) })
    }
    /// Padded base64 of at least one byte.
    static var base64: Self {
        TextForm(
            "base64", read: { text in Base64.decode(text).flatMap { $0.isEmpty ? nil : $0 } },
            write: { Base64.encode($0) })
    }
}

extension TextForm where Value == Int {
    /// Decimal digits without a leading zero, up to 2^53-1.
    static var number: Self {
        TextForm(
            "a number without leading zeros",
            read: { text in
                guard (1...16).contains(text.utf8.count),
                    text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    text.utf8.first != 0x30 || text.utf8.count == 1, let value = Int(text),
                    value <= JSON.numberMax
                else { return nil }
                return value
            }, write: { String($0) })
    }
}

extension TextForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a type's words.
    static var word: Self {
        TextForm(
            "one of: " + Value.allCases.map(\.rawValue).joined(separator: ", "),
            read: { Value(rawValue: $0) }, write: { $0.rawValue })
    }
}

extension TextForm where Value == JSON {
    /// An object in RFC 8785 form.
    static var object: Self {
        TextForm(
            "a JSON object in canonical form",
            read: { text in
                guard let value = try? JSON(Array(text.utf8), .record), case .object = value,
                    TextRule.isRecordable(value)
                else { return nil }
                return value
            }, write: { $0.canonicalText })
    }
}

extension TextForm where Value == [String] {
    /// Words between single spaces; `none` for no word at all.
    static func words(_ each: TextForm<String>, rising: Bool) -> Self {
        TextForm(
            "none or a list, each \(each.expected)" + (rising ? ", in order and none twice" : ""),
            read: { text in
                if text.utf8.elementsEqual("none".utf8) { return [] }
                let words = TextRule.split(text, at: " ")
                guard words.allSatisfy({ each.read($0) != nil }) else { return nil }
                return rising && !TextRule.isRising(words) ? nil : words
            },
            write: { $0.isEmpty ? "none" : $0.joined(separator: " ") })
    }
}
