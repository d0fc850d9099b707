// The founding: incomplete, unsigned, senseless or unmeetable in every single way; the floors of a
// policy; and who is left when somebody is missing.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@Suite("Founding")
struct FoundingTests {
    static func refuses(
        _ code: RefusalCode, _ people: [House.Person] = House.everybody,
        policy: Policy = House.policy, mode: LogMode = .rehearsal,
        at location: SourceLocation = #_sourceLocation,
        _ change: (inout Founding) -> Void = { _ in }
    ) {
        expectRefusal(code, at: location) {
            _ = try House(people, policy: policy, mode: mode, change)
        }
    }

    @Test("A signature by every key of every member, and by nobody else")
    func signatures() throws {
        for person in House.everybody {
            for index in person.keys.indices {
                let key = person.keys[index].fingerprint
                Self.refuses(.incompleteGenesis) { founding in
                    founding.spoil = { $0.signatures.removeAll { $0.key == key } }
                }
                Self.refuses(.badSignature) { founding in
                    founding.spoil = { body in
                        for at in body.signatures.indices where body.signatures[at].key == key {
                            body.signatures[at].sshsig[body.signatures[at].sshsig.count - 2] ^= 1
                        }
                    }
                }
            }
        }
        Self.refuses(.incompleteGenesis) { $0.signers.append(House.outsider) }
        Self.refuses(.incompleteGenesis) { founding in
            founding.spoil = { $0.signatures[0].member = "bob" }
        }
        Self.refuses(.wrongNamespace) { founding in
            let genesis = founding.genesis
            founding.spoil = { body in
                body.signatures[0].sshsig = House.everybody[0].keys[0].sshsig(
                    over: genesis.bytes, for: .approve)
            }
        }
        Self.refuses(.badSignature) { founding in
            founding.spoil = { body in
                for at in body.genesis.indices where body.genesis[at].hasPrefix("created: ") {
                    body.genesis[at] = "created: 2026-01-15T00:00:01Z"
                }
            }
        }
    }

    @Test("Event 0 is the founding, at the beginning of the chain")
    func first() throws {
        let house = try House()
        let event = try Event(line: house.lines[0])
        for change in [
            { $0.seq = 1 }, { $0.prev = Digest(of: []) },
            { $0.body = .haltRaised(HaltRaised(signed: nil, invariant: "x", effective: nil)) },
        ] as [(inout Event) -> Void] {
            var other = event
            change(&other)
            expectRefusal(.illegalEvent) { _ = try State.founded(by: other, line: other.line) }
        }
        house.expectIllegal(.illegalEvent, event.body)
    }

    @Test("The event and its document name one log, one mode and one log key")
    func agreement() throws {
        let house = try House()
        var event = try Event(line: house.lines[0])
        event.origin = "example.org/other/rehearsal"
        expectRefusal(.wrongDocument) { _ = try State.founded(by: event, line: event.line) }
        Self.refuses(.wrongDocument) { $0.spoil = { $0.mode = .production } }
        Self.refuses(.wrongDocument) { founding in
            let other = Founding.vkey(founding.genesis.log, of: SoftwareKey(77))
            founding.spoil = { $0.vkey = other }
        }
        Self.refuses(.malformed) { $0.spoil = { $0.genesis.removeLast() } }
    }

    @Test("A genesis is founded within a day of its date")
    func age() throws {
        for (age, isTaken) in [
            (0, true), (86_400, true), (86_401, false), (-300, true), (-301, false),
        ] {
            if isTaken {
                _ = try House { $0.time = House.dawn + age }
            } else {
                Self.refuses(.stale) { $0.time = House.dawn + age }
            }
        }
    }

    @Test("People, keys and tokens are told apart")
    func roster() throws {
        func with(_ person: House.Person) -> [House.Person] {
            (House.everybody + [person]).sorted { $0.member.name < $1.member.name }
        }
        Self.refuses(.incompleteGenesis, with(House.Person("zoe", .external, [], keys: [1])))
        Self.refuses(.incompleteGenesis, with(House.Person("zoe", .external, [], keys: [50, 50])))
        var sharing = House.Person("zoe", .external, [], keys: [50])
        sharing.member.keys[0].tokenSerial = "serial-of-alice"
        Self.refuses(.incompleteGenesis, with(sharing))
        sharing.member.keys[0].tokenSerial = nil
        _ = try House(with(sharing))
        var namesake = House.everybody[1].member
        namesake.name = "alice"
        let roster = Roster(
            epoch: 1, members: [House.everybody[0].member, namesake], policy: House.policy)
        expectRefusal(.incompleteGenesis) { try roster.check() }
        var keyless = House.everybody[0].member
        keyless.keys = []
        expectRefusal(.incompleteGenesis) {
            try Roster(epoch: 1, members: [keyless], policy: House.policy).check()
        }
    }

    @Test("A FIDO key with the point of a plain key is the same key")
    func samePoint() throws {
        let plain = SoftwareKey(1).publicKey
        let blob =
            SSHWire.string(Array("sk-ssh-ed25519@openssh.com".utf8)) + SSHWire.string(plain.point)
            + SSHWire.string(Array("ssh:".utf8))
        let fido = try #require(SSHPublicKey(blob: blob))
        var zoe = House.everybody[1].member
        zoe.name = "zoe"
        zoe.keys = [MemberKey(key: fido, tokenSerial: nil)]
        let roster = Roster(
            epoch: 1, members: [House.everybody[0].member, zoe], policy: House.policy)
        expectRefusal(.incompleteGenesis) { try roster.check() }
    }

    @Test("The log key is named in full, is a key of this log, and is nobody else's")
    func logKey() throws {
        Self.refuses(.incompleteGenesis) { $0.genesis.logKeys[0].vkey = "no-key" }
        Self.refuses(.incompleteGenesis) {
            $0.genesis.logKeys[0].vkey = Founding.vkey("example.org/other", of: $0.logKey)
        }
        for isStandby in [false, true] {
            Self.refuses(.incompleteGenesis) { founding in
                let key = NoteKey(
                    name: founding.genesis.log, publicKey: SoftwareKey(1001).publicKey.point,
                    kind: .cosignature)
                guard let key else { return }
                let uri = House.otherToken.uri
                founding.genesis.logKeys =
                    (isStandby ? founding.genesis.logKeys : []) + [LogKey(vkey: key.vkey, uri: uri)]
            }
        }
        Self.refuses(.incompleteGenesis) { $0.genesis.logKeys[0].uri = "pkcs11:token=house" }
        Self.refuses(.keyTaken) {
            $0.genesis.logKeys[0].vkey = Founding.vkey($0.genesis.log, of: SoftwareKey(1))
        }
        Self.refuses(.keyTaken) { $0.genesis.logKeys.append($0.genesis.logKeys[0]) }
        let house = try House {
            $0.genesis.logKeys.append(
                LogKey(
                    vkey: Founding.vkey($0.genesis.log, of: SoftwareKey(1001)),
                    uri: House.otherToken.uri))
        }
        #expect(house.state.log.vkeys.count == 2)
    }

    @Test("Origin and mode fit, and a first log goes on from none")
    func origin() throws {
        Self.refuses(.malformed) { founding in
            founding.genesis.log = "example.org/house"
            founding.genesis.logKeys[0].vkey = Founding.vkey(
                "example.org/house", of: founding.logKey)
        }
        Self.refuses(.incompleteGenesis) {
            $0.genesis.continues = Continues(origin: "example.org/old", size: 7, root: .zero)
        }
    }

    @Test("Production takes a software token only where the policy names it")
    func software() throws {
        Self.refuses(.softwareToken, mode: .production)
        var policy = House.policy
        policy.softwareTokens = ["SoftHSM project"]
        var house = try House(policy: policy, mode: .production)
        try house.open()
        Self.refuses(.softwareToken, policy: policy, mode: .production) {
            $0.genesis.logKeys[0].uri =
                TokenReference(
                    label: "x", manufacturer: "Kryoptic Project", model: "v1", serial: "1"
                ).uri
        }
        expectRefusal(.softwareToken) {
            try house.open(
                subject: "keeper-beta",
                token: TokenReference(
                    label: "x", manufacturer: "SoftHSM fork", model: "v1", serial: "1"))
        }
        try house.open(
            subject: "keeper-beta",
            token: TokenReference(label: "x", manufacturer: "Acme", model: "v1", serial: "1"))
    }

    @Test("A policy keeps to its floors", arguments: [LogMode.production, .rehearsal])
    func floors(mode: LogMode) throws {
        typealias Entry = Policy.Entry
        func check(_ code: RefusalCode?, _ entry: Entry, kind: String = "new_keeper_key") {
            var policy = House.policy
            policy.kinds[kind] = entry
            if let code {
                expectRefusal(code) { try policy.checkFloors(mode: mode) }
            } else {
                #expect(throws: Never.self) { try policy.checkFloors(mode: mode) }
            }
        }
        let isStrict = mode == .production
        check(nil, Entry(threshold: 2, attest: 0))
        check(nil, Entry(threshold: 64, people: 1, attest: 64, lifetime: 60, execution: 10))
        check(nil, Entry(threshold: 2, attest: 2), kind: "drill")
        check(.badPolicy, Entry(threshold: 0, people: 0, attest: 0))
        check(.badPolicy, Entry(threshold: 65, people: 1, attest: 0))
        check(.badPolicy, Entry(threshold: 2, people: 0, attest: 0))
        check(.badPolicy, Entry(threshold: 2, people: 3, attest: 0))
        check(.badPolicy, Entry(threshold: 2, attest: 65))
        check(.badPolicy, Entry(threshold: 2, attest: 0, lifetime: 59))
        check(.badPolicy, Entry(threshold: 2, attest: 0, lifetime: 604_801))
        check(.badPolicy, Entry(threshold: 2, attest: 0, execution: 9))
        check(.badPolicy, Entry(threshold: 2, attest: 0, execution: 86_401))
        check(.unknownKind, Entry(threshold: 2, attest: 0), kind: "make_coffee")
        check(isStrict ? .belowFloor : nil, Entry(threshold: 1, attest: 0))
        check(nil, Entry(threshold: 2, attest: 0, lifetime: 86_400, execution: 86_400))
        check(isStrict ? .belowFloor : nil, Entry(threshold: 2, attest: 0, lifetime: 86_401))
        check(isStrict ? .belowFloor : nil, Entry(threshold: 2, attest: 0, lifetime: 604_800))
        expectRefusal(.badPolicy) { try Policy(kinds: [:]).checkFloors(mode: mode) }
        for change in [
            { $0.overlapDays = 0 }, { $0.drillDays = 0 }, { $0.attestDays = 3661 },
            { $0.rotationDays["keeper"] = 0 }, { $0.rotationDays["other"] = 1 },
            { $0.modules = ["nonsense"] },
        ] as [(inout Policy) -> Void] {
            var policy = House.policy
            change(&policy)
            expectRefusal(.badPolicy) { try policy.checkFloors(mode: mode) }
        }
    }

    @Test("A policy is read whole: no field missing, none besides, and back to the same bytes")
    func policyForm() throws {
        let policy = House.policy
        #expect(try Policy(policy.json) == policy)
        #expect(try Policy(policy.json).json == policy.json)
        guard case .object(let fields) = policy.json else { return }
        for name in fields.keys {
            var less = fields
            less[name] = nil
            expectRefusal(.badPolicy) { _ = try Policy(.object(less)) }
            var wrong = fields
            wrong[name] = .string("nonsense")
            expectRefusal(.badPolicy) { _ = try Policy(.object(wrong)) }
        }
        var more = fields
        more["extra"] = .number(1)
        expectRefusal(.badPolicy) { _ = try Policy(.object(more)) }
        Self.refuses(.badPolicy) { $0.genesis.policy = .object(more) }
    }

    @Test("A roster that could never meet its policy is refused")
    func meetable() throws {
        func policy(_ entry: Policy.Entry) -> Policy { Policy(kinds: ["new_keeper_key": entry]) }
        // Five witnesses, four of them human; dave or gina may start without being one.
        _ = try House(policy: policy(Policy.Entry(threshold: 5, people: 4, attest: 5)))
        Self.refuses(.unmeetable, policy: policy(Policy.Entry(threshold: 6, people: 4, attest: 1)))
        Self.refuses(.unmeetable, policy: policy(Policy.Entry(threshold: 5, people: 5, attest: 1)))
        Self.refuses(.unmeetable, policy: policy(Policy.Entry(threshold: 5, people: 4, attest: 6)))
        let witnesses = House.everybody.filter { $0.member.roles == [.witness] }
        Self.refuses(
            .unmeetable, witnesses, policy: policy(Policy.Entry(threshold: 4, attest: 1)))
        _ = try House(witnesses, policy: policy(Policy.Entry(threshold: 3, attest: 1)))
        let nobodyStarts = House.everybody.filter { ["robot", "erin"].contains($0.member.name) }
        Self.refuses(
            .unmeetable, nobodyStarts,
            policy: policy(Policy.Entry(threshold: 1, attest: 1)))
    }

    @Test("The outlook names those without whom it can not be done")
    func outlook() throws {
        let few = House.everybody.filter {
            ["alice", "bob", "carol", "dave"].contains($0.member.name)
        }
        let roster = Roster(
            epoch: 1, members: few.map(\.member),
            policy: Policy(kinds: [
                "new_keeper_key": Policy.Entry(threshold: 3, attest: 3),
                "drill": Policy.Entry(threshold: 2, attest: 2),
            ]))
        let outlook = roster.outlook()
        #expect(outlook.map(\.kind) == ["drill", "new_keeper_key"])
        #expect(outlook[0].hasSpare)
        #expect(outlook[0].indispensable.isEmpty)
        #expect(!outlook[1].hasSpare)
        #expect(outlook[1].canBeMet)
        #expect(outlook[1].indispensable == ["alice", "bob", "carol", "dave"])
        #expect(outlook[1].text.contains("NO SPARE"))
        let hopeless = Roster(
            epoch: 1, members: few.map(\.member),
            policy: Policy(kinds: ["new_keeper_key": Policy.Entry(threshold: 4, attest: 0)]))
        #expect(!hopeless.outlook()[0].canBeMet)
        #expect(!hopeless.outlook()[0].hasSpare)
        #expect(hopeless.outlook()[0].text.contains("never"))
        #expect(!Roster(epoch: 1, members: [], policy: House.policy).outlook()[0].hasSpare)
        var counting = House.policy
        counting.kinds["new_keeper_key"]?.threshold = 4
        counting.initiatorCounts = true
        let alone = few.dropLast().map(\.member) + [House.everybody[5].member]
        #expect(Roster(epoch: 1, members: alone, policy: counting).outlook()[0].canBeMet)
    }
}
