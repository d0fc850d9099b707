// A person of the room: their home, their keys, their client. What they do at a prompt a test does
// in the client's ways without a terminal: draft, sign, hand in, or `--confirm` and `--pin-file`.

import CeremonyRecord
import Testing

/// Somebody with a home directory and processes of their own.
struct Person {
    let name: String
    let room: CeremonyRoom

    var home: String { room.directory + "/" + name }
    var keyFile: String { home + "/key" }
    var pin: String { TestFile.text(home + "/pin").trimmed }

    var environment: [String: String] {
        [
            "HOME": home, "XDG_STATE_HOME": home + "/state", "PATH": "/usr/bin:/bin",
            "SOFTHSM2_CONF": home + "/softhsm2.conf",
        ]
    }

    /// The options with which a script signs in the person's token.
    var withToken: [String] {
        ["--module", CeremonyRoom.softHSM, "--pin-file", home + "/pin"]
    }

    /// The serial of the token that is called as the person is.
    var serial: String { get throws { try serial(of: name) } }

    /// The serial of a token in the person's store.
    func serial(of label: String) throws -> String {
        var last = ""
        for line in try tool("softhsm2-util", "--show-slots").out.lineList {
            let words = line.split(separator: " ").map(String.init)
            if words.starts(with: ["Serial", "number:"]) { last = words.last ?? "" }
            if words == ["Label:", label] { return last }
        }
        throw TestTrouble(what: "\(name) has no token \(label)")
    }

    // MARK: Programs

    /// The client, begun.
    func begin(_ arguments: [String], input: Program.Input = .file("/dev/null")) throws -> Program {
        try Program(
            room.wrapped("ceremonyctl") + ["--socket", room.socket] + arguments,
            environment: environment, scratch: home, input: input)
    }

    /// The client, to its end.
    func run(_ arguments: String...) throws -> Ended { try run(arguments) }

    /// The client, to its end.
    func run(_ arguments: [String]) throws -> Ended { try begin(arguments).finish() }

    /// The client, which must say that it is done.
    @discardableResult
    func does(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let ended = try run(arguments)
        try #require(
            ended.status == 0, "\(name) \(arguments): exit \(ended.status): \(ended.err)",
            sourceLocation: sourceLocation)
        return ended.out
    }

    /// A stock program in this person's environment.
    func tool(_ command: String..., input: String = "/dev/null") throws -> Ended {
        try tool(command, input: input)
    }

    /// A stock program in this person's environment.
    func tool(_ command: [String], input: String = "/dev/null") throws -> Ended {
        try Program(command, environment: environment, scratch: home, input: .file(input)).finish()
    }

    // MARK: Documents and signatures

    /// A path in the person's home at which nothing is yet.
    func path(_ what: String) -> String { "\(home)/\(what)-\(UInt64.random(in: 0 ... .max))" }

    /// Writes a document to a file of its own.
    func write(_ document: [String]) throws -> String {
        let path = path("document")
        try TestFile.write(path, document.map { $0 + "\n" }.joined())
        return path
    }

    /// Has the client draft an act or a statement; gives back its path.
    func draft(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let path = path("draft")
        let ended = try run(arguments + ["--as", name, "--draft", path])
        try #require(
            ended.status == 0, "\(name) \(arguments): exit \(ended.status): \(ended.err)",
            sourceLocation: sourceLocation)
        return path
    }

    /// Signs a file with `ssh-keygen`; gives back the signature's path.
    func sign(_ file: String, _ namespace: SignatureNamespace) throws -> String {
        try sign(file, namespace.rawValue)
    }

    /// Signs a file with `ssh-keygen` for any purpose; gives back the signature's path.
    func sign(_ file: String, _ namespace: String) throws -> String {
        let copy = path("to-sign")
        try TestFile.write(copy, TestFile.bytes(file))
        let ended = try tool("ssh-keygen", "-q", "-Y", "sign", "-f", keyFile, "-n", namespace, copy)
        try #require(ended.status == 0, "\(ended.err)")
        return copy + ".sig"
    }

    /// The binary signature in a file, as `Submit` takes it.
    func signature(_ file: String, _ namespace: SignatureNamespace) throws -> String {
        let armored = TestFile.bytes(try sign(file, namespace))
        return Base64.encode(try SSHSIG(armored: armored).blob)
    }

    /// Signs a file and hands it in.
    func submit(_ file: String, _ namespace: SignatureNamespace) throws -> Ended {
        try run("submit", file, try sign(file, namespace), "--json")
    }

    /// Signs a file and hands it in, which must be taken.
    @discardableResult
    func submits(
        _ file: String, _ namespace: SignatureNamespace,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let ended = try submit(file, namespace)
        try #require(
            ended.status == 0, "\(name): exit \(ended.status): \(ended.err)",
            sourceLocation: sourceLocation)
        return try JSON(ended.line)
    }
}

/// What keeps a test from going on.
struct TestTrouble: Error { let what: String }
