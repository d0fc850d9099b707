// A person on the roster, as `roster.set` lists them. FORMATS section 2.

extension ValueForm where Value == [Member] {
    /// Everybody enrolled, by name.
    static var members: Self {
        .list(of: Member.schema).held("a list of members by name, at least one") { members in
            !members.isEmpty && TextRule.isRising(members.map(\.name))
        }
    }
}

extension Member {
    fileprivate static let schema = BodySchema(
        Member.init,
        .required("name", \.name, .person),
        .required("display", \.display, .freeText),
        .required("kind", \.kind, .word),
        .required("roles", \.roles, .roles),
        .required("keys", \.keys, .keys))
}

extension MemberKey {
    fileprivate static let schema = BodySchema(
        MemberKey.init,
        .required("line", \.key, .publicKey),
        .optional("token_serial", \.tokenSerial, .string(.serial)))
}

extension ValueForm where Value == [Role] {
    fileprivate static var roles: Self {
        .array(.word).held("roles in order, none twice", to: Role.isInOrder)
    }
}

extension ValueForm where Value == [MemberKey] {
    fileprivate static var keys: Self {
        .list(of: MemberKey.schema).held("at least one key") { !$0.isEmpty }
    }
}
