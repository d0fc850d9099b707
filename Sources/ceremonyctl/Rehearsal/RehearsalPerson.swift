// A participant of a rehearsal: a home, a token store, a token and a client of their own, and
// nothing shared with the others but the daemon's socket. The daemon's own store is one too.
//
// A rehearsal's PIN opens a token that was made a moment ago, holds nothing, and goes with the
// rehearsal: it is nobody's secret, stands in a file, and softhsm2-util, which takes it no other
// way, is given it as an argument. No way for the PIN of another token leads through here: every
// login names the token by the serial that was just made.

import CeremonyRecord
import CeremonyTerminal
import Glibc
import Sodium

/// Somebody who takes part.
struct RehearsalPerson {
    /// What they are in the founding document.
    struct Part {
        let name: String
        let kind: String
        let roles: String
        let display: String
    }

    let part: Part
    let house: RehearsalPlace

    var name: String { part.name }
    var home: String { house.directory + "/" + name }
    var pinFile: String { home + "/pin" }
    private var tokens: String { home + "/tokens" }

    /// All of their environment.
    var environment: [String: String] {
        [
            "HOME": home, "XDG_STATE_HOME": home + "/state", "XDG_CONFIG_HOME": home + "/config",
            "PATH": "/usr/bin:/bin", "SOFTHSM2_CONF": home + "/softhsm2.conf", "LANG": "C.UTF-8",
        ]
    }

    /// The options with which their client reaches their own token and no other.
    func withToken() throws(ClientError) -> [String] {
        [
            "--module", house.programs.module, "--token", try serial(), "--pin-file", pinFile,
        ]
    }

    /// A path in their home at which nothing is yet.
    func path(_ what: String) -> String {
        home + "/" + what + "-" + Hex.encode(randomBytes(6))
    }

    // MARK: Their things

    /// Makes the home and, in a store of its own, a token called as they are.
    func moveIn() throws(ClientError) {
        try furnish()
        let pin = String(
            decoding: randomBytes(8).map { UInt8(ascii: "0") + $0 % 10 }, as: UTF8.self)
        try Files.create(pinFile, Array((pin + "\n").utf8), mode: 0o600)
        try makeToken(name)
    }

    /// Makes a token in their store, with their PIN.
    func makeToken(_ label: String) throws(ClientError) {
        let pin = String(decoding: try Files.read(pinFile).prefix { $0 != 0x0a }, as: UTF8.self)
        let made = try run(
            [
                house.programs.tokenTool, "--init-token", "--free", "--label", label, "--pin", pin,
                "--so-pin", "so-" + pin,
            ])
        guard made.isDone else { throw .rehearsal("No token could be made. " + made.trouble) }
        let shown = try client(["tokens", "--module", house.programs.module, "--json"])
        let serials = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(shown)
            var found: [String] = []
            for var token in try fields.objects("tokens")
            where try token.string("label").utf8.elementsEqual(label.utf8) {
                found.append(try token.string("serial"))
            }
            return found
        }
        guard serials.count == 1 else {
            throw .rehearsal(
                "The module \(house.programs.module) does not show the one token that "
                    + "softhsm2-util has made for \(label).",
                next: "Leave --module out, or name the module that belongs to softhsm2-util.")
        }
        try Files.create(serialFile(of: label), Array(serials[0].utf8), mode: 0o600)
    }

    /// Makes the home with an empty store.
    func furnish() throws(ClientError) {
        for folder in [tokens, home + "/said", home + "/config/ceremonyctl"] {
            try Files.makeDirectory(folder)
        }
        let store =
            "directories.tokendir = \(tokens)\nobjectstore.backend = file\nlog.level = ERROR\n"
        try Files.create(home + "/softhsm2.conf", Array(store.utf8), mode: 0o600)
        try Files.create(
            home + "/config/ceremonyctl/modules", Array((house.programs.module + "\n").utf8),
            mode: 0o600)
    }

    /// The serial of their token.
    func serial() throws(ClientError) -> String { try serial(of: name) }

    /// The serial of a token in their store.
    func serial(of label: String) throws(ClientError) -> String {
        String(decoding: try Files.read(serialFile(of: label)), as: UTF8.self)
    }

    private func serialFile(of label: String) -> String { "\(home)/\(label).serial" }

    /// Takes their token away: it is as if they had left it at home.
    func losesToken() throws(ClientError) {
        guard unsafe rename(tokens, home + "/tokens.lost") == 0 else {
            throw .rehearsal("The token of \(name) cannot be taken away: \(systemError()).")
        }
        try Files.makeDirectory(tokens)
    }

    // MARK: Their client

    /// Starts their client.
    func begin(_ arguments: [String]) throws(ClientError) -> ChildProcess {
        try ChildProcess(
            [house.programs.ceremonyctl, "--socket", house.socket] + arguments,
            environment: environment, scratch: path("said/run"))
    }

    /// Runs their client to its end.
    func ctl(_ arguments: [String]) throws(ClientError) -> Said { try begin(arguments).finish() }

    /// Runs their client, which must succeed; gives back what it printed as JSON.
    func client(_ arguments: [String]) throws(ClientError) -> JSON {
        let said = try ctl(arguments)
        guard said.isDone else {
            throw .rehearsal("`ceremonyctl \(arguments[0])` of \(name) failed. \(said.trouble)")
        }
        return try said.json()
    }

    /// Runs another program as them.
    func run(_ command: [String]) throws(ClientError) -> Said {
        try ChildProcess.run(command, environment: environment, scratch: path("said/run"))
    }
}
