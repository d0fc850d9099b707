// The daemon dies in the middle of an execution, at the boundary of a PKCS#11 call: the call is
// never made, and the process is gone (a module that crashes takes it along). Whatever is found at
// the next start, no key is valid without its record, and the evidence verifies.

import CeremonyRecord
import Testing

@Suite("Crashes during an execution")
struct CrashTests {
    /// Calls at which the daemon dies, and how the ceremony stands at the next start. The first
    /// `C_Sign` is the head over the intent, the second the new key's possession, the third the
    /// head over the outcome.
    static let boundaries: [(call: String, state: String)] = [
        ("C_FindObjectsInit 1", "APPROVED"), ("C_GenerateRandom 1", "APPROVED"),
        ("C_SignInit 1", "FAILED"), ("C_Sign 1", "FAILED"), ("C_FindObjectsInit 2", "FAILED"),
        ("C_GenerateKeyPair 1", "FAILED"), ("C_GetAttributeValue 18", "FAILED"),
        ("C_GetAttributeValue 49", "FAILED"), ("C_SignInit 2", "FAILED"), ("C_Sign 2", "FAILED"),
        ("C_SignInit 3", "COMPLETED"), ("C_Sign 3", "COMPLETED"),
    ]

    @Test("Dying at any call of an execution leaves no valid key without its record")
    func boundaries() throws {
        let prepared = try PreparedExecution()
        for (call, state) in Self.boundaries {
            let room = try prepared.room.copy()
            let module = try room.openFaulty()
            try module.set("\(call) crash")
            try prepared.crash(room, "\(call)")
            try prepared.expect(state, in: room, "\(call)")
        }
    }

    @Test("Dying while a key that failed its checks is destroyed leaves what is left named")
    func destruction() throws {
        let prepared = try PreparedExecution()
        for call in ["C_DestroyObject 1", "C_DestroyObject 2"] {
            let room = try prepared.room.copy()
            let module = try room.openFaulty()
            // The module does not say whether the new key was made in the token.
            try module.set("C_GetAttributeValue * attribute 0x163 unavailable", "\(call) crash")
            try prepared.crash(room, "\(call)")
            try prepared.expect("FAILED", in: room, "\(call)")
        }
    }
}

/// A room with an approved ceremony and a signed order to execute it.
struct PreparedExecution {
    let room: CeremonyRoom
    let id: String

    init() throws {
        room = try CeremonyRoom.copy()
        _ = try FaultyModule(for: room.house)
        try room.open()
        id = try room.start("keeper-alpha")
        try room.approve(id)
        let order = room.dave.home + "/order"
        try room.dave.does("execute", id, "--as", "dave", "--draft", order)
        try TestFile.write(order + ".sig", TestFile.bytes(try room.dave.sign(order, .act)))
        try room.stop()
    }

    /// Hands the order in, at which the daemon dies.
    func crash(_ room: CeremonyRoom, _ call: String) throws {
        let ended = try order(in: room)
        #expect(ended.status == 69, "\(call): \(ended.err)")
        // SIGSEGV: the module went where there is no memory.
        #expect(room.buryDaemon() == 1011, "\(call)")
    }

    /// Starts and unlocks the daemon again, with a module that behaves, and holds what is found
    /// against the token as `pkcs11-tool` sees it.
    func expect(_ state: String, in room: CeremonyRoom, _ call: String) throws {
        room.module = CeremonyRoom.softHSM
        let before = try room.startedLog()
        try room.unlock()
        let ceremony = try room.ceremony(id)
        #expect(ceremony.field("state").text == state, "\(call)")
        #expect(try room.log().starts(with: before), "\(call)")
        let keys = try room.call("Keys").field("keys").list
        let intent = ceremony.field("executing").field("intent")
        let objects = try room.objects(withID: intent.field("key_id").text)
        switch state {
        case "APPROVED":
            #expect(keys.isEmpty && intent.isNull, "\(call)")
            #expect(try order(in: room).status == 0, "\(call)")
        case "FAILED":
            #expect(keys.isEmpty, "\(call)")
            #expect(ceremony.field("end").field("reason").text == "interrupted", "\(call)")
            let left = ceremony.field("end").field("left").list.map(\.text)
            #expect(left.count == objects, "\(call): \(left), and \(objects) objects")
            for line in left {
                #expect(line.contains(intent.field("key_id").text), "\(line)")
                #expect(line.hasPrefix("public-key ") || line.hasPrefix("private-key "), "\(line)")
            }
            #expect(try order(in: room).status == 81, "\(call)")
            #expect(try room.start("keeper-alpha") == "keeper-alpha-2", "\(call)")
        default:
            #expect(keys.map { $0.field("status").text } == ["registered"], "\(call)")
            #expect(objects == 2, "\(call)")
            #expect(try JSON(try order(in: room).line).field("repeat").isTrue, "\(call)")
            try room.attest(id)
            #expect(try room.ceremony(id).field("key_status").text == "active", "\(call)")
        }
        let evidence = room.directory + "/evidence"
        try room.erin.does("export", evidence)
        try room.verify(evidence)
    }

    /// Hands the order in, in a copy of the room.
    func order(in room: CeremonyRoom) throws -> Ended {
        let order = room.dave.home + "/order"
        return try room.dave.run("submit", order, order + ".sig", "--json")
    }
}

extension CeremonyRoom {
    /// Starts the daemon and gives back the log that it found.
    func startedLog() throws -> [String] {
        try start()
        return try log()
    }

    /// How many objects the house token has under an id.
    func objects(withID id: String) throws -> Int {
        guard !id.isEmpty else { return 0 }
        let listed = try house.tool(
            "pkcs11-tool", "--module", Self.softHSM, "--login", "--pin", house.pin,
            "--list-objects")
        return listed.out.lineList.count { $0.contains("ID:") && $0.trimmed.hasSuffix(id) }
    }

    /// Starts and unlocks the daemon with the house token behind the forwarding module.
    func openFaulty() throws -> FaultyModule {
        let faulty = FaultyModule(of: house)
        module = faulty.path
        try open()
        return faulty
    }
}
