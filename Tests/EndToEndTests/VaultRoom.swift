// A room with a Provara vault: made by the package from PyPI, which knows nothing of us, with its
// quorum key moved into a token by the tools that everybody has, and judged by the package again.

import CeremonyRecord
import Testing

/// A room whose daemon has a vault that it calls alpha.
struct VaultRoom {
    let room: CeremonyRoom

    /// The vault's keys when it was born: the seeds of Scripts/lib/provara-vault.py.
    static let root = "bp1_56475aa75463474c"
    static let quorum = "bp1_24f6ed6acbfe1009"
    private static let quorumSeed = Array(UInt8(0x20)..<0x40)

    var vault: String { room.directory + "/vault" }
    /// Where a vault can begin that takes its place; the daemon calls it beta.
    var successor: String { room.directory + "/successor" }

    /// A room with its daemon running and unlocked.
    ///
    /// - Parameter holder: who has the quorum key, in the token that is called as they are.
    init(quorumHeldBy holder: String = "house") throws {
        room = try CeremonyRoom.copy()
        try #require(TestFile.exists(VaultRoom.python), "make it with: Scripts/test provara")
        try python("provara-vault.py", vault)
        try moveQuorumKey(to: room.person(holder))
        room.furtherConfiguration =
            "[vaults.alpha]\npath = \"\(vault)\"\n[vaults.beta]\npath = \"\(successor)\""
        try room.open()
    }

    /// A software key becomes an object of a token: PKCS#8, as `softhsm2-util --import` takes it.
    private func moveQuorumKey(to person: Person) throws {
        let der =
            [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22]
            + [0x04, 0x20] + VaultRoom.quorumSeed
        let file = person.path("quorum.pem")
        try TestFile.write(
            file, "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(der))\n-----END PRIVATE KEY-----\n")
        let moved = try person.tool(
            "softhsm2-util", "--import", file, "--token", person.name, "--label", "vault-quorum",
            "--id", "a1", "--pin", person.pin)
        try #require(moved.status == 0, "\(moved.err)")
    }

    // MARK: The package

    private static let python = Program.sources + "/.build/provara/bin/python"
    /// There where it could be fetched.
    private static let suite =
        Program.sources + "/.build/provara-suite/tests/backpack_compliance_v1.py"

    @discardableResult
    private func python(_ script: String, _ arguments: String...) throws -> String {
        let ended = try room.house.tool(
            [VaultRoom.python, Program.sources + "/Scripts/lib/" + script] + arguments)
        try #require(ended.status == 0, "\(ended.err)")
        return ended.out
    }

    /// The package's own verdicts, and ours: its `verify`, what the project's compliance suite asks
    /// (all 18 tests apply to a rotated vault; Scripts/lib/provara-judge.py says how they are put),
    /// and its check of rotation events.
    ///
    /// - Parameter rotations: how many keys were replaced since the birth, two events for each.
    func expectVerified(
        _ path: String? = nil, _ options: String..., rotations: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let judged = try room.house.tool(
            VaultRoom.python, Program.sources + "/Scripts/lib/provara-judge.py", path ?? vault,
            "--rotation-events", "\(2 * rotations)", "--suite", VaultRoom.suite)
        #expect(judged.status == 0, "\(judged.out)\(judged.err)", sourceLocation: sourceLocation)
        let passed = judged.out.split(separator: "\n").filter { $0.hasPrefix("ok ") }
        #expect(
            passed.count == (TestFile.exists(VaultRoom.suite) ? 20 : 19),
            "\(judged.out)", sourceLocation: sourceLocation)
        let real = try room.house.tool(
            [Program.sources + "/.build/provara/bin/provara", "verify", path ?? vault] + options)
        #expect(real.status == 0, "\(real.out)\(real.err)", sourceLocation: sourceLocation)
        #expect(real.out.contains("PASS"), sourceLocation: sourceLocation)
        let ours = try room.erin.run("provara", "verify", path ?? vault)
        #expect(ours.status == 0, "\(ours.out)\(ours.err)", sourceLocation: sourceLocation)
        // Nothing of ours stays in the vault, nor beside it.
        let beside = try room.house.tool("find", room.directory, "-name", "*.ceremonyd*")
        #expect(beside.out == "", sourceLocation: sourceLocation)
    }

    /// The new key signs the next event of an actor, in its token.
    func append(with key: MadeKey, by actor: String) throws {
        let event = room.house.path("event")
        try python("provara-append.py", "bytes", vault, VaultRoom.id(of: key), actor, event)
        let signed = try room.house.tool(
            "pkcs11-tool", "--module", CeremonyRoom.softHSM, "--token-label", "house", "--login",
            "--pin", room.house.pin, "--id", Hex.encode(key.record.keyID), "--sign",
            "--mechanism", "EDDSA", "-i", event, "-o", event + ".sig")
        try #require(signed.status == 0, "\(signed.err)")
        try python("provara-append.py", "take", vault, event, event + ".sig")
    }

    /// The id of a key in a vault, by openssl's hash of its bytes.
    static func id(of key: MadeKey) -> String {
        "bp1_" + Hex.encode(Digest(of: key.record.publicKey.point).bytes.prefix(8))
    }

    /// What the package's own reducer believes, a line for each belief that somebody attested.
    func beliefs() throws -> [String] {
        try python("provara-beliefs.py", vault).split(separator: "\n").map(String.init)
    }

    /// The ids of the events, in the order of the log.
    func events(in path: String? = nil) -> [String] {
        TestFile.text((path ?? vault) + "/events/events.ndjson").split(separator: "\n").map {
            line in
            let rest = line.split(separator: "\"event_id\":\"", maxSplits: 1).last ?? ""
            return String(rest.prefix(28))
        }
    }

    // MARK: Ceremonies

    /// dave starts a rotation with his key file; gives back its identifier.
    func starts(_ options: [String]) throws -> String {
        let path = room.dave.path("draft")
        try room.dave.does(
            ["provara", "rotate", "alpha", "--into", "house", "--reason", "it is time"] + options
                + ["--as", "dave", "--draft", path])
        return try room.dave.submits(path, .open).field("ceremony").text
    }

    /// The same, approved and carried out.
    func rotates(_ options: [String]) throws -> MadeKey {
        let id = try starts(options)
        try room.approve(id)
        try room.execute(id)
        return try room.keyMade(by: id)
    }

    /// Whether an action of that tier may go on.
    func gate(_ tier: String, _ options: String...) throws -> Ended {
        try room.erin.run(["provara", "gate", "alpha", tier] + options)
    }

    /// Every file of the vault with its digest.
    func fingerprint() throws -> String {
        let listed = try room.house.tool(
            "bash", "-c", "cd '\(vault)' && find . -type f | LC_ALL=C sort | xargs sha256sum")
        try #require(listed.status == 0)
        return listed.out
    }
}
