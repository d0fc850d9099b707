// What the text cannot show: how its parts fit together, and whether the machine is as it says.

import CeremonyEngine
import CeremonyWire
import Glibc

extension Configuration {
    /// Everything on this machine that does not fit the configuration; empty when the daemon can
    /// start. Changes nothing and opens no token.
    public func check() -> [String] {
        let problems = Problems()
        checkStateDirectory(problems)
        checkSocketDirectory(problems)
        if let socketGroup, group == nil {
            problems.note("socket.group", "there is no group \(socketGroup)")
        }
        for module in modules { checkModule(module, problems) }
        for path in seen where unsafe access(path, R_OK) != 0 {
            problems.note("seen", "\(path): \(SystemError("access"))")
        }
        checkDescriptors(problems)
        return problems.all
    }

    /// The vaults for the engine.
    var desk: VaultDesk {
        VaultDesk(
            vaults.values.sorted { $0.name < $1.name }.map {
                VaultDesk.Place(name: $0.name, path: $0.path, vouchedKeys: $0.vouchedKeys)
            })
    }

    /// The number of the sockets' group; `nil` where none is configured or there is no such group.
    public var group: UInt32? {
        guard let socketGroup, let entry = unsafe getgrnam(socketGroup) else { return nil }
        return unsafe entry.pointee.gr_gid
    }

    /// Notes which parts of the configuration do not fit each other.
    func noteContradictions(_ problems: Problems) {
        for (key, path) in [("state_directory", stateDirectory), ("socket.path", socketPath)]
        where !Configuration.isPlainPath(path) {
            problems.note(key, "must be a path from the root, without `.` and `..`")
        }
        if (unlockPath + ".lock").utf8.count > UnixSocket.pathBytesMax {
            problems.note(
                "socket.path", "must be at most \(UnixSocket.pathBytesMax - 12) bytes long")
        }
        for module in modules where !Configuration.isPlainPath(module) {
            problems.note("modules", "\(module) must be a path from the root")
        }
        for path in seen where !Configuration.isPlainPath(path) {
            problems.note("seen", "\(path) must be a path from the root")
        }
        if Set(modules).count != modules.count { problems.note("modules", "one is named twice") }
        for token in tokens.values.sorted(by: { $0.name < $1.name }) { check(token, problems) }
        for vault in vaults.values.sorted(by: { $0.name < $1.name }) { check(vault, problems) }
        if !logToken.isEmpty, tokens[logToken] == nil {
            problems.note("log_token", "there is no [tokens.\(logToken)]")
        }
        for name in furtherLogTokens where tokens[name] == nil {
            problems.note("further_log_tokens", "there is no [tokens.\(name)]")
        }
        if Set(logTokens).count != logTokens.count {
            problems.note("further_log_tokens", "a token is named twice")
        }
    }

    private func check(name: String, at place: String, _ problems: Problems) {
        let name = Array(name.utf8)
        let isName = name.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0)
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        if !isName || name.isEmpty || name.count > 63 {
            problems.note(place, "a name is 1 to 63 of a-z, 0-9, - and _")
        }
    }

    private func check(_ vault: Vault, _ problems: Problems) {
        let place = "vaults.\(vault.name)"
        check(name: vault.name, at: place, problems)
        if !Configuration.isPlainPath(vault.path) {
            problems.note(place + ".path", "must be a path from the root, without `.` and `..`")
        }
        for key in vault.vouchedKeys where !VaultDesk.isKeyID(key) {
            problems.note(place + ".vouched_keys", "\(key) is no key id (bp1_ and 16 hex digits)")
        }
        checkPlace(vault, problems)
    }

    /// No vault may lie in another or in the state directory, nor these in a vault: what is put
    /// ready beside the one would be a file in the other.
    private func checkPlace(_ vault: Vault, _ problems: Problems) {
        let place = "vaults.\(vault.name).path"
        let names = Configuration.names(vault.path)
        for other in vaults.values.sorted(by: { $0.name < $1.name })
        where other.name != vault.name {
            let others = Configuration.names(other.path)
            if names.elementsEqual(others, by: { $0.elementsEqual($1) }) {
                if other.name < vault.name {
                    problems.note(place, "is that of vaults.\(other.name) as well")
                }
            } else if names.starts(with: others, by: { $0.elementsEqual($1) }) {
                problems.note(place, "lies in that of vaults.\(other.name)")
            }
        }
        let state = Configuration.names(stateDirectory)
        if names.starts(with: state, by: { $0.elementsEqual($1) })
            || state.starts(with: names, by: { $0.elementsEqual($1) })
        {
            problems.note(place, "must not lie in state_directory, nor that in it")
        }
    }

    private func check(_ token: Token, _ problems: Problems) {
        let place = "tokens.\(token.name)"
        check(name: token.name, at: place, problems)
        let uri = token.uri
        if !uri.isEmpty {
            if uri.contains("pin-value") || uri.contains("pin-source") {
                problems.note(place + ".uri", "never holds a PIN or the place of one; take it out")
            } else if let complaint = TokenRack.complaint(about: uri) {
                problems.note(
                    place + ".uri", "\(complaint); give pkcs11:token=NAME;serial=NUMBER")
            }
        }
        if !token.module.isEmpty, !modules.contains(token.module) {
            problems.note(place + ".module", "is not in modules")
        }
    }

    private func checkStateDirectory(_ problems: Problems) {
        guard let status = Configuration.directory("state_directory", stateDirectory, problems)
        else { return }
        if status.st_uid != geteuid() {
            problems.note(
                "state_directory",
                "\(stateDirectory) belongs to uid \(status.st_uid), the daemon runs as \(geteuid())"
            )
        }
        if status.st_mode & 0o077 != 0 {
            problems.note("state_directory", "\(stateDirectory) is open to others; chmod 700 it")
        }
    }

    private func checkSocketDirectory(_ problems: Problems) {
        let end = socketPath.utf8.lastIndex(of: UInt8(ascii: "/")) ?? socketPath.startIndex
        let parent = end == socketPath.startIndex ? "/" : String(socketPath[..<end])
        guard let status = Configuration.directory("socket.path", parent, problems) else { return }
        if status.st_uid != 0, status.st_uid != geteuid() {
            problems.note("socket.path", "\(parent) belongs to uid \(status.st_uid)")
        }
        if status.st_mode & 0o022 != 0 {
            problems.note(
                "socket.path", "\(parent) can be written by others, who could put a socket there")
        }
    }

    private func checkModule(_ module: String, _ problems: Problems) {
        var status = stat()
        guard unsafe stat(module, &status) == 0 else {
            return problems.note("modules", "\(module): \(SystemError("stat"))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return problems.note("modules", "\(module) is not a plain file")
        }
        if status.st_mode & 0o022 != 0 || (status.st_uid != 0 && status.st_uid != geteuid()) {
            problems.note("modules", "\(module) can be changed by others")
        }
    }

    /// Connections, their log, database, modules and tokens all want descriptors.
    private func checkDescriptors(_ problems: Problems) {
        var limit = rlimit()
        let wanted = limits.connectionsMax + 128
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        if limit.rlim_cur < wanted {
            problems.note(
                "limits.connections",
                "\(limits.connectionsMax) connections want \(wanted) file descriptors, "
                    + "RLIMIT_NOFILE is \(limit.rlim_cur)")
        }
    }

    private static func directory(
        _ key: String, _ path: String, _ problems: Problems
    ) -> stat? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            problems.note(key, "\(path): \(SystemError("stat"))")
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            problems.note(key, "\(path) is not a directory")
            return nil
        }
        return status
    }

    /// The names on the way of a path, as bytes; a slash too many is none.
    private static func names(_ path: String) -> [Substring.UTF8View] {
        path.utf8.split(separator: UInt8(ascii: "/"))
    }

    private static func isPlainPath(_ path: String) -> Bool {
        let parts = names(path)
        return path.utf8.first == UInt8(ascii: "/") && !parts.isEmpty
            && !parts.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
    }
}
