// A store whose module misbehaves on demand: SoftHSM behind a forwarding module (CFaultToken) that
// fails the calls that a test names and writes down every call it saw.

import Foundation
public import PKCS11

extension SoftHSMStore {
    /// The store's copy of the forwarding module, put there at the first use.
    public func faultModulePath() throws -> String {
        let path = directory + "/libFaultToken.so"
        let files = FileManager.default
        if !files.fileExists(atPath: path) {
            // SwiftPM builds the library beside the programs that are under test.
            let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
                .deletingLastPathComponent()
            try files.copyItem(
                atPath: products.appendingPathComponent("libFaultToken.so").path, toPath: path)
        }
        return path
    }

    /// Loads the forwarding module in this process.
    public func loadFaultModule() throws -> Module {
        try loadModule(at: faultModulePath())
    }

    /// Says which calls fail from now on, and forgets what was said before; the counting of calls
    /// starts anew. One line for each fault, as CFaultToken describes them:
    /// `C_Login 1 rv 0x30`, `C_GetTokenInfo * flags 0x20000`.
    public func setFaults(_ lines: String...) throws {
        try setFaults(lines)
    }

    /// The same.
    public func setFaults(_ lines: [String]) throws {
        // A comment that is never the same makes the file another one.
        try (lines + ["# " + UUID().uuidString]).joined(separator: "\n")
            .write(toFile: directory + "/faults", atomically: true, encoding: .utf8)
    }

    /// Puts a file there for which a call hangs (`hang NAME`), until ``release(_:)``.
    public func hold(_ name: String) throws {
        try "".write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
    }

    /// Lets the calls go on that hang for the file.
    public func release(_ name: String) throws {
        try FileManager.default.removeItem(atPath: directory + "/" + name)
    }

    /// The calls the forwarding module saw, with what matters of their arguments.
    public func calls(of function: String = "C_") throws -> [String] {
        let path = directory + "/calls"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map(String.init)
            .filter { $0 == function || $0.hasPrefix(function == "C_" ? "C_" : function + " ") }
    }

    /// Forgets the calls seen so far.
    public func forgetCalls() throws {
        try "".write(toFile: directory + "/calls", atomically: true, encoding: .utf8)
    }
}
