// What a rehearsal is made of: the two programs as they are installed, and SoftHSM. None of them is
// taken from the environment; a participant of a rehearsal runs what this client was delivered
// with.

import CeremonyTerminal
import Glibc

/// The programs and the module.
struct RehearsalPrograms {
    let ceremonyctl: String
    let ceremonyd: String
    /// SoftHSM's module, through which everybody reaches their token.
    let module: String
    /// SoftHSM's tool, which makes the tokens.
    let tokenTool: String

    /// Finds them.
    ///
    /// - Parameter module: what stood behind `--module`.
    /// - Throws: `no-softhsm` (66) naming the package; `no-daemon` (66).
    init(module: String?) throws(ClientError) {
        let own = try RehearsalPrograms.ownPath()
        ceremonyctl = own
        let beside = own.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(own[..<$0]) } ?? ""
        ceremonyd = try RehearsalPrograms.daemon(beside)
        let modules = module.map { [$0] } ?? ModuleList.softHSM
        guard let found = modules.first(where: Files.exists) else {
            throw RehearsalPrograms.noSoftHSM(
                "There is no SoftHSM module at \(modules.joined(separator: ", or at ")).")
        }
        self.module = found
        let tools = ["/usr/bin/softhsm2-util", "/usr/local/bin/softhsm2-util"]
        guard let tool = tools.first(where: RehearsalPrograms.isProgram) else {
            throw RehearsalPrograms.noSoftHSM("There is no softhsm2-util in /usr/bin.")
        }
        tokenTool = tool
    }

    private static func daemon(_ beside: String) throws(ClientError) -> String {
        let places = [beside, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
        if let found = places.map({ $0 + "/ceremonyd" }).first(where: isProgram) { return found }
        throw ClientError(
            .notFound, "no-daemon", "There is no ceremonyd in \(places.joined(separator: ", ")).",
            meaning: "A rehearsal has a daemon of its own, which this client starts. Nothing was "
                + "made.",
            next: "Install ceremonyd beside this client.")
    }

    private static func isProgram(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    private static func ownPath() throws(ClientError) -> String {
        var path = [UInt8](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        guard count > 0, let text = String(validating: path.prefix(count), as: UTF8.self) else {
            throw .rehearsal(
                "This program does not find out where it is: \(systemError()).",
                next: "It looks at /proc/self/exe; see that /proc is mounted.")
        }
        return text
    }

    private static func noSoftHSM(_ happened: String) -> ClientError {
        ClientError(
            .notFound, "no-softhsm", happened,
            meaning: "In a rehearsal everybody has a token of software. Nothing was made.",
            next: "Install the package softhsm2 (Debian: apt install softhsm2), or name its module "
                + "with --module PATH.")
    }
}
