// Founding the house once: tokens, keys, log key, genesis, all with the built programs. A test gets
// a copy of the directory, token stores included, in which only paths are rewritten.

import CeremonyRecord
import Glibc
import Testing

extension CeremonyRoom {
    /// The founded house that every test copies; nothing runs in it.
    private static let founded = Result { try CeremonyRoom.found() }

    /// A room of its own for one test, with the daemon not running yet.
    static func copy() throws -> CeremonyRoom {
        try copy(of: try founded.get())
    }

    /// A copy of this room as it is while its daemon does not run.
    func copy() throws -> CeremonyRoom {
        try #require(daemon == nil)
        return try CeremonyRoom.copy(of: directory)
    }

    private static func copy(of original: String) throws -> CeremonyRoom {
        let room = CeremonyRoom(at: try newDirectory())
        let copied = try Program(
            ["cp", "-a", original + "/.", room.directory], environment: [:], scratch: "/tmp"
        ).finish()
        try #require(copied.status == 0, "\(copied.err)")
        for name in everybody { try room.person(name).configureStore() }
        return room
    }

    private static let everybody = ["house", "mallory"] + withTokens + withKeyFiles

    private static func newDirectory() throws -> String {
        var template = Array("/tmp/room-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template) != nil
        try #require(made)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func found() throws -> String {
        let room = CeremonyRoom(at: try newDirectory(), isKept: true)
        unsafe foundedPath = strdup(room.directory)
        atexit { removeFounded() }
        for name in everybody { try room.moveIn(name) }
        for name in ["state", "run"] { unsafe mkdir(room.directory + "/" + name, 0o700) }
        try room.configure()
        let genesis = room.directory + "/genesis"
        let logKey = try room.makeLogKey()
        try TestFile.write(room.directory + "/log-key", logKey)
        try TestFile.write(genesis + ".plan", try room.plan(logKey: logKey))
        let drafted = try room.dave.does("genesis", "draft", genesis + ".plan", "-o", genesis)
        try TestFile.write(genesis + ".digest", drafted)
        for name in withTokens + withKeyFiles { try room.person(name).signGenesis(genesis) }
        let kept = try room.house.tool(
            "cp", "-a", room.house.home + "/tokens", room.directory + "/tokens-before")
        try #require(kept.status == 0)
        let founded: Ended = try room.found()
        try #require(founded.status == 0, "\(founded.err)")
        return room.directory
    }

    /// A home with what belongs there: a key file, a token, an identity key in it.
    func moveIn(_ name: String, hasToken: Bool = false) throws {
        let person = person(name)
        for path in [person.home, person.home + "/tokens"] { unsafe mkdir(path, 0o700) }
        try person.configureStore()
        let hasToken =
            hasToken || name == "house" || name == "mallory" || Self.withTokens.contains(name)
        if hasToken { try person.makeToken(name) }
        guard name != "house" else { return }
        let made = try person.tool(
            "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", person.keyFile)
        try #require(made.status == 0, "\(made.err)")
        guard hasToken else { return }
        let line = try person.does(["identity", "create"] + person.withToken)
        try TestFile.write(person.home + "/identity", line)
    }

    private func makeLogKey() throws -> String {
        let made = try ceremonyd(
            "log-key", "--config", directory + "/ceremonyd.toml", "--origin", Self.origin,
            "--pin-file", house.home + "/pin")
        try #require(made.status == 0, "\(made.err)")
        let fields = ["vkey: ", "uri: "].map { name in
            made.out.lineList.first { $0.utf8.starts(with: name.utf8) }?
                .dropFirst(name.utf8.count).description ?? ""
        }
        return fields.joined(separator: " ")
    }

    /// The plan of the genesis: alice, bob and dave are keepers, the others come from outside.
    func plan(logKey: String, policy: [String] = []) throws -> String {
        var lines = [
            "origin: \(Self.origin)", "mode: rehearsal", "continues: none", "log-key: \(logKey)",
        ]
        let roles = [
            ("alice", "keeper witness"), ("bob", "keeper witness"), ("carol", "external witness"),
            ("dave", "keeper operator"), ("erin", "external witness"),
            ("frank", "external witness"), ("grace", "external witness"),
            ("heidi", "external witness"),
        ]
        for (name, role) in roles {
            let person = person(name)
            lines.append("member: \(name) \(role) \(name)")
            lines.append("key: \(name) none \(person.publicKey)")
            guard Self.withTokens.contains(name) else { continue }
            lines.append("key: \(name) \(try person.serial) \(person.identity)")
        }
        return (lines + policy.map { "policy: " + $0 }).joined(separator: "\n") + "\n"
    }
}

/// The founded house, which goes when the tests have ended.
nonisolated(unsafe) private var foundedPath: UnsafeMutablePointer<CChar>?

private func removeFounded() {
    guard let path = unsafe foundedPath else { return }
    let command = unsafe ["rm", "-rf", String(cString: path)]
    _ = try? Program(command, environment: [:], scratch: "/tmp").finish()
}

extension Person {
    /// The OpenSSH line of the key file, without comment.
    var publicKey: String {
        let words = TestFile.text(keyFile + ".pub").split(separator: " ").prefix(2)
        return words.joined(separator: " ").trimmed
    }

    /// The OpenSSH line of the key in the token.
    var identity: String { TestFile.text(home + "/identity").trimmed }

    /// Writes the configuration of the person's token store.
    func configureStore() throws {
        try TestFile.write(
            home + "/softhsm2.conf",
            "directories.tokendir = \(home)/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
    }

    /// A token in the person's store, with a PIN that is like no other text.
    func makeToken(_ label: String) throws {
        if !TestFile.exists(home + "/pin") {
            let random = (0..<8).map { _ in String(UInt8.random(in: 16 ... .max), radix: 16) }
            try TestFile.write(home + "/pin", "PIN\(random.joined())!\(name)\n")
        }
        let made = try tool(
            "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin",
            "so-pin-of-" + name)
        try #require(made.status == 0, "\(made.err)")
    }

    /// Signs a founding document with every key: the file's first, then the token's.
    func signGenesis(_ genesis: String) throws {
        let signature = TestFile.bytes(try sign(genesis, .genesis))
        try TestFile.write("\(genesis).\(name).sig", signature)
        guard CeremonyRoom.withTokens.contains(name) else { return }
        try does(["genesis", "sign", genesis, "--confirm", genesis] + withToken)
    }

    @discardableResult
    func does(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws
        -> String
    {
        let ended = try run(arguments)
        try #require(
            ended.status == 0, "\(name) \(arguments): exit \(ended.status): \(ended.err)",
            sourceLocation: sourceLocation)
        return ended.out
    }
}
