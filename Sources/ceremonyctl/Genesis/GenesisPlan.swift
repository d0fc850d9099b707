// The plan of a new log: a small file that one person writes and all founders read before anything
// is signed. A file and not a wizard, because a file can be passed round, compared and corrected.

import CeremonyRecord
import CeremonyTerminal

/// What `genesis draft` turns into a founding document.
struct GenesisPlan: Hashable, Sendable {
    /// One `policy: PATH VALUE` line: a departure from the defaults.
    struct Override: Hashable, Sendable {
        /// Such as `new-keeper-key`, `threshold`.
        let path: [String]
        /// As it is written: a number, `yes`, `no` or a word.
        let value: String
        /// Where it stands, for complaints.
        let line: Int
    }

    /// The origin of the log's checkpoints.
    var origin: String
    /// Production or rehearsal.
    var mode: LogMode
    /// The log it succeeds.
    var continues: Continues?
    /// The log key, and a standby.
    var logKeys: [LogKey]
    /// The founders, by name.
    var members: [Member]
    /// Departures from the default policy.
    var overrides: [Override]

    /// Reads a plan.
    ///
    /// Identifiers, origins and free text are checked later, when the document is drafted.
    /// - Throws: `plan` (65), naming the line.
    init(_ text: [UInt8]) throws(ClientError) {
        var reading = Reading()
        for (index, bytes) in text.split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = Reading.trimmed(bytes)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            try reading.take(line, at: index + 1)
        }
        guard let origin = reading.origin else { throw .plan(0, "has no `origin:` line") }
        guard let mode = reading.mode else { throw .plan(0, "has no `mode:` line") }
        guard !reading.logKeys.isEmpty else { throw .plan(0, "has no `log-key:` line") }
        guard !reading.members.isEmpty else { throw .plan(0, "names no member") }
        for member in reading.members where member.keys.isEmpty {
            throw .plan(0, "gives no `key:` line for \(member.name)")
        }
        self.origin = origin
        self.mode = mode
        continues = reading.continues
        logKeys = reading.logKeys
        members = reading.members.sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        overrides = reading.overrides
    }
}

extension ClientError {
    /// A plan cannot be used; line 0 is the plan as a whole.
    static func plan(_ line: Int, _ problem: String) -> ClientError {
        ClientError(
            .malformed, "plan",
            line == 0 ? "The plan \(problem)." : "Line \(line) of the plan \(problem).",
            meaning: "No document was written.",
            next: "Correct the plan; `ceremonyctl genesis plan` prints a commented template.")
    }
}

/// The lines of a plan that have been read so far.
private struct Reading {
    var origin: String?
    var mode: LogMode?
    var continues: Continues?
    var logKeys: [LogKey] = []
    var members: [Member] = []
    var overrides: [GenesisPlan.Override] = []

    /// Takes one line that is neither empty nor a comment.
    mutating func take(_ line: ArraySlice<UInt8>, at number: Int) throws(ClientError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .plan(number, "is not `name: value`")
        }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        let value = Reading.trimmed(line[(colon + 1)...])
        guard !value.isEmpty, let text = String(validating: value, as: UTF8.self) else {
            throw .plan(number, "has no value, or one that is not UTF-8")
        }
        switch name {
        case "origin":
            guard origin == nil else { throw .plan(number, "names the origin again") }
            origin = text
        case "mode":
            guard mode == nil else { throw .plan(number, "names the mode again") }
            guard let word = LogMode(rawValue: text) else {
                throw .plan(number, "must say `production` or `rehearsal`")
            }
            mode = word
        case "continues":
            try takeContinues(value, number)
        case "log-key":
            let words = Reading.words(value, atMost: 2)
            guard words.count == 2, logKeys.count < 2 else {
                throw .plan(number, "must be the log key's vkey and its token's URI, twice at most")
            }
            logKeys.append(LogKey(vkey: words[0], uri: words[1]))
        case "member":
            try takeMember(value, number)
        case "key":
            try takeKey(value, number)
        case "policy":
            let words = Reading.words(value, atMost: 2)
            guard words.count == 2 else { throw .plan(number, "must be `policy: PATH VALUE`") }
            let path = words[0].utf8.split(
                separator: UInt8(ascii: "."), omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            overrides.append(.init(path: path, value: words[1], line: number))
        default:
            throw .plan(number, "begins with an unknown name")
        }
    }

    private mutating func takeContinues(_ value: ArraySlice<UInt8>, _ number: Int)
        throws(ClientError)
    {
        let words = Reading.words(value, atMost: 4)
        if words == ["none"] { return }
        guard words.count == 3, let size = Int(words[1]), size > 0, let root = Digest(words[2])
        else {
            throw .plan(number, "must be `none`, or the old log's origin, size and sha256: root")
        }
        continues = Continues(origin: words[0], size: size, root: root)
    }

    private mutating func takeMember(_ value: ArraySlice<UInt8>, _ number: Int)
        throws(ClientError)
    {
        let words = Reading.words(value, atMost: 4)
        guard words.count == 4, let kind = PersonKind(rawValue: words[1]) else {
            throw .plan(
                number, "must be: name, `keeper`, `external` or `system`, roles, name to show")
        }
        var roles: [Role] = []
        if words[2] != "none" {
            for word in words[2].utf8.split(separator: UInt8(ascii: ",")) {
                guard let role = Role(rawValue: String(decoding: word, as: UTF8.self)),
                    !roles.contains(role)
                else {
                    throw .plan(
                        number, "has roles other than `operator`, `witness`, `auditor`, each once")
                }
                roles.append(role)
            }
        }
        guard !members.contains(where: { $0.name.utf8.elementsEqual(words[0].utf8) }) else {
            throw .plan(number, "names the same member again")
        }
        let inOrder = Role.allCases.filter(roles.contains)
        members.append(
            Member(name: words[0], display: words[3], kind: kind, roles: inOrder, keys: []))
    }

    private mutating func takeKey(_ value: ArraySlice<UInt8>, _ number: Int) throws(ClientError) {
        // The fifth word is the comment that OpenSSH writes behind a key.
        let words = Reading.words(value, atMost: 5)
        guard words.count >= 4,
            let owner = members.firstIndex(where: { $0.name.utf8.elementsEqual(words[0].utf8) })
        else {
            throw .plan(
                number, "must be: a member named above, token serial or `none`, OpenSSH key line")
        }
        guard let key = SSHPublicKey(line: words[2] + " " + words[3]) else {
            throw .plan(number, "does not hold a sound Ed25519 key in OpenSSH form")
        }
        let taken = members.contains { $0.keys.contains { $0.key == key } }
        guard !taken else { throw .plan(number, "gives a key that stands above already") }
        let serial = words[1] == "none" ? nil : words[1]
        members[owner].keys.append(MemberKey(key: key, tokenSerial: serial))
    }

    /// Without spaces, tabs and carriage returns at both ends.
    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let blank: Set<UInt8> = [0x20, 0x09, 0x0d]
        var rest = bytes.drop { blank.contains($0) }
        while let last = rest.last, blank.contains(last) { rest.removeLast() }
        return rest
    }

    /// Words between spaces; the last takes all that is left.
    static func words(_ bytes: ArraySlice<UInt8>, atMost count: Int) -> [String] {
        var words: [String] = []
        var rest = trimmed(bytes)
        while !rest.isEmpty {
            let end =
                words.count == count - 1
                ? rest.endIndex : rest.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
            words.append(String(decoding: rest[..<end], as: UTF8.self))
            rest = trimmed(rest[end...])
        }
        return words
    }
}
