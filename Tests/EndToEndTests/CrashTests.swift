// The daemon is killed in the middle of an execution, while it is in a PKCS#11 call: the module
// hangs there, before the call or after it, and SIGKILL comes. The calls are those that a whole
// execution makes, so that none can be forgotten. Whatever is found at the next start, no key is
// valid without its record, what was left is named, and the evidence verifies.

import CeremonyRecord
import Glibc
import Testing

@Suite("Crashes during an execution")
struct CrashTests {
    /// How many run beside each other.
    private static let lanes = 3

    @Test(
        "Killed in any call of an execution, it leaves no valid key without its record",
        arguments: 0..<lanes)
    func killed(_ lane: Int) throws {
        let prepared = try PreparedExecution()
        let deaths = try prepared.deaths()
        #expect(deaths.count > 20)
        for (index, death) in deaths.enumerated() where index % Self.lanes == lane {
            let room = try prepared.room.copy()
            let module = try room.openFaulty()
            try module.set(death.rule)
            let client = try prepared.kill(room, module, death.rule)
            // The head for the rollback guard is written beside the answer.
            #expect(
                client == 69 || (client == 0 && death.state == "COMPLETED"), "\(death.rule)")
            try prepared.expect(death.state, in: room, death.rule)
        }
    }

    @Test("Killed while a key that failed its checks is destroyed, it names what is left")
    func destruction() throws {
        let prepared = try PreparedExecution()
        for rule in ["C_DestroyObject 1 hang held", "C_DestroyObject 1 hang-after held"] {
            let room = try prepared.room.copy()
            let module = try room.openFaulty()
            // The module does not say whether the new key was made in the token.
            try module.set("C_GetAttributeValue * attribute 0x163 unavailable", rule)
            #expect(try prepared.kill(room, module, rule) == 69, "\(rule)")
            try prepared.expect("FAILED", in: room, rule)
        }
    }

    @Test("A module that crashes takes the daemon along, and that is all")
    func crashingModule() throws {
        let prepared = try PreparedExecution()
        let room = try prepared.room.copy()
        try room.openFaulty().set("C_Sign 2 crash")
        let ended = try prepared.order(in: room)
        #expect(ended.status == 69, "\(ended.err)")
        // SIGSEGV: the module went where there is no memory.
        #expect(room.buryDaemon() == 1011)
        try prepared.expect("FAILED", in: room, "crash")
    }
}

/// A call in which the daemon dies, and how the ceremony stands at the next start.
struct Death {
    let rule: String
    let state: String
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

    /// Every call of an execution as a place to die, before it; after it too, where it changes
    /// something. Of calls of one function that follow each other the first and the last, and of a
    /// search its beginning: between those nothing changes, on the token or on the disk. Looking
    /// whether tokens are there is left out: timers do that as well.
    ///
    /// The first `C_Sign` is the head over the intent, the last the head over the outcome: from the
    /// moment at which it is asked for, what it signs is durable.
    func deaths() throws -> [Death] {
        let room = try room.copy()
        let module = try room.openFaulty()
        try module.set()
        #expect(try order(in: room).status == 0)
        let calls = module.calls.filter { !Self.looks.contains($0) }
        let heads = calls.indices.filter { calls[$0] == "C_SignInit" }
        let (intent, outcome) = (try #require(heads.first), try #require(heads.last))
        #expect(heads.count == 3)
        var counts: [String: Int] = [:]
        var deaths: [Death] = []
        for (index, call) in calls.enumerated() {
            counts[call, default: 0] += 1
            let isInside =
                index > 0 && index + 1 < calls.count && calls[index - 1] == call
                && calls[index + 1] == call
            guard !isInside, !Self.partsOfASearch.contains(call) else { continue }
            let state = index < intent ? "APPROVED" : index < outcome ? "FAILED" : "COMPLETED"
            for action in ["hang", "hang-after"] {
                guard action == "hang" || call == "C_GenerateKeyPair" || call == "C_Sign" else {
                    continue
                }
                deaths.append(
                    Death(rule: "\(call) \(counts[call] ?? 0) \(action) held", state: state))
            }
        }
        return deaths
    }

    private static let looks: Set = [
        "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo", "C_GetMechanismList",
        "C_GetMechanismInfo",
    ]
    private static let partsOfASearch: Set = ["C_FindObjects", "C_FindObjectsFinal"]

    /// Hands the order in, and kills the daemon where the module hangs.
    ///
    /// - Returns: How the client ended.
    @discardableResult
    func kill(
        _ room: CeremonyRoom, _ module: FaultyModule, _ rule: String,
        with signal: Int32 = SIGKILL, ending: Int32 = 1000 + SIGKILL
    ) throws -> Int32 {
        let order = room.dave.home + "/order"
        try module.hold("held")
        let client = try room.dave.begin(["submit", order, order + ".sig", "--json"])
        try eventually("\(rule): the module hangs") { module.hangs }
        room.daemon?.signal(signal)
        #expect(room.buryDaemon() == ending, "\(rule)")
        return client.finish().status
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
            // An operator's order, and nothing of it is on the token any more.
            #expect(try room.recover(id) == (objects > 0 ? "destroyed" : "absent"), "\(call)")
            #expect(try room.objects(withID: intent.field("key_id").text) == 0, "\(call)")
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
