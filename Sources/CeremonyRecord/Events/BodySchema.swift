// The fields of an event's body, said once: each column both reads and writes its fields, and the
// columns stand in the order of the initialiser's arguments. FORMATS section 2.

/// The fields of one sort of object.
struct BodySchema<Payload: Sendable>: Sendable {
    /// Takes the fields out of an object; whoever opened it demands that none is left.
    let read: @Sendable (inout JSONFields) throws(JSONError) -> Payload
    private let write: @Sendable (Payload, inout [String: JSON]) -> Void

    /// An object with the columns' fields.
    init<each Value: Sendable>(
        _ initialiser: @escaping @Sendable (repeat each Value) -> Payload,
        _ columns: repeat BodyColumn<Payload, each Value>
    ) {
        read = { fields throws(JSONError) in
            initialiser(repeat try (each columns).read(&fields))
        }
        write = { payload, fields in repeat (each columns).write(payload, &fields) }
    }

    /// The fields of a payload.
    func fields(of payload: Payload) -> [String: JSON] {
        var fields: [String: JSON] = [:]
        write(payload, &fields)
        return fields
    }
}

/// A field, or a few that belong together.
struct BodyColumn<Payload, Value: Sendable>: Sendable {
    let read: @Sendable (inout JSONFields) throws(JSONError) -> Value
    let write: @Sendable (Payload, inout [String: JSON]) -> Void

    /// A field that is always there.
    static func required(
        _ name: String, _ path: any KeyPath<Payload, Value> & Sendable, _ form: ValueForm<Value>
    ) -> Self {
        BodyColumn(
            read: { fields throws(JSONError) in
                try form.read(try fields.required(name), fields.location(of: name))
            },
            write: { payload, fields in fields[name] = form.write(payload[keyPath: path]) })
    }

    /// A field that is absent where there is nothing.
    static func optional<Wrapped>(
        _ name: String, _ path: any KeyPath<Payload, Value> & Sendable, _ form: ValueForm<Wrapped>
    ) -> Self where Value == Wrapped? {
        BodyColumn(
            read: { fields throws(JSONError) in
                guard let json = fields.optional(name) else { return nil }
                return try form.read(json, fields.location(of: name))
            },
            write: { payload, fields in
                fields[name] = payload[keyPath: path].map(form.write)
            })
    }

    /// A string field that says `none` where there is nothing.
    static func orNone<Wrapped>(
        _ name: String, _ path: any KeyPath<Payload, Value> & Sendable, _ form: ValueForm<Wrapped>
    ) -> Self where Value == Wrapped? {
        BodyColumn(
            read: { fields throws(JSONError) in
                let json = try fields.required(name)
                return json == .string("none")
                    ? nil : try form.read(json, fields.location(of: name))
            },
            write: { payload, fields in
                fields[name] = payload[keyPath: path].map(form.write) ?? .string("none")
            })
    }
}

extension BodyColumn where Value == SignedDocument {
    /// The three fields of a document that a person signed.
    static func signed(_ path: any KeyPath<Payload, SignedDocument> & Sendable) -> Self {
        BodyColumn(
            read: { fields throws(JSONError) in try SignedDocument.schema.read(&fields) },
            write: { payload, fields in
                fields.merge(SignedDocument.schema.fields(of: payload[keyPath: path])) { $1 }
            })
    }
}

extension BodyColumn where Value == SignedDocument? {
    /// The three fields of a document that a person signed, or none of them.
    static func optionallySigned(
        _ path: any KeyPath<Payload, SignedDocument?> & Sendable
    ) -> Self {
        BodyColumn(
            read: { fields throws(JSONError) in
                fields.has("document") ? try SignedDocument.schema.read(&fields) : nil
            },
            write: { payload, fields in
                guard let signed = payload[keyPath: path] else { return }
                fields.merge(SignedDocument.schema.fields(of: signed)) { $1 }
            })
    }
}

extension SignedDocument {
    fileprivate static let schema = BodySchema(
        SignedDocument.init(lines:key:sshsig:),
        .required("document", \.lines, .document),
        .required("key", \.key, .fingerprint),
        .required("sshsig", \.sshsig, .base64))
}

extension JSONFields {
    /// The path of a field of this object, for complaints.
    fileprivate func location(of name: String) -> String {
        path.isEmpty ? name : path + "." + name
    }
}
