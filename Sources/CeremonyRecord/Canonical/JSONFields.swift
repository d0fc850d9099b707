// How decoders take an object apart: field by field, each with its type, and then nothing may be
// left. An unknown field is as wrong as a missing one (FORMATS section 2).

/// The fields of one JSON object that have not been taken yet.
///
/// A decoder takes every field it knows and then calls ``finish()``. A `null`, which only messages
/// may hold, counts as absent. Every error names the path of the field.
public struct JSONFields: Sendable {
    /// Where this object stands, such as `body.members[2]`; empty for the outermost.
    public let path: String
    private var rest: [String: JSON]

    /// Opens an object.
    ///
    /// - Throws: ``JSONError`` if the value is not an object.
    public init(_ value: JSON, at path: String = "") throws(JSONError) {
        guard case .object(let fields) = value else {
            throw JSONError(.field(path.isEmpty ? "(whole)" : path), .expected("an object"))
        }
        self.path = path
        self.rest = fields.values.contains(.null) ? fields.filter { $0.value != .null } : fields
    }

    /// Whether the field is there and has not been taken.
    public func has(_ name: String) -> Bool { rest[name] != nil }

    /// Takes a field of any type; `nil` when it is absent.
    public mutating func optional(_ name: String) -> JSON? { rest.removeValue(forKey: name) }

    /// Takes a field of any type.
    ///
    /// - Throws: ``JSONError`` (`missing`).
    public mutating func required(_ name: String) throws(JSONError) -> JSON {
        guard let value = optional(name) else { throw fault(name, .missing) }
        return value
    }

    /// Demands that every field has been taken.
    ///
    /// - Throws: ``JSONError`` (`unknownField`) naming the first that is left, in byte order.
    public func finish() throws(JSONError) {
        if let name = rest.keys.min() { throw fault(name, .unknownField) }
    }

    /// The error for a field of this object whose value is not what it should be.
    public func refused(_ name: String, expected what: String) -> JSONError {
        fault(name, .expected(what))
    }

    private func fault(_ name: String, _ problem: JSONError.Problem) -> JSONError {
        JSONError(.field(location(name)), problem)
    }

    private func location(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
}

extension JSONFields {
    /// Takes a string.
    public mutating func string(_ name: String) throws(JSONError) -> String {
        guard case .string(let value) = try required(name) else {
            throw refused(name, expected: "a string")
        }
        return value
    }

    /// Takes a string if there is one.
    public mutating func optionalString(_ name: String) throws(JSONError) -> String? {
        has(name) ? try string(name) : nil
    }

    /// Takes a string and makes it a value of another type; `what` names the form it should have.
    public mutating func parsed<T>(
        _ name: String, as what: String, _ parse: (String) -> T?
    ) throws(JSONError) -> T {
        guard let value = parse(try string(name)) else { throw refused(name, expected: what) }
        return value
    }

    /// As ``parsed(_:as:_:)``, for a field that may be absent.
    public mutating func optionalParsed<T>(
        _ name: String, as what: String, _ parse: (String) -> T?
    ) throws(JSONError) -> T? {
        has(name) ? try parsed(name, as: what, parse) : nil
    }

    /// Takes a number, 0 to 2^53-1.
    public mutating func number(_ name: String) throws(JSONError) -> Int {
        guard case .number(let value) = try required(name) else {
            throw refused(name, expected: "a number")
        }
        return value
    }

    /// Takes a number if there is one.
    public mutating func optionalNumber(_ name: String) throws(JSONError) -> Int? {
        has(name) ? try number(name) : nil
    }

    /// Takes a truth value.
    public mutating func bool(_ name: String) throws(JSONError) -> Bool {
        guard case .bool(let value) = try required(name) else {
            throw refused(name, expected: "true or false")
        }
        return value
    }

    /// Takes a truth value if there is one.
    public mutating func optionalBool(_ name: String) throws(JSONError) -> Bool? {
        has(name) ? try bool(name) : nil
    }

    /// Takes an array of any values.
    public mutating func array(_ name: String) throws(JSONError) -> [JSON] {
        guard case .array(let items) = try required(name) else {
            throw refused(name, expected: "an array")
        }
        return items
    }

    /// Takes an array of strings.
    public mutating func strings(_ name: String) throws(JSONError) -> [String] {
        var texts: [String] = []
        for (position, item) in try array(name).enumerated() {
            guard case .string(let text) = item else {
                throw refused("\(name)[\(position)]", expected: "a string")
            }
            texts.append(text)
        }
        return texts
    }

    /// Takes an array of strings if there is one.
    public mutating func optionalStrings(_ name: String) throws(JSONError) -> [String]? {
        has(name) ? try strings(name) : nil
    }

    /// Takes an object and opens it.
    public mutating func object(_ name: String) throws(JSONError) -> JSONFields {
        try JSONFields(try required(name), at: location(name))
    }

    /// Takes an object if there is one, and opens it.
    public mutating func optionalObject(_ name: String) throws(JSONError) -> JSONFields? {
        has(name) ? try object(name) : nil
    }

    /// Takes an array of objects and opens each.
    public mutating func objects(_ name: String) throws(JSONError) -> [JSONFields] {
        var opened: [JSONFields] = []
        for (position, item) in try array(name).enumerated() {
            opened.append(try JSONFields(item, at: "\(location(name))[\(position)]"))
        }
        return opened
    }

    /// Takes an array of objects if there is one, and opens each.
    public mutating func optionalObjects(_ name: String) throws(JSONError) -> [JSONFields]? {
        has(name) ? try objects(name) : nil
    }

    /// The names that have not been taken, in byte order: for objects whose fields are data.
    public var names: [String] { rest.keys.sorted() }
}

extension JSON {
    /// An object of the fields that are not `nil`.
    public static func fields(_ pairs: KeyValuePairs<String, JSON?>) -> JSON {
        var fields: [String: JSON] = [:]
        for (name, value) in pairs {
            if let value { fields[name] = value }
        }
        return .object(fields)
    }

    /// An array of strings.
    public static func strings(_ texts: some Sequence<String>) -> JSON {
        .array(texts.map { .string($0) })
    }

    /// A string, or `nil` for `nil`: for optional fields in ``fields(_:)``.
    public static func text(_ text: String?) -> JSON? { text.map { .string($0) } }

    /// A number, or `nil` for `nil`: for optional fields in ``fields(_:)``.
    public static func count(_ number: Int?) -> JSON? { number.map { .number($0) } }
}
