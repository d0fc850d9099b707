// The fields of a statement that belong to its kind: ordered, and not understood here. Each kind
// checks its own (FORMATS section 4, "A kind may replace the block").

/// One `name: value` line of a document.
public struct Field: Sendable, Hashable {
    /// `[a-z][a-z0-9-]*`
    public var name: String
    /// What stands behind the colon and the space.
    public var value: String

    /// A field by its name and value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Fields in the order in which they are written; a name may stand more than once.
public struct Fields: Sendable, Hashable {
    /// The fields, first to last.
    public var list: [Field]

    /// Fields in the order given.
    public init(_ list: [Field]) {
        self.list = list
    }

    /// The names, first to last, repeated where they are repeated.
    public var names: [String] { list.map(\.name) }

    /// The value of the field that stands exactly once; `nil` when it is absent or repeated.
    public subscript(name: String) -> String? {
        let values = all(name)
        return values.count == 1 ? values[0] : nil
    }

    /// Every value of that name, in order.
    public func all(_ name: String) -> [String] {
        list.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }
}

extension Fields: ExpressibleByArrayLiteral {
    /// Fields in the order given.
    public init(arrayLiteral elements: Field...) {
        self.init(elements)
    }
}
