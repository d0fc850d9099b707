// The members of a JSON object. Python keeps them in the order in which they came and writes the
// identity files in that order; only the canonical form sorts them.

/// Members of a JSON object, each name once, in the order in which they were read or set.
public struct PythonObject: Sendable {
    /// One member.
    public struct Member: Sendable {
        /// Its name.
        public let name: String
        /// What it is set to.
        public var value: PythonJSON

        /// A member by its parts.
        public init(name: String, value: PythonJSON) {
            self.name = name
            self.value = value
        }
    }

    /// The members in order. No name stands twice.
    public private(set) var members: [Member]

    /// An object without members.
    public init() { members = [] }

    /// An object of members whose names are known to differ.
    init(unique members: [Member]) { self.members = members }

    /// The value of a member. Setting replaces it where it stands, or puts it at the end; setting
    /// `nil` takes it away.
    public subscript(name: String) -> PythonJSON? {
        get {
            for member in members where member.name.isSame(as: name) { return member.value }
            return nil
        }
        set {
            let place = members.firstIndex { $0.name.isSame(as: name) }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The members in the order of the code points of their names, as the canonical form has them.
    var sorted: [Member] {
        Self.isRising(members) ? members : members.sorted { $0.name.precedes($1.name) }
    }

    /// Whether each name stands before the next in the order of code points, as canonical JSON has
    /// them.
    private static func isRising(_ members: [Member]) -> Bool {
        for index in members.indices.dropFirst()
        where !members[index - 1].name.precedes(members[index].name) {
            return false
        }
        return true
    }

    /// The first name that stands twice among these members, if one does.
    static func repeatedName(in members: [Member]) -> String? {
        if isRising(members) { return nil }
        if members.count <= 12 {
            for index in members.indices {
                for other in members[..<index] where other.name.isSame(as: members[index].name) {
                    return other.name
                }
            }
            return nil
        }
        let names = members.map(\.name).sorted { $0.precedes($1) }
        return zip(names, names.dropFirst()).first { $0.isSame(as: $1) }?.0
    }
}

extension PythonObject: Equatable {
    /// Whether both have the same members, in whatever order.
    public static func == (left: PythonObject, right: PythonObject) -> Bool {
        guard left.members.count == right.members.count else { return false }
        return zip(left.sorted, right.sorted).allSatisfy {
            $0.name.isSame(as: $1.name) && $0.value == $1.value
        }
    }
}

extension PythonObject: ExpressibleByDictionaryLiteral {
    /// The members in the order in which they are written; a later one replaces an earlier of its
    /// name.
    public init(dictionaryLiteral members: (String, PythonJSON)...) {
        self.init()
        for (name, value) in members { self[name] = value }
    }
}
