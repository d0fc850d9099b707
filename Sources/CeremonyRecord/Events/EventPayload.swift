// What the bodies of events have in common. FORMATS section 2.

/// The body of one type of event.
protocol EventPayload: Sendable, Hashable {
    /// The event's type, such as `roster.set`.
    static var type: String { get }
    /// The body's fields.
    static var schema: BodySchema<Self> { get }
    /// What is wrong with fields that are each right by themselves; `nil` when nothing is.
    var contradiction: String? { get }
}

extension EventPayload {
    var contradiction: String? { nil }

    /// The fields of this body.
    var fields: [String: JSON] { Self.schema.fields(of: self) }

    /// Reads a body: exactly its fields, and nothing that contradicts itself.
    static func read(_ body: JSON) throws(EventError) -> Self {
        let payload = try EventError.wrapping { () throws(JSONError) in
            var fields = try JSONFields(body, at: "body")
            let payload = try schema.read(&fields)
            try fields.finish()
            return payload
        }
        if let contradiction = payload.contradiction {
            throw .contradictory(type: type, contradiction)
        }
        return payload
    }
}

/// The body of an event that moves a ceremony.
protocol CeremonyPayload: EventPayload {
    var ceremony: String { get }
    var from: CeremonyState? { get }
    var to: CeremonyState { get }
}

extension CeremonyPayload {
    var contradiction: String? { cameFromNowhere }

    /// Only an opening comes from no state.
    var cameFromNowhere: String? { from == nil ? "`from` is none, but it opens nothing" : nil }
}
