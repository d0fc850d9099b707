// Which PKCS#11 modules this client loads. Not p11-kit's configured list: a system file could then
// put something between a custodian's PIN and their token. A module is code that sees the PIN, so
// it is named by the person who runs this, or it is one of a few that distributions install.

import CeremonyTerminal
import Glibc

/// The modules that are asked for tokens, in order.
struct ModuleList: Sendable {
    /// Paths of shared libraries.
    let paths: [String]
    /// Whether a person named them; a well-known path that is not there is no news then.
    let areChosen: Bool

    /// `--module` options, else `~/.config/ceremonyctl/modules` (one path a line, `#` begins a
    /// comment), else those of ``wellKnown`` that are installed.
    ///
    /// - Throws: `modules-file` (78) where a line is not an absolute path.
    init(options: [String]) throws(ClientError) {
        if !options.isEmpty {
            self.init(paths: options, areChosen: true)
        } else if let configured = try ModuleList.configured() {
            self.init(paths: configured, areChosen: true)
        } else {
            self.init(paths: ModuleList.wellKnown.filter(Files.exists), areChosen: false)
        }
    }

    private init(paths: [String], areChosen: Bool) {
        self.areChosen = areChosen
        // One library under two names would be initialised twice, which modules refuse.
        var seen: Set<String> = []
        self.paths = paths.filter { seen.insert(ModuleList.resolved($0)).inserted }
    }

    /// Where Debian and Fedora put SoftHSM's.
    static let softHSM = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"]

    /// Where Debian and Fedora put the modules that can do Ed25519.
    static let wellKnown =
        softHSM + [
            "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
            "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
            "/usr/lib64/pkcs11/opensc-pkcs11.so",
            "/usr/lib/x86_64-linux-gnu/libykcs11.so.2", "/usr/lib/aarch64-linux-gnu/libykcs11.so.2",
            "/usr/lib64/libykcs11.so.2",
        ]

    private static func configured() throws(ClientError) -> [String]? {
        let path = try Home.configuration + "/ceremonyctl/modules"
        guard Files.exists(path) else { return nil }
        var paths: [String] = []
        let lines = try Files.read(path).split(separator: 10, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let first = line.first(where: { $0 != 0x20 && $0 != 0x09 }),
                first != UInt8(ascii: "#")
            else { continue }
            guard line.first == UInt8(ascii: "/"),
                let text = String(validating: line, as: UTF8.self)
            else {
                throw ClientError(
                    .configuration, "modules-file",
                    "Line \(index + 1) of \(path) is not an absolute path.",
                    meaning: "No module was loaded.",
                    next: "Write one absolute path a line; `#` begins a comment.")
            }
            paths.append(text)
        }
        return paths
    }

    private static func resolved(_ path: String) -> String {
        guard let full = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(full) }
        return unsafe String(cString: full)
    }
}
