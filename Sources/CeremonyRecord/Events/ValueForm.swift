// How a value stands in the JSON of an event, and is read back. Strings go by the same forms as the
// lines of documents; what is said here is how they nest. FORMATS section 2.

/// A JSON writing of a value.
struct ValueForm<Value: Sendable>: Sendable {
    /// The value of a JSON value that stands at a path.
    let read: @Sendable (JSON, String) throws(JSONError) -> Value
    /// The JSON value of a value.
    let write: @Sendable (Value) -> JSON

    init(
        read: @escaping @Sendable (JSON, String) throws(JSONError) -> Value,
        write: @escaping @Sendable (Value) -> JSON
    ) {
        self.read = read
        self.write = write
    }

    /// A string of a text form.
    static func string(_ form: TextForm<Value>) -> Self {
        ValueForm(
            read: { json, path throws(JSONError) in
                guard case .string(let text) = json else {
                    throw JSONError(.field(path), .expected(form.expected))
                }
                guard let value = form.read(text) else {
                    let flaw = form.flaw(text).map { " (" + $0 + ")" } ?? ""
                    throw JSONError(.field(path), .expected(form.expected + flaw))
                }
                return value
            },
            write: { .string(form.write($0)) })
    }

    /// An object with the fields of a schema.
    static func nested(_ schema: BodySchema<Value>) -> Self {
        ValueForm(
            read: { json, path throws(JSONError) in
                var fields = try JSONFields(json, at: path)
                let value = try schema.read(&fields)
                try fields.finish()
                return value
            },
            write: { .object(schema.fields(of: $0)) })
    }

    /// An array in which every element has the same form.
    static func array<Element>(_ form: ValueForm<Element>) -> Self where Value == [Element] {
        ValueForm(
            read: { json, path throws(JSONError) in
                guard case .array(let items) = json else {
                    throw JSONError(.field(path), .expected("an array"))
                }
                var elements: [Element] = []
                for (position, item) in items.enumerated() {
                    elements.append(try form.read(item, "\(path)[\(position)]"))
                }
                return elements
            },
            write: { .array($0.map(form.write)) })
    }

    /// An array of objects with the fields of a schema.
    static func list<Element>(of schema: BodySchema<Element>) -> Self where Value == [Element] {
        .array(.nested(schema))
    }

    /// The same form, held to one more rule.
    func held(_ expected: String, to rule: @escaping @Sendable (Value) -> Bool) -> Self {
        ValueForm(
            read: { json, path throws(JSONError) in
                let value = try read(json, path)
                guard rule(value) else { throw JSONError(.field(path), .expected(expected)) }
                return value
            },
            write: write)
    }
}

extension ValueForm where Value == String {
    static var identifier: Self { .string(.identifier) }
    static var person: Self { .string(.person) }
    static var text: Self { .string(.text) }
    static var freeText: Self { .string(.freeText) }
    static var code: Self { .string(.code) }
    static var tokenURI: Self { .string(.tokenURI) }
}

extension ValueForm where Value == [String] {
    /// Texts that are recorded as they are.
    static var texts: Self { .array(.string(.freeText)) }
    /// The lines of a document: what they say is for the document's own reader.
    static var document: Self {
        .array(.string(.recordable)).held("the lines of a document") { lines in
            !lines.isEmpty && lines.allSatisfy { !$0.utf8.isEmpty }
        }
    }
}

extension ValueForm where Value == Int {
    static var number: Self {
        ValueForm(
            read: { json, path throws(JSONError) in
                guard case .number(let value) = json else {
                    throw JSONError(.field(path), .expected("a number"))
                }
                return value
            },
            write: { .number($0) })
    }
}

extension ValueForm where Value == [Int] {
    /// Positions in the log, rising.
    static var positions: Self {
        .array(.number).held("at least one position, rising") { positions in
            !positions.isEmpty && zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 }
        }
    }
}

extension ValueForm where Value == JSON {
    /// An object whose fields are understood elsewhere.
    static var object: Self {
        ValueForm(
            read: { json, path throws(JSONError) in
                guard case .object = json, TextRule.isRecordable(json) else {
                    throw JSONError(.field(path), .expected("an object of allowed texts"))
                }
                return json
            },
            write: { $0 })
    }
}

extension ValueForm where Value == Timestamp {
    static var time: Self { .string(.time) }
}

extension ValueForm where Value == Digest {
    static var digest: Self { .string(.digest) }
    static var hexDigest: Self { .string(.hexDigest) }
}

extension ValueForm where Value == Fingerprint {
    static var fingerprint: Self { .string(.fingerprint) }
}

extension ValueForm where Value == SSHPublicKey {
    static var publicKey: Self { .string(.publicKey) }
}

extension ValueForm where Value == [UInt8] {
    static var base64: Self { .string(.base64) }
    static var hex: Self { .string(.hex) }
}

extension ValueForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a type's words.
    static var word: Self { .string(.word) }
}
