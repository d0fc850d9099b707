// The room in which a ceremony is held, for one test: a daemon with the token `house`, and eight
// people, each with a home, keys and processes of their own. Everything is real but the tokens'
// hardware. The house is founded once for all tests (CeremonyRoom+Founding.swift); each works in a
// copy.

import CeremonyRecord
import CeremonyWire
import Glibc
import Testing

/// A machine with a daemon, and the people who came to it.
final class CeremonyRoom {
    /// Everything is below this directory.
    let directory: String
    /// The daemon that runs.
    private(set) var daemon: Program?
    /// By how much the clock of every process is wrong, as faketime(1) takes it.
    var clock: String?
    /// The module through which the daemon reaches its tokens.
    var module = CeremonyRoom.softHSM
    /// Modules that the daemon may load besides.
    var furtherModules: [String] = []
    /// Checkpoints that the log has to reach at the start.
    var seen: [String] = []
    /// What stands in the daemon's configuration besides.
    var furtherConfiguration = ""
    /// The daemon's tokens besides `house`, in its own store, and which of them hold log keys.
    var furtherTokens: [String] = []
    var furtherLogTokens: [String] = []

    private let isKept: Bool

    /// A room in a directory, which goes with it unless it is kept.
    init(at directory: String, isKept: Bool = false) {
        self.directory = directory
        self.isKept = isKept
    }

    deinit {
        daemon?.signal(SIGKILL)
        _ = buryDaemon()
        guard !isKept else { return }
        _ = try? Program(["rm", "-rf", directory], environment: [:], scratch: "/tmp").finish()
    }

    // MARK: People

    /// With a software key first and a token second.
    static let withTokens = ["alice", "bob", "carol", "dave"]
    /// With a software key only.
    static let withKeyFiles = ["erin", "frank", "grace", "heidi"]
    /// Who may witness what dave starts.
    static let witnesses = ["alice", "bob", "carol", "erin", "frank", "grace", "heidi"]

    func person(_ name: String) -> Person { Person(name: name, room: self) }
    var alice: Person { person("alice") }
    var bob: Person { person("bob") }
    var carol: Person { person("carol") }
    /// The operator.
    var dave: Person { person("dave") }
    var erin: Person { person("erin") }
    /// Nobody on the roster; has a software key and a token.
    var mallory: Person { person("mallory") }
    /// The daemon's own store.
    var house: Person { person("house") }

    // MARK: The daemon

    static let softHSM = "/usr/lib/softhsm/libsofthsm2.so"
    static let origin = "room.example/ceremony/rehearsal"

    var socket: String { directory + "/run/d.sock" }
    var stateDirectory: String { directory + "/state" }
    var daemonLog: String { TestFile.text(directory + "/daemon.log") }
    /// The digest of the founding document.
    var genesis: String { TestFile.text(directory + "/genesis.digest").trimmed }

    /// Runs one of the daemon's commands to its end.
    func ceremonyd(_ arguments: String...) throws -> Ended { try ceremonyd(arguments) }

    /// Runs one of the daemon's commands to its end.
    func ceremonyd(_ arguments: [String]) throws -> Ended {
        try Program(
            wrapped("ceremonyd") + arguments, environment: house.environment,
            scratch: directory
        ).finish()
    }

    /// By how much the clock of the daemon's process alone is wrong.
    var daemonClock: String?

    /// A file that says, while the daemon runs, by how much its clock is wrong.
    var daemonClockFile: String?

    /// One of the built programs, under another clock where the room has one.
    func wrapped(_ program: String) -> [String] {
        if program == "ceremonyd", let file = daemonClockFile {
            // The second env is there because libfaketime changes the environment when it is first
            // loaded, and Swift looks for its arguments before the environment that it finds.
            return [
                "env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1", "FAKETIME_NO_CACHE=1",
                "FAKETIME_TIMESTAMP_FILE=\(file)", "/usr/bin/env",
                "\(Program.products)/\(program)",
            ]
        }
        let clock = program == "ceremonyd" ? daemonClock ?? clock : clock
        return (clock.map { ["faketime", "-f", $0] } ?? []) + ["\(Program.products)/\(program)"]
    }

    /// Writes the configuration.
    func configure() throws {
        let modules = Set([module, CeremonyRoom.softHSM] + furtherModules).sorted().map {
            "\"\($0)\""
        }
        try TestFile.write(
            directory + "/ceremonyd.toml",
            """
            state_directory = "\(stateDirectory)"
            modules = [\(modules.joined(separator: ", "))]
            log_token = "house"
            further_log_tokens = [\(furtherLogTokens.map { "\"\($0)\"" }.joined(separator: ", "))]
            seen = [\(seen.map { "\"\($0)\"" }.joined(separator: ", "))]
            [socket]
            path = "\(socket)"
            mode = "0600"
            [unlock]
            uids = [\(geteuid())]
            [tokens.house]
            uri = "pkcs11:token=house;serial=\(try house.serial)"
            module = "\(module)"
            \(try furtherTokens.map { try table(of: $0) }.joined(separator: "\n"))
            \(furtherConfiguration)

            """)
    }

    private func table(of token: String) throws -> String {
        """
        [tokens.\(token)]
        uri = "pkcs11:token=\(token);serial=\(try house.serial(of: token))"
        module = "\(module)"
        """
    }

    /// Starts the daemon and waits until both sockets answer. It is sealed then.
    func start() throws {
        try configure()
        let started = try Program(
            wrapped("ceremonyd") + ["run", "--config", directory + "/ceremonyd.toml"],
            environment: house.environment, scratch: directory, err: directory + "/daemon.log")
        daemon = started
        try eventually("the daemon answers") {
            try #require(started.isRunning, "the daemon ended: \(daemonLog)")
            return answers(socket + ".unlock") && answers(socket)
        }
    }

    /// Starts the daemon and unlocks the house token.
    func open() throws {
        try start()
        try unlock()
    }

    /// dave unlocks the house token, or another one of the daemon's; gives back what is told.
    @discardableResult
    func unlock(_ token: String = "house") throws -> String {
        let ended = try dave.run(
            "unlock", token, "--clock", today, "--pin-file", house.home + "/pin")
        try #require(ended.status == 0, "\(ended.err)")
        return ended.err
    }

    /// Asks the daemon to stop, and waits until it has.
    func stop() throws {
        daemon?.signal(SIGTERM)
        let status = daemon?.wait()
        daemon = nil
        try #require(status == 0, "the daemon ended with \(status ?? -1): \(daemonLog)")
    }

    /// Takes the daemon's end for a fact, however it came, and gives back how.
    func buryDaemon() -> Int32? {
        defer { daemon = nil }
        let status = daemon?.wait()
        if let daemon { removeClock(of: daemon) }
        return status
    }

    /// What faketime leaves of a process that was killed keeps a later one of the same number from
    /// beginning.
    private func removeClock(of killed: Program) {
        for name in ["faketime_shm_", "sem.faketime_sem_"] {
            unsafe unlink("/dev/shm/\(name)\(killed.pid)")
        }
    }

    /// The date by the daemon's clock.
    var today: String {
        get throws {
            let clock = try call("Status").field("clock")
            return String(decoding: clock.field("reads").text.utf8.prefix(10), as: UTF8.self)
        }
    }

    private func answers(_ path: String) -> Bool {
        guard let socket = try? UnixSocket() else { return false }
        return (try? socket.connect(to: path)) != nil
    }

    // MARK: What the daemon says

    /// Calls a method on a connection of its own.
    func call(_ method: String, _ parameters: [String: JSON] = [:]) throws -> JSON {
        let client = try WireClient(path: socket)
        return .object(try client.call(CeremonyInterface.name + "." + method, parameters))
    }

    /// The lines of the log.
    func log() throws -> [String] {
        var lines: [String] = []
        while true {
            let reply = try call("Log", ["from": .number(lines.count)])
            let page = reply.field("lines").list.map(\.text)
            guard !page.isEmpty else { return lines }
            lines += page
        }
    }

    /// The events of the log from a position on.
    func events(from: Int = 0) throws -> [JSON] {
        try log().dropFirst(from).map { try JSON($0) }
    }

    /// The types of the events from a position on.
    func types(from: Int = 0) throws -> [String] {
        try events(from: from).map { $0.field("type").text }
    }

    /// One ceremony as it stands.
    func ceremony(_ id: String) throws -> JSON {
        try call("Show", ["ceremony": .string(id)]).field("ceremony")
    }

    func state(of id: String) throws -> String { try ceremony(id).field("state").text }
}

extension JSON {
    /// Reads one JSON value.
    init(_ text: String) throws {
        self = try JSON(Array(text.utf8), .message(bytes: 4_194_304))
    }

    /// A field of an object; null where there is none.
    func field(_ name: String) -> JSON {
        guard case .object(let fields) = self else { return .null }
        return fields[name] ?? .null
    }

    var text: String { if case .string(let text) = self { text } else { "" } }
    var number: Int { if case .number(let number) = self { number } else { -1 } }
    var list: [JSON] { if case .array(let list) = self { list } else { [] } }
    var isTrue: Bool { self == .bool(true) }
    var isNull: Bool { self == .null }
}
