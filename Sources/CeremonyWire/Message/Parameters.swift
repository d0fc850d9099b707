// How a handler takes a call's parameters: each by name and type, and then nothing may be left.
// Whatever is wrong becomes varlink's InvalidParameter, naming the field.

public import CeremonyRecord

/// The parameters of one call that have not been taken yet.
///
/// A handler takes every parameter it knows and then calls ``finish()``. A null counts as absent.
public struct Parameters: Sendable {
    private var rest: [String: JSON]

    /// The parameters of a call.
    public init(_ call: Call) {
        self.init(call.parameters)
    }

    /// Parameters by name.
    public init(_ parameters: [String: JSON]) {
        rest = parameters.filter { $0.value != .null }
    }

    /// Takes a string.
    public mutating func string(_ name: String) throws(VarlinkError) -> String {
        guard let value = try optionalString(name) else { throw .invalidParameter(name) }
        return value
    }

    /// Takes a string if there is one.
    public mutating func optionalString(_ name: String) throws(VarlinkError) -> String? {
        switch rest.removeValue(forKey: name) {
        case nil: return nil
        case .string(let text): return text
        default: throw .invalidParameter(name)
        }
    }

    /// Takes a string and makes it a value of another type.
    public mutating func parsed<T>(
        _ name: String, _ parse: (String) -> T?
    ) throws(VarlinkError) -> T {
        guard let value = parse(try string(name)) else { throw .invalidParameter(name) }
        return value
    }

    /// Takes a string if there is one and makes it a value of another type.
    public mutating func optionalParsed<T>(
        _ name: String, _ parse: (String) -> T?
    ) throws(VarlinkError) -> T? {
        guard let text = try optionalString(name) else { return nil }
        guard let value = parse(text) else { throw .invalidParameter(name) }
        return value
    }

    /// Takes a number, which must be in the range.
    public mutating func int(
        _ name: String, in range: ClosedRange<Int> = 0...JSON.numberMax
    ) throws(VarlinkError) -> Int {
        guard let value = try optionalInt(name, in: range) else { throw .invalidParameter(name) }
        return value
    }

    /// Takes a number if there is one; it must be in the range.
    public mutating func optionalInt(
        _ name: String, in range: ClosedRange<Int> = 0...JSON.numberMax
    ) throws(VarlinkError) -> Int? {
        switch rest.removeValue(forKey: name) {
        case nil: return nil
        case .number(let number) where range.contains(number): return number
        default: throw .invalidParameter(name)
        }
    }

    /// Takes a truth value.
    public mutating func bool(_ name: String) throws(VarlinkError) -> Bool {
        guard let value = try optionalBool(name) else { throw .invalidParameter(name) }
        return value
    }

    /// Takes a truth value if there is one.
    public mutating func optionalBool(_ name: String) throws(VarlinkError) -> Bool? {
        switch rest.removeValue(forKey: name) {
        case nil: return nil
        case .bool(let value): return value
        default: throw .invalidParameter(name)
        }
    }

    /// Takes an array of any values.
    public mutating func array(_ name: String) throws(VarlinkError) -> [JSON] {
        guard case .array(let items) = rest.removeValue(forKey: name) else {
            throw .invalidParameter(name)
        }
        return items
    }

    /// Takes an array of strings; the error names the element that is none.
    public mutating func strings(_ name: String) throws(VarlinkError) -> [String] {
        var texts: [String] = []
        for (index, item) in try array(name).enumerated() {
            guard case .string(let text) = item else {
                throw .invalidParameter("\(name)[\(index)]")
            }
            texts.append(text)
        }
        return texts
    }

    /// Takes an array of strings if there is one.
    public mutating func optionalStrings(_ name: String) throws(VarlinkError) -> [String]? {
        rest[name] != nil ? try strings(name) : nil
    }

    /// Takes an object if there is one, as it is.
    public mutating func optionalObject(_ name: String) throws(VarlinkError) -> [String: JSON]? {
        switch rest.removeValue(forKey: name) {
        case nil: return nil
        case .object(let object): return object
        default: throw .invalidParameter(name)
        }
    }

    /// Demands that every parameter has been taken; the error names the first that is left.
    public func finish() throws(VarlinkError) {
        if let name = rest.keys.min() { throw .invalidParameter(name) }
    }
}
