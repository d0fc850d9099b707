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
        let made = try run(
            [
                house.programs.tokenTool, "--init-token", "--free", "--label", name, "--pin", pin,
                "--so-pin", "so-" + pin,
            ])
        guard made.isDone else { throw .rehearsal("No token could be made. " + made.trouble) }
        let shown = try client(["tokens", "--module", house.programs.module, "--json"])
        let serial = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(shown)
            var mine: [String] = []
            for var token in try fields.objects("tokens")
            where try token.string("label").utf8.elementsEqual(name.utf8) {
                mine.append(try token.string("serial"))
            }
            return mine.count == 1 ? mine[0] : nil
        }
        guard let serial else {
            throw .rehearsal(
                "The module \(house.programs.module) does not show the token that softhsm2-util "
                    + "has made for \(name).",
                next: "Leave --module out, or name the module that belongs to softhsm2-util.")
        }
        try Files.create(home + "/serial", Array(serial.utf8), mode: 0o600)
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
    func serial() throws(ClientError) -> String {
        String(decoding: try Files.read(home + "/serial"), as: UTF8.self)
    }

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
