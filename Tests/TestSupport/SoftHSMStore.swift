// Real SoftHSM tokens for one test: a directory that holds their objects, a configuration, and a
// copy of the module, all gone at the end. SoftHSM is global to a process (one configuration, one
// login per token), so every test loads a copy of its own.

import Foundation
public import PKCS11
import Synchronization

/// A directory with SoftHSM tokens that belong to one test.
public struct SoftHSMStore: Sendable {
    /// Why there is no store.
    public struct Failure: Error, CustomStringConvertible {
        /// What went wrong.
        public let description: String
    }

    /// Everything of the store is below this directory, which only its owner can enter.
    public let directory: String
    /// The store's own copy of the module.
    public var modulePath: String { directory + "/libsofthsm2.so" }
    /// The store's configuration, for `SOFTHSM2_CONF`.
    public var configurationPath: String { directory + "/softhsm2.conf" }
    /// The environment of a process that works with this store.
    public var environment: [String: String] {
        ProcessInfo.processInfo.environment.merging(["SOFTHSM2_CONF": configurationPath]) { $1 }
    }

    /// The PIN that tokens get where none is given. Tests only: it stands in this file.
    public static let pin = "4729-test"
    /// The security officer's PIN that tokens get where none is given.
    public static let securityOfficerPIN = "9274-test"

    /// Where distributions put the module.
    private static let modules = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
    ]

    /// Makes an empty store in a fresh directory below the system's temporary one.
    public init() throws {
        let files = FileManager.default
        guard let module = Self.modules.first(where: files.fileExists(atPath:)) else {
            throw Failure(description: "SoftHSM is not installed; apt-get install softhsm2")
        }
        directory =
            files.temporaryDirectory.appendingPathComponent("softhsm-" + UUID().uuidString)
            .path
        try files.createDirectory(
            atPath: directory + "/tokens", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let template = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("softhsm.conf")
        try String(contentsOf: template, encoding: .utf8)
            .replacingOccurrences(of: "@TOKENDIR@", with: directory + "/tokens")
            .write(toFile: configurationPath, atomically: true, encoding: .utf8)
        // What the package installs is a link; a linked file would be the same library again.
        try files.copyItem(
            atPath: URL(fileURLWithPath: module).resolvingSymlinksInPath().path, toPath: modulePath)
    }

    /// Removes the store and everything in it.
    public func remove() {
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Initialises a token with `softhsm2-util`, in a process of its own.
    ///
    /// A module that is loaded already does not see it until it was finalised and loaded again.
    public func makeToken(
        label: String, pin: String = Self.pin, securityOfficerPIN: String = Self.securityOfficerPIN
    ) throws {
        _ = try run(
            "softhsm2-util",
            [
                "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin",
                securityOfficerPIN,
            ])
    }

    /// Removes a token for good, with `softhsm2-util`.
    public func deleteToken(label: String) throws {
        _ = try run("softhsm2-util", ["--delete-token", "--token", label])
    }

    /// Takes all tokens away, as if somebody had pulled them out.
    public func hideTokens() throws {
        try FileManager.default.moveItem(
            atPath: directory + "/tokens", toPath: directory + "/elsewhere")
    }

    /// Puts them back.
    public func showTokens() throws {
        try FileManager.default.moveItem(
            atPath: directory + "/elsewhere", toPath: directory + "/tokens")
    }

    /// Loads and initialises the store's module in this process.
    ///
    /// SoftHSM reads its configuration at C_Initialize, from an environment that the whole process
    /// shares: hence the lock.
    public func loadModule() throws -> Module {
        try loadModule(at: modulePath)
    }

    /// The same through another module that reads the same configuration.
    public func loadModule(at path: String) throws -> Module {
        try Self.environmentLock.withLock { _ in
            setenv("SOFTHSM2_CONF", configurationPath, 1)
            defer { unsetenv("SOFTHSM2_CONF") }
            return try Module(path: path)
        }
    }

    private static let environmentLock = Mutex(())

    /// Runs a program with the store's environment and gives back what it said on both outputs.
    ///
    /// - Throws: ``Failure`` with that text where it does not end with 0.
    public func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                description: "\(program) ended with \(process.terminationStatus): \(text)")
        }
        return text
    }

    /// Runs `pkcs11-tool` on the store.
    public func pkcs11Tool(_ arguments: String...) throws -> String {
        try run("pkcs11-tool", ["--module", modulePath] + arguments)
    }
}

/// Runs a test with tokens of its own, which are gone afterwards.
public func withSoftHSM<R>(
    tokens labels: [String] = ["house"], _ body: (SoftHSMStore) async throws -> R
) async throws -> R {
    let store = try SoftHSMStore()
    defer { store.remove() }
    for label in labels { try store.makeToken(label: label) }
    return try await body(store)
}
