// A varlink interface definition (varlink.org, "Interface Definition"), as far as it is needed to
// answer introspection and to hold calls to what the definition says.

/// What an interface definition defines.
public struct InterfaceDescription: Hashable, Sendable {
    /// One named part of a structure.
    public struct Field: Hashable, Sendable {
        /// The name.
        public let name: String
        /// The type.
        public let type: ValueType
    }

    /// The type of a value.
    public indirect enum ValueType: Hashable, Sendable {
        /// `bool`.
        case bool
        /// `int`: here 0 to 2^53-1.
        case int
        /// `float`, which nothing of ours uses and no value of ours is.
        case float
        /// `string`.
        case string
        /// `object`: a JSON object that the definition does not describe.
        case object
        /// `(name: type, ...)`.
        case structure([Field])
        /// `(name, name, ...)`.
        case choice([String])
        /// A type defined by its name.
        case named(String)
        /// `[]type`.
        case array(ValueType)
        /// `[string]type`.
        case dictionary(ValueType)
        /// `?type`.
        case optional(ValueType)
    }

    /// What a method takes and gives.
    public struct Method: Hashable, Sendable {
        /// The parameters of a call.
        public let input: [Field]
        /// The parameters of a reply.
        public let output: [Field]
    }

    /// Where the text is no interface definition.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// The line, counted from 1.
        public let line: Int
        /// What was expected there.
        public let expected: String

        package init(line: Int, expected: String) {
            self.line = line
            self.expected = expected
        }

        /// Line and expectation as one line.
        public var description: String { "line \(line): expected \(expected)" }
    }

    /// The interface's name.
    public internal(set) var name = ""
    /// The types by name.
    public internal(set) var types: [String: ValueType] = [:]
    /// The methods by name.
    public internal(set) var methods: [String: Method] = [:]
    /// The errors by name, with what they tell.
    public internal(set) var errors: [String: [Field]] = [:]

    /// Reads a definition, and checks that every type named in it is defined in it.
    ///
    /// - Throws: ``Fault`` at the first thing that is wrong.
    public init(_ text: String) throws(Fault) {
        var parser = InterfaceParser(text)
        try parser.read(into: &self)
        try checkNames()
    }

    private func checkNames() throws(Fault) {
        var fields = errors.values.flatMap { $0 }
        for method in methods.values { fields += method.input + method.output }
        let used = types.values.map(\.namesUsed) + fields.map(\.type.namesUsed)
        for name in used.flatMap({ $0 }).sorted() where types[name] == nil {
            throw Fault(line: 1, expected: "a definition of the type \(name)")
        }
    }
}

extension InterfaceDescription.ValueType {
    fileprivate var namesUsed: [String] {
        switch self {
        case .bool, .int, .float, .string, .object, .choice: []
        case .structure(let fields): fields.flatMap(\.type.namesUsed)
        case .named(let name): [name]
        case .array(let inner), .dictionary(let inner), .optional(let inner): inner.namesUsed
        }
    }
}
