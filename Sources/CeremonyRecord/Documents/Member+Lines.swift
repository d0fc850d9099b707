// A founder in the genesis document: one `member:` line and a `key:` line for each of their keys.
// FORMATS section 4.

extension LineColumn where Value == [Member] {
    /// Members by name, each with at least one key.
    static func members(_ path: any KeyPath<Content, [Member]> & Sendable) -> Self {
        LineColumn(
            read: { reader throws(DocumentError) in
                var members: [Member] = []
                while members.isEmpty || reader.isNext("member") {
                    members.append(try Member(from: &reader, after: members.last))
                }
                return members
            },
            write: { content, writer in
                for member in content[keyPath: path] { member.write(to: &writer) }
            })
    }
}

extension Member {
    /// What stands in a `member:` line.
    private struct Line: Sendable {
        var name: String
        var kind: PersonKind
        var roles: [Role]
        var display: String

        static let form = TextForm<Line>(
            "<name> <kind> <roles in order|none> <display name>",
            read: { text in
                let parts = TextRule.split(text, at: " ", parts: 4)
                guard parts.count == 4, Identifier.isPersonName(parts[0]),
                    let kind = PersonKind(rawValue: parts[1]), let roles = Role.list(parts[2]),
                    FreeText.isValid(parts[3])
                else { return nil }
                return Line(name: parts[0], kind: kind, roles: roles, display: parts[3])
            },
            write: { "\($0.name) \($0.kind.rawValue) \(Role.text($0.roles)) \($0.display)" })
    }

    fileprivate init(
        from reader: inout LineReader, after last: Member?
    ) throws(DocumentError) {
        let place = reader
        let line = try reader.field("member", Line.form)
        if let last, !TextRule.precedes(last.name, line.name) {
            throw place.refused("member", "is not in the order of names")
        }
        let keys = try reader.fields(
            "key", Member.keyForm(of: line.name), count: 1...100, order: { _, _ in nil })
        self.init(
            name: line.name, display: line.display, kind: line.kind, roles: line.roles, keys: keys)
    }

    fileprivate func write(to writer: inout LineWriter) {
        let line = Line(name: name, kind: kind, roles: roles, display: display)
        writer.field("member", Line.form.write(line))
        for key in keys { writer.field("key", Member.keyForm(of: name).write(key)) }
    }

    private static func keyForm(of name: String) -> TextForm<MemberKey> {
        TextForm(
            "\(name) <serial|none> <OpenSSH line without comment>",
            read: { text in
                let parts = TextRule.split(text, at: " ", parts: 3)
                guard parts.count == 3, parts[0].utf8.elementsEqual(name.utf8),
                    let serial = TextForm.serial.read(parts[1]),
                    let key = SSHPublicKey(line: parts[2])
                else { return nil }
                return MemberKey(
                    key: key, tokenSerial: serial.utf8.elementsEqual("none".utf8) ? nil : serial)
            },
            write: { "\(name) \($0.tokenSerial ?? "none") \($0.key.line)" })
    }
}

extension Role {
    /// Roles between commas in the order of the type, none twice; `none` for none at all.
    static func list(_ text: String) -> [Role]? {
        if text.utf8.elementsEqual("none".utf8) { return [] }
        var roles: [Role] = []
        for word in TextRule.split(text, at: ",") {
            guard let role = Role(rawValue: word) else { return nil }
            roles.append(role)
        }
        return isInOrder(roles) ? roles : nil
    }

    /// The text that ``list(_:)`` reads.
    static func text(_ roles: [Role]) -> String {
        roles.isEmpty ? "none" : roles.map(\.rawValue).joined(separator: ",")
    }

    /// Whether roles stand in the order of the type, none twice.
    static func isInOrder(_ roles: [Role]) -> Bool { roles == allCases.filter(roles.contains) }
}
