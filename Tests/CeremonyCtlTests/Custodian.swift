// A custodian as the tests know one: a SoftHSM store of their own, a home of their own, and the
// built client. Everything is below the store's directory and goes with it.

import Glibc
import TestSupport
import Testing

/// A person with tokens and a client.
struct Custodian {
    let store: SoftHSMStore

    /// The client in this person's environment.
    var client: ClientProcess {
        ClientProcess(
            directory: store.directory, environment: ["SOFTHSM2_CONF": store.configurationPath])
    }

    /// Runs the client on this person's module without a terminal.
    func run(_ arguments: String..., pin: String? = nil) throws -> ClientRun {
        try client.run(
            arguments + ["--module", store.modulePath] + (pin == nil ? [] : ["--pin-fd", "3"]),
            pin: pin)
    }

    /// Starts the client on this person's module, on a terminal.
    func start(_ arguments: String..., columns: Int = 100) throws -> TerminalRun {
        try client.start(arguments + ["--module", store.modulePath], columns: columns)
    }

    /// Makes the identity key in the only token, and gives back its public key line.
    func makeIdentity() throws -> String {
        let run = try run("identity", "create", pin: SoftHSMStore.pin)
        try #require(run.status == 0, "\(run.err)")
        return run.out.trimmed
    }

    /// The serial of a token.
    func serial(of label: String) throws -> String {
        let run = try run("tokens", "--json")
        let tokens = run.out.components(between: "{\"ed25519\"", and: "\"uri\"")
        let mine = try #require(tokens.first { $0.contains("\"label\":\"\(label)\"") })
        return try #require(mine.components(between: "\"serial\":\"", and: "\"").first)
    }

    /// Writes a file into the store's directory and gives back its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let path = store.directory + "/" + name
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        fchmod(descriptor, mode)
        let bytes = Array(text.utf8)
        let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
        try #require(written == bytes.count)
        return path
    }

    /// Whether stock OpenSSH accepts the signature over the document by this person's key.
    func opensshAccepts(
        _ signature: String, over document: String, by keyLine: String, namespace: String
    ) throws -> Bool {
        let signers = try write("signers", "someone \(keyLine)\n")
        let command =
            "ssh-keygen -Y verify -f '\(signers)' -I someone -n \(namespace) -s '\(signature)' "
            + "< '\(document)'"
        return (try? store.run("sh", ["-c", command])) != nil
    }
}

/// Runs a test as a person whose tokens have these labels.
func withCustodian(
    tokens labels: [String] = ["alice"], _ body: (Custodian) async throws -> Void
) async throws {
    try await withSoftHSM(tokens: labels) { try await body(Custodian(store: $0)) }
}

extension String {
    /// Without line ends and spaces at its end.
    var trimmed: String {
        var bytes = Array(utf8)
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The pieces that stand between two texts.
    func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let from = rest.firstRange(of: start) {
            rest = rest[from.upperBound...]
            guard let to = rest.firstRange(of: end) else { break }
            found.append(String(rest[..<to.lowerBound]))
            rest = rest[to.upperBound...]
        }
        return found
    }
}
