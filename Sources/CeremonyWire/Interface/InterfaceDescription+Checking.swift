// Holding values to the definition: what a call brings before any handler sees it, and in the tests
// what a handler answers.

public import CeremonyRecord

extension InterfaceDescription {
    /// Checks parameters against a list of fields: each of its type, none missing, none unknown.
    ///
    /// A null is the same as an absent field. Returns the path of the first field, in byte order,
    /// that is wrong; `nil` when all is well.
    public func firstFault(in parameters: [String: JSON], against fields: [Field]) -> String? {
        let known = Set(fields.map(\.name))
        if let unknown = parameters.keys.filter({ !known.contains($0) }).min() { return unknown }
        for field in fields.sorted(by: { $0.name < $1.name }) {
            let value = parameters[field.name] ?? .null
            if let fault = firstFault(in: value, against: field.type) { return field.name + fault }
        }
        return nil
    }

    /// Where the value is not of the type, as a path below it; empty for the value itself.
    private func firstFault(in value: JSON, against type: ValueType) -> String? {
        switch (type, value) {
        case (.bool, .bool), (.int, .number), (.string, .string), (.object, .object): return nil
        case (.optional, .null): return nil
        case (.optional(let inner), _): return firstFault(in: value, against: inner)
        case (.choice(let names), .string(let text)): return names.contains(text) ? nil : ""
        case (.named(let name), _):
            guard let type = types[name] else { return "" }
            return firstFault(in: value, against: type)
        case (.structure(let fields), .object(let inner)):
            return firstFault(in: inner, against: fields).map { "." + $0 }
        case (.array(let type), .array(let items)):
            for (index, item) in items.enumerated() {
                if let fault = firstFault(in: item, against: type) { return "[\(index)]" + fault }
            }
            return nil
        case (.dictionary(let type), .object(let inner)):
            for (name, item) in inner.sorted(by: { $0.key < $1.key }) {
                if let fault = firstFault(in: item, against: type) { return "." + name + fault }
            }
            return nil
        default: return ""
        }
    }
}
