// Every mistake is named, all at once, with its place; nothing unknown becomes a default.

import CeremonyWire
import Glibc
import Testing

@testable import CeremonyDaemon

@Suite("Configuration")
struct ConfigurationTests {
    static let small = """
        modules = ["/m.so"]
        log_token = "house"
        [unlock]
        uids = [7]
        [tokens.house]
        uri = "pkcs11:token=house;serial=1"
        module = "/m.so"
        """

    private func problems(_ text: String) -> [String] {
        do {
            _ = try Configuration(text: text)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("the sample is a configuration, and its comments show the real defaults")
    func sample() throws {
        let plain = try Configuration(text: Configuration.sample)
        // `# key = value` is a key shown with its default; everything else is prose.
        let spelled = Configuration.sample.split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { line -> Substring in
            let words = line.split(separator: " ")
            return words.count >= 4 && words[0] == "#" && words[2] == "=" ? line.dropFirst(2) : line
        }.joined(separator: "\n")
        var explicit = try Configuration(text: spelled)
        #expect(explicit.socketGroup == "ceremony")
        explicit.socketGroup = nil
        #expect(explicit == plain)
        for setting in Limits.settable { #expect(spelled.contains("\n\(setting.name) = ")) }
        #expect(!Configuration.sample.contains("pin-value"))
    }

    @Test("no vault lies in another or in the state directory, however the paths are written")
    func vaultsApart() {
        func said(_ alpha: String, _ beta: String, state: String = "/var/lib/ceremonyd") -> [String]
        {
            problems(
                "state_directory = \"\(state)\"\n" + Self.small
                    + "\n[vaults.alpha]\npath = \"\(alpha)\"\n[vaults.beta]\npath = \"\(beta)\"\n")
        }
        #expect(said("/srv/alpha", "/srv/alphabet/") == [])
        #expect(
            said("/srv/alpha", "/srv/alpha/") == [
                "vaults.beta.path: is that of vaults.alpha as well"
            ])
        #expect(
            said("/srv/alpha/", "/srv/alpha/beta") == [
                "vaults.beta.path: lies in that of vaults.alpha"
            ])
        #expect(said("/srv//b/a", "/srv/b") == ["vaults.alpha.path: lies in that of vaults.beta"])
        let together = "vaults.beta.path: must not lie in state_directory, nor that in it"
        #expect(said("/srv/alpha", "/var/lib/ceremonyd/beta") == [together])
        #expect(said("/srv/alpha", "/srv/beta", state: "/srv/beta/state/") == [together])
    }

    @Test("what is left out has its default")
    func defaults() throws {
        let configuration = try Configuration(text: Self.small)
        #expect(configuration.stateDirectory == "/var/lib/ceremonyd")
        #expect(configuration.socketPath == "/run/ceremonyd/ceremonyd.sock")
        #expect(configuration.unlockPath == "/run/ceremonyd/ceremonyd.sock.unlock")
        #expect(configuration.socketMode == 0o660)
        #expect(configuration.unlockUids == [7] && configuration.guardianUids.isEmpty)
        #expect(configuration.limits == .standard)
        #expect(configuration.tokens["house"]?.uri == "pkcs11:token=house;serial=1")
    }

    @Test("all problems are told in one go, each with its key")
    func allAtOnce() {
        let text = """
            modules = ["relative.so", 7]
            log_token = "hose"
            log_levl = "info"
            state_directory = "/var/../lib"
            log_level = "loud"
            [socket]
            mode = "0777"
            path = 7
            [unlock]
            uids = [7, 7]
            guardians = [8, -1]
            [tokens.house]
            uri = "pkcs11:serial=1?pin-value=1234"
            module = "/n.so"
            pin = "1234"
            [limits]
            connections = 1000
            idle_secs = 4
            [witnesses]
            count = 3
            """
        #expect(
            problems(text) == [
                "modules: must be an array of strings",
                "log_level: must be one of trace, debug, info, notice, warning, error, critical",
                "socket.path: must be a string in quotes",
                "socket.mode: must be four octal digits that let the owner and no executing in, "
                    + "such as \"0660\"",
                "unlock.uids: must be user ids, each once",
                "unlock.guardians: must be user ids, each once",
                "tokens.house.pin: there is no such key",
                "limits.connections: must be 4 to 640, is 1000",
                "limits.idle_secs: there is no such key",
                "log_levl: there is no such key",
                "witnesses: there is no such key",
                "state_directory: must be a path from the root, without `.` and `..`",
                "tokens.house.uri: never holds a PIN or the place of one; take it out",
                "tokens.house.module: is not in modules",
                "log_token: there is no [tokens.hose]",
            ])
    }

    @Test(
        "a token is named by label and serial number, or its entry is refused by its path",
        arguments: [
            ("pkcs11:serial=1", "must give token"), ("pkcs11:token=house", "must give serial"),
            ("pkcs11:token=house;serial=1;object=key", "names an object"),
            ("pkcs11:token=house;serial=%zz", "%XX"), ("house", "begins with"),
        ])
    func vagueToken(uri: String, complaint: String) throws {
        let found = problems(
            Self.small.replacing("pkcs11:token=house;serial=1", with: uri))
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("tokens.house.uri: "))
        #expect(try #require(found.first).contains(complaint))
    }

    @Test("required keys are missed by name")
    func missing() {
        #expect(
            problems("") == [
                "modules: is missing", "log_token: is missing", "unlock.uids: is missing",
            ])
    }

    @Test(
        "what is not TOML is told with line and column",
        arguments: [
            ("a = ", "line 1, column"), ("\n\n[", "line 3, column"),
            ("log_token = \"a\"\nlog_token = \"b\"", "line 2, column"),
            ("log_token = \"a\\u0000b\"", "the file contains a NUL"),
        ])
    func notTOML(text: String, start: String) throws {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix(start))
    }

    @Test("checkpoints to be reached are full paths of files that can be read")
    func seen() throws {
        #expect(try Configuration(text: Self.small).seen.isEmpty)
        #expect(
            problems("seen = [\"a\", \"/../b\"]\n" + Self.small) == [
                "seen: a must be a path from the root", "seen: /../b must be a path from the root",
            ])
        let found = try Configuration(text: "seen = [\"/no/such/file\"]\n" + Self.small).check()
        #expect(found.contains { $0.hasPrefix("seen: /no/such/file") })
    }

    @Test("limits that cannot be kept together are refused")
    func contradictions() {
        let text = Self.small + "\n[limits]\nconnections = 8\nconnections_per_uid = 9"
        #expect(problems(text) == ["limits: connections_per_uid is larger than connections"])
        var limits = Limits()
        limits.connectionsMax = 641
        #expect(limits.contradictions.count == 1)
        limits.connectionsMax = 640
        #expect(limits.contradictions.isEmpty)
    }

    @Test("a file that others can write, a link to a device and a missing file are not read")
    func files() throws {
        let directory = TestDirectory()
        let path = directory.path + "/c.toml"
        let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        let text = Array(Self.small.utf8)
        #expect(unsafe write(file, text, text.count) == text.count)
        close(file)
        #expect(try Configuration(file: path).logToken == "house")
        for mode: mode_t in [0o620, 0o602, 0o666] {
            unsafe chmod(path, mode)
            #expect(throws: ConfigurationError.self) { try Configuration(file: path) }
        }
        unsafe symlink("/dev/zero", directory.path + "/z")
        #expect(
            throws: ConfigurationError(problems: [
                "\(directory.path)/z: is not a plain file"
            ])
        ) { try Configuration(file: directory.path + "/z") }
        #expect(throws: ConfigurationError.self) { try Configuration(file: path + "x") }
    }

    @Test("the check names everything on the machine that does not fit")
    func checking() throws {
        let directory = TestDirectory()
        var configuration = try Configuration(text: Self.small)
        configuration.stateDirectory = directory.path
        configuration.socketPath = directory.path + "/s"
        configuration.modules = ["/proc/self/exe"]
        #expect(configuration.check() == [])

        unsafe chmod(directory.path, 0o770)
        configuration.modules = ["/nonexistent.so", "/tmp"]
        configuration.socketGroup = "no such group"
        let found = configuration.check()
        #expect(
            found.map { $0.prefix { $0 != ":" } } == [
                "state_directory", "socket.path", "socket.group", "modules", "modules",
            ])
        unsafe chmod(directory.path, 0o700)
    }
}
