// What `start set-roster` and `start set-policy` are told on the command line, and the change that
// this makes of the people and the rules in force. Nobody has to write JSON by hand.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// Options that change people and rules.
struct RosterOptions: KindOptionGroup {
    static let matter = "people and rules"
    static let kinds: [any CeremonyKind.Type] = [RosterSetting.kind, PolicySetting.kind]

    @Option(
        help: ArgumentHelp(
            "set-roster: a member to be enrolled, or to be changed.", valueName: "name"))
    var member: String?

    @Option(name: .customLong("kind"), help: "Of --member: keeper, external or system.")
    var personKind: String?

    @Option(
        help: ArgumentHelp(
            "Of --member: operator, witness, auditor with commas, or none.", valueName: "roles"))
    var roles: String?

    @Option(help: "Of --member: the name for people to read.")
    var display: String?

    @Option(
        name: .customLong("new-key"),
        help: ArgumentHelp(
            "Of a new --member: a key as OpenSSH writes it, with the token's serial before it "
                + "where it is in one; may be repeated.", valueName: "[serial] ssh-ed25519 ..."))
    var keys: [String] = []

    @Option(
        name: .customLong("add-key"),
        help: ArgumentHelp(
            "set-roster: one key more for a member.",
            valueName: "name=[serial] ssh-ed25519 ..."))
    var addedKeys: [String] = []

    @Option(
        name: .customLong("remove-key"),
        help: ArgumentHelp(
            "set-roster: a key to be taken off; may be repeated.", valueName: "SHA256:..."))
    var removedKeys: [String] = []

    @Option(
        name: .customLong("remove"),
        help: ArgumentHelp("set-roster: a member to be removed.", valueName: "name"))
    var removed: [String] = []

    @Option(
        name: .customLong("holder"),
        help: ArgumentHelp("set-roster: another holder.", valueName: "subject=person"))
    var holders: [String] = []

    @Option(
        help: ArgumentHelp("set-policy: the whole policy, as a JSON file.", valueName: "file"))
    var policy: String?

    /// Whether any of them was given.
    var isUsed: Bool { changesPeople || policy != nil }

    /// Whether any was given that is about people.
    var changesPeople: Bool {
        member != nil || personKind != nil || roles != nil || display != nil || !keys.isEmpty
            || !addedKeys.isEmpty || !removedKeys.isEmpty || !removed.isEmpty || !holders.isEmpty
    }
}

/// A change of a roster, made from options.
struct RosterEdit {
    let options: RosterOptions

    /// The people as they will be.
    ///
    /// - Throws: `usage` (64) naming the option.
    func people(from roster: Roster) throws(ClientError) -> RosterChange {
        guard options.policy == nil else {
            throw .usage("--policy is for set-policy.", next: "Start set-policy for the rules.")
        }
        var members = roster.members
        for name in options.removed {
            guard let index = members.firstIndex(where: { RosterEdit.same($0.name, name) }) else {
                throw RosterEdit.unknown(name, roster)
            }
            members.remove(at: index)
        }
        for text in options.removedKeys { try remove(text, from: &members) }
        if let name = options.member {
            try set(name, in: &members)
        } else if options.personKind != nil || options.roles != nil || options.display != nil
            || !options.keys.isEmpty
        {
            throw .usage(
                "--kind, --roles, --display and --new-key say something of a member.",
                next: "Name the member with --member.")
        }
        for setting in options.addedKeys {
            let (name, key) = try RosterEdit.pair(setting, "--add-key")
            guard let index = members.firstIndex(where: { RosterEdit.same($0.name, name) }) else {
                throw RosterEdit.unknown(name, roster)
            }
            members[index].keys.append(try RosterEdit.key(key))
        }
        if let bare = members.first(where: \.keys.isEmpty) {
            throw .usage(
                "\(bare.name) is left without a key.",
                next: "Give one with --new-key or --add-key, or remove \(bare.name).")
        }
        members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var holders: [Holder] = []
        for setting in options.holders {
            let (subject, holder) = try RosterEdit.pair(setting, "--holder")
            holders.append(Holder(subject: subject, holder: holder))
        }
        holders.sort { $0.subject.utf8.lexicographicallyPrecedes($1.subject.utf8) }
        return RosterChange(members: members, holders: holders.isEmpty ? nil : holders)
    }

    /// The rules as they will be, from `--policy` and `--set`.
    ///
    /// - Throws: `usage` (64), and what reading the file throws.
    func rules(from policy: Policy, setting: [String: String]) throws(ClientError) -> RosterChange {
        guard !options.changesPeople else {
            throw .usage(
                "Rules are changed, and options about people stand there.",
                next: "Start set-roster for the people.")
        }
        var base = policy.json
        if let path = options.policy {
            do { base = try JSON(try Files.read(path), .message(bytes: 65_536)) } catch {
                if let error = error as? ClientError { throw error }
                throw .usage(
                    "\(path) is no JSON: \(error).", next: "`ceremonyctl policy --json` prints one."
                )
            }
        }
        var edited = GenesisPolicy(base)
        let overrides = setting.sorted { $0.key < $1.key }.map { path, value in
            GenesisPlan.Override(
                path: path.utf8.split(
                    separator: UInt8(ascii: "."), omittingEmptySubsequences: false
                ).map { String(decoding: $0, as: UTF8.self) }, value: value, line: 0)
        }
        do {
            for field in try edited.take(overrides) {
                Talk.paragraph(
                    "\(field.path) follows its threshold to \(field.value), because nothing else "
                        + "was said of it; another number is given with --set \(field.path)=NUMBER."
                )
            }
        } catch {
            let path = error.override.path.joined(separator: ".")
            throw .usage(
                "--set \(path)=\(error.override.value) \(error.problem).",
                next: "The fields, and what they are now, are shown by: ceremonyctl policy.")
        }
        return RosterChange(policy: edited.json)
    }

    // MARK: Pieces

    private func set(_ name: String, in members: inout [Member]) throws(ClientError) {
        let index: Int
        if let known = members.firstIndex(where: { RosterEdit.same($0.name, name) }) {
            index = known
        } else {
            guard options.personKind != nil, !options.keys.isEmpty else {
                throw .usage(
                    "\(name) is not on the roster yet, so --kind and --new-key are needed.",
                    next: "Give both; --roles and --display too where they apply.")
            }
            members.append(
                Member(name: name, display: name, kind: .external, roles: [], keys: []))
            index = members.count - 1
        }
        if let word = options.personKind {
            guard let kind = PersonKind(rawValue: word) else {
                throw .usage(
                    "--kind \(word) is not understood.",
                    next: "It is keeper, external or system.")
            }
            members[index].kind = kind
        }
        if let display = options.display { members[index].display = display }
        if let roles = options.roles { members[index].roles = try RosterEdit.roles(roles) }
        for key in options.keys { members[index].keys.append(try RosterEdit.key(key)) }
    }

    private func remove(_ text: String, from members: inout [Member]) throws(ClientError) {
        guard let fingerprint = Fingerprint(text) else {
            throw .usage(
                "\(text) is no fingerprint.",
                next: "Fingerprints are listed by: ceremonyctl roster."
            )
        }
        for index in members.indices {
            let before = members[index].keys.count
            members[index].keys.removeAll { $0.key.fingerprint == fingerprint }
            if members[index].keys.count < before { return }
        }
        throw .usage(
            "\(fingerprint) is nobody's key on the roster.",
            next: "Fingerprints are listed by: ceremonyctl roster.")
    }

    private static func roles(_ text: String) throws(ClientError) -> [Role] {
        if same(text, "none") { return [] }
        var roles: Set<Role> = []
        for word in text.utf8.split(separator: UInt8(ascii: ",")) {
            guard let role = Role(rawValue: String(decoding: word, as: UTF8.self)) else {
                throw .usage(
                    "--roles \(text) is not understood.",
                    next: "Roles are operator, witness and auditor, with commas, or none.")
            }
            roles.insert(role)
        }
        return Role.allCases.filter(roles.contains)
    }

    /// `[serial] TYPE BASE64 [comment]`, as `identity create` and `ssh-keygen` print keys.
    private static func key(_ text: String) throws(ClientError) -> MemberKey {
        let words = text.utf8.split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        for start in [0, 1] where words.count >= start + 2 {
            guard let key = SSHPublicKey(line: words[start] + " " + words[start + 1]) else {
                continue
            }
            let serial = start == 1 && !same(words[0], "none") ? words[0] : nil
            return MemberKey(key: key, tokenSerial: serial)
        }
        throw .usage(
            "This is no Ed25519 key: \(text).",
            next: "Give the line that `ceremonyctl identity create` or `ssh-keygen` printed.")
    }

    private static func pair(_ setting: String, _ option: String) throws(ClientError) -> (
        String, String
    ) {
        guard let equals = setting.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw .usage("\(option) \(setting) has no `=`.", next: "Write \(option) name=value.")
        }
        return (
            String(setting[..<equals]), String(setting[setting.utf8.index(after: equals)...])
        )
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    private static func unknown(_ name: String, _ roster: Roster) -> ClientError {
        .usage(
            "\(name) is not on the roster.",
            next: "On it are: \(roster.members.map(\.name).joined(separator: ", ")).")
    }
}
