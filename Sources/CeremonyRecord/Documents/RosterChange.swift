// What a change of the people or of the rules sets, as one line of a statement: an object with
// those fields of `roster.set` that become other than they are. FORMATS section 4, `change`.

/// The value of a statement's `change:` line.
public struct RosterChange: Sendable, Hashable {
    /// Everybody enrolled from then on, by name.
    public var members: [Member]?
    /// Subjects whose holder changes, by name.
    public var holders: [Holder]?
    /// The policy from then on.
    public var policy: JSON?

    /// A change of the fields that are given.
    public init(members: [Member]? = nil, holders: [Holder]? = nil, policy: JSON? = nil) {
        self.members = members
        self.holders = holders
        self.policy = policy
    }

    /// The object in RFC 8785 form.
    public var text: String {
        JSON.object(RosterChange.schema.fields(of: self)).canonicalText
    }

    /// Reads exactly what ``text`` gives.
    ///
    /// - Throws: ``JSONError`` that names the field.
    public init(_ text: String) throws(JSONError) {
        var fields = try JSONFields(try JSON(Array(text.utf8), .record), at: "change")
        self = try RosterChange.schema.read(&fields)
        try fields.finish()
    }

    private static let schema = BodySchema(
        RosterChange.init,
        .optional("members", \.members, .members),
        .optional("holders", \.holders, .holders),
        .optional("policy", \.policy, .object))
}

extension ValueForm where Value == [Holder] {
    fileprivate static var holders: Self {
        .list(of: Holder.schema).held("a list of holders by subject, at least one") { holders in
            !holders.isEmpty && TextRule.isRising(holders.map(\.subject))
        }
    }
}
