// From the file to the value. The file decides which library is loaded into the process that holds
// open tokens, so one that others can write is not read at all.

import CeremonyWire
import Glibc
import Logging
import TOMLKit

extension Configuration {
    /// The most bytes of a configuration file.
    static let fileBytesMax = 65_536

    /// Reads a configuration file.
    ///
    /// The file belongs to root or to this process's user, nobody else can write it, and it is a
    /// plain file.
    ///
    /// - Throws: ``ConfigurationError`` with every problem of the text.
    public init(file path: String) throws(ConfigurationError) {
        try self.init(text: try Configuration.contents(of: path))
    }

    /// Reads the text of a configuration.
    ///
    /// - Throws: ``ConfigurationError`` with every problem of the text; line and column where it is
    ///   not TOML, the key's path otherwise.
    public init(text: String) throws(ConfigurationError) {
        let root = try Configuration.parse(text)
        let problems = Problems()
        var top = TableReader(root, noting: problems)
        stateDirectory = top.string("state_directory", default: "/var/lib/ceremonyd")
        modules = top.strings("modules")
        logToken = top.string("log_token")
        furtherLogTokens = top.strings("further_log_tokens", default: [])
        seen = top.strings("seen", default: [])
        let level = top.string("log_level", default: "info")
        logLevel = Logger.Level(rawValue: level) ?? .info
        if logLevel.rawValue != level {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            problems.note("log_level", "must be one of \(levels)")
        }
        (socketPath, socketMode, socketGroup) = Configuration.socket(&top, problems)
        (unlockUids, guardianUids) = Configuration.unlock(&top, problems)
        tokens = Configuration.tokens(&top)
        vaults = Configuration.vaults(&top)
        var poll = top.table("poll")
        let range = 1...Limits.timerSecondsMax
        tokenPollSeconds = poll.int("tokens_seconds", in: range, default: 5)
        deadlinePollSeconds = poll.int("deadlines_seconds", in: range, default: 10)
        poll.finish()
        limits = Configuration.limits(&top, problems)
        top.finish()
        noteContradictions(problems)
        // TOMLKit's tables point into the root without keeping it.
        withExtendedLifetime(root) {}
        guard problems.all.isEmpty else { throw ConfigurationError(problems: problems.all) }
    }

    private static func parse(_ text: String) throws(ConfigurationError) -> TOMLTable {
        // TOMLKit hands strings over as C strings, which would end at a NUL.
        guard !text.utf8.contains(0), !text.contains("\\u0000"), !text.contains("\\U00000000")
        else { throw ConfigurationError(problems: ["the file contains a NUL"]) }
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let place = error.source.begin
            throw ConfigurationError(problems: [
                "line \(place.line), column \(place.column): \(error.description)"
            ])
        } catch {
            throw ConfigurationError(problems: ["not TOML: \(error)"])
        }
    }

    private static func socket(
        _ top: inout TableReader, _ problems: Problems
    ) -> (path: String, mode: UInt32, group: String?) {
        var table = top.table("socket")
        defer { table.finish() }
        let path = table.string("path", default: "/run/ceremonyd/ceremonyd.sock")
        let text = table.string("mode", default: "0660")
        var mode: UInt32 = 0
        if text.utf8.count == 4, text.utf8.first == UInt8(ascii: "0"),
            let value = UInt32(text, radix: 8), value & 0o600 == 0o600, value & ~0o666 == 0
        {
            mode = value
        } else {
            problems.note(
                table.place("mode"),
                "must be four octal digits that let the owner and no executing in, such as \"0660\""
            )
        }
        return (path, mode, table.optionalString("group"))
    }

    private static func unlock(_ top: inout TableReader, _ problems: Problems) -> (
        uids: Set<UInt32>, guardians: Set<UInt32>
    ) {
        var table = top.table("unlock")
        defer { table.finish() }
        func users(_ name: String, _ numbers: [Int]) -> Set<UInt32> {
            let uids = Set(numbers.compactMap { UInt32(exactly: $0) }).subtracting([.max])
            if uids.count != numbers.count {
                problems.note(table.place(name), "must be user ids, each once")
            }
            return uids
        }
        let uids = users("uids", table.ints("uids"))
        return (uids, users("guardians", table.ints("guardians", default: [])))
    }

    private static func tokens(_ top: inout TableReader) -> [String: Token] {
        var tokens: [String: Token] = [:]
        var table = top.table("tokens")
        for name in table.names {
            var entry = table.table(name)
            tokens[name] = Token(
                name: name, uri: entry.string("uri"), module: entry.string("module"))
            entry.finish()
        }
        table.finish()
        return tokens
    }

    private static func vaults(_ top: inout TableReader) -> [String: Vault] {
        var vaults: [String: Vault] = [:]
        var table = top.table("vaults")
        for name in table.names {
            var entry = table.table(name)
            vaults[name] = Vault(
                name: name, path: entry.string("path"),
                vouchedKeys: entry.strings("vouched_keys", default: []))
            entry.finish()
        }
        table.finish()
        return vaults
    }

    private static func limits(_ top: inout TableReader, _ problems: Problems) -> Limits {
        var limits = Limits()
        var table = top.table("limits")
        for setting in Limits.settable {
            limits[keyPath: setting.path] = table.int(
                setting.name, in: setting.range, default: limits[keyPath: setting.path])
        }
        table.finish()
        for contradiction in limits.contradictions { problems.note("limits", contradiction) }
        return limits
    }

    private static func contents(of path: String) throws(ConfigurationError) -> String {
        func refuse(_ what: String) -> ConfigurationError {
            ConfigurationError(problems: ["\(path): \(what)"])
        }
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw refuse(SystemError("open").description) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            throw refuse(SystemError("fstat").description)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw refuse("is not a plain file") }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw refuse("belongs to uid \(status.st_uid); make it root's or the daemon's")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw refuse("can be written by others; chmod go-w it")
        }
        guard status.st_size <= fileBytesMax else {
            throw refuse("is larger than \(fileBytesMax) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax + 1)
        var count = 0
        while count < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(
                    file, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw refuse(SystemError("read").description) }
            if got == 0 { break }
            count += got
        }
        guard count <= fileBytesMax else { throw refuse("is larger than \(fileBytesMax) bytes") }
        guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else {
            throw refuse("is not UTF-8")
        }
        return text
    }
}
