// The house of a rehearsal: the real daemon with a software token, and people with software tokens.
// It is founded as every house is, by the verbs and commands that founders use.

import CeremonyRecord
import CeremonyTerminal
import Glibc

/// A daemon and the people who came.
final class RehearsalHouse {
    /// How many people there may be.
    static let peopleRange = 4...10
    /// The log's name. What it ends in says everywhere that nothing of it counts.
    static let origin = "rehearsal.invalid/ceremony/rehearsal"
    /// The daemon's second token, where a rehearsal needs one.
    static let annex = "annex"
    private static let parts: [(name: String, kind: String, roles: String)] = [
        ("alice", "keeper", "witness"), ("bob", "keeper", "witness"),
        ("carol", "external", "witness"), ("dave", "keeper", "operator"),
        ("erin", "external", "witness"), ("frank", "keeper", "witness"),
        ("grace", "external", "witness"), ("heidi", "external", "witness"),
        ("ivan", "keeper", "witness"), ("judy", "external", "witness"),
    ]

    /// What so many people are called.
    static func names(_ count: Int) -> [String] { parts.prefix(count).map(\.name) }

    let place: RehearsalPlace
    let people: [RehearsalPerson]
    /// The daemon's own store.
    let house: RehearsalPerson
    /// Somebody without a token, who asks the daemon what everybody has to do, and verifies.
    let observer: RehearsalPerson
    /// The founding document's digest, as the founders signed it.
    private(set) var genesis = ""
    /// The daemon's tokens.
    let tokens: [String]
    private var daemon: ChildProcess?

    /// A house for so many people, in which nothing is yet.
    ///
    /// - Parameter annex: whether the daemon has a second token, for a log key.
    init(at place: RehearsalPlace, people count: Int, annex: Bool) {
        func person(_ name: String, _ kind: String = "", _ roles: String = "") -> RehearsalPerson {
            RehearsalPerson(
                part: .init(name: name, kind: kind, roles: roles, display: name), house: place)
        }
        self.place = place
        tokens = ["house"] + (annex ? [RehearsalHouse.annex] : [])
        people = RehearsalHouse.parts.prefix(count).map { person($0.name, $0.kind, $0.roles) }
        house = person("house")
        observer = person("observer")
    }

    /// Whoever starts and carries out what is rehearsed, where nobody else has to.
    var `operator`: RehearsalPerson { people[3] }

    /// A person by their name.
    ///
    /// - Throws: `rehearsal-trouble` (1) where nobody is called so.
    func person(_ name: String) throws(ClientError) -> RehearsalPerson {
        if let found = people.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            return found
        }
        throw .rehearsal("Nobody in this rehearsal is called \(Display.neutralised(name)).")
    }

    // MARK: Founding

    /// Tokens, identities, log key, founding document, log.
    func found() throws(ClientError) {
        for folder in ["state", "run", "bin"] {
            try Files.makeDirectory(place.directory + "/" + folder)
        }
        try observer.furnish()
        var members: [String] = []
        for person in people {
            try person.moveIn()
            let made = try person.client(
                ["identity", "create", "--json"] + (try person.withToken()))
            let key = try Reply.read { () throws(JSONError) in
                var fields = try JSONFields(made)
                return try fields.string("public_key")
            }
            let part = person.part
            members += [
                "member: \(part.name) \(part.kind) \(part.roles) \(part.display)",
                "key: \(part.name) \(try person.serial()) \(key)",
            ]
        }
        try house.moveIn()
        for further in tokens.dropFirst() { try house.makeToken(further) }
        try Files.create(configurationFile, Array(try configuration().utf8), mode: 0o600)
        let plan =
            ["origin: \(RehearsalHouse.origin)", "mode: rehearsal", "continues: none"]
            + [try makeLogKey(in: nil).line] + members
        try sign(plan)
        try daemonCommand(
            [
                "init", "--genesis", place.directory + "/genesis", "--origin",
                RehearsalHouse.origin, "--pin-file", house.pinFile,
            ])
    }

    private var configurationFile: String { place.directory + "/ceremonyd.toml" }

    private func configuration() throws(ClientError) -> String {
        """
        state_directory = "\(place.directory)/state"
        modules = ["\(place.programs.module)"]
        log_token = "house"
        further_log_tokens = [\(tokens.dropFirst().map { "\"\($0)\"" }.joined())]
        [socket]
        path = "\(place.socket)"
        mode = "0600"
        [unlock]
        uids = [\(geteuid())]
        \(try tokens.map { token throws(ClientError) in try table(of: token) }.joined())
        """
    }

    private func table(of token: String) throws(ClientError) -> String {
        """
        [tokens.\(token)]
        uri = "pkcs11:token=\(token);serial=\(try house.serial(of: token))"
        module = "\(place.programs.module)"

        """
    }

    /// Makes a log key in the log token, or in a further one; gives back what it is, and its line
    /// of the founding document.
    func makeLogKey(in token: String?) throws(ClientError) -> (vkey: String, line: String) {
        let further = token.map { ["--token", $0] } ?? []
        let said = try daemonCommand(
            [
                "log-key", "--origin", RehearsalHouse.origin, "--pin-file", house.pinFile,
                "--json",
            ] + further)
        let made = try said.json()
        return try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(made)
            let vkey = try fields.string("vkey")
            return (vkey, "log-key: \(vkey) \(try fields.string("uri"))")
        }
    }

    /// Drafts the founding document and has every founder sign it.
    private func sign(_ plan: [String]) throws(ClientError) {
        let document = place.directory + "/genesis"
        let text = plan.joined(separator: "\n") + "\n"
        try Files.create(document + ".plan", Array(text.utf8), mode: 0o600)
        let drafted = try self.operator.ctl([
            "genesis", "draft", document + ".plan", "-o", document,
        ])
        guard drafted.isDone else {
            throw .rehearsal("No founding document could be drafted. " + drafted.trouble)
        }
        genesis = "\(try Files.digest(of: document))"
        for person in people {
            let signed = try person.ctl(
                ["genesis", "sign", document, "--confirm", genesis] + (try person.withToken()))
            guard signed.isDone else {
                throw .rehearsal("\(person.name) did not sign the founding. " + signed.trouble)
            }
        }
    }

    // MARK: The daemon

    /// Runs one of the daemon's commands to its end, which must be a good one.
    @discardableResult
    private func daemonCommand(_ arguments: [String]) throws(ClientError) -> Said {
        let said = try house.run(
            [place.programs.ceremonyd, arguments[0], "--config", configurationFile]
                + arguments.dropFirst())
        guard said.isDone else {
            throw .rehearsal("`ceremonyd \(arguments[0])` failed. \(said.trouble)")
        }
        return said
    }

    /// Starts the daemon and waits until it answers. It is sealed then.
    func start() throws(ClientError) {
        // It does not outlive this process, however that ends.
        let bound =
            Files.exists("/usr/bin/setpriv")
            ? ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--"] : []
        let started = try ChildProcess(
            bound + [place.programs.ceremonyd, "run", "--config", configurationFile],
            environment: house.environment, scratch: place.directory + "/daemon")
        daemon = started
        for _ in 0..<600 {
            guard started.isRunning else {
                throw .rehearsal("The daemon did not start. " + (try started.said()).trouble)
            }
            if try observer.ctl(["call", "Status"]).isDone { return }
            try Interruption.pause(seconds: 0.05)
        }
        throw .rehearsal("The daemon did not answer within half a minute.")
    }

    /// The operator unlocks one of the daemon's tokens, with the date by this machine's clock.
    func unlock(_ token: String) throws(ClientError) -> Said {
        let date = String(decoding: "\(Timestamp.now)".utf8.prefix(10), as: UTF8.self)
        return try self.operator.ctl(
            [
                "unlock", token, "--genesis", genesis, "--clock", date, "--pin-file",
                house.pinFile,
            ])
    }

    /// Refuses to go on with a daemon that has ended by itself, or is about to, and says what it
    /// said. To be asked where it does not answer.
    ///
    /// - Throws: `rehearsal-trouble` (1).
    func requireDaemon() throws(ClientError) {
        guard let daemon else { return }
        for _ in 0..<60 where daemon.isRunning { try Interruption.pause(seconds: 0.05) }
        guard !daemon.isRunning else { return }
        throw .rehearsal("The daemon has ended by itself. " + (try daemon.said()).trouble)
    }

    /// The daemon dies, as by a power cut.
    func killDaemon() { daemon?.end(SIGKILL) }

    /// Ends the daemon and takes the directory away.
    func end() {
        daemon?.end(SIGTERM)
        place.remove()
    }
}
