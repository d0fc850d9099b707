// The process dies at every boundary of an execution, and at the writes between them. The next one
// finds the ledger and the token as they were left, and says what became of the ceremony: there is
// never a valid key without its record (DESIGN section 3, step by step).

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Synchronization
import TestSupport
import Testing

@Suite("A crash during an execution", .timeLimit(.minutes(5)))
struct CrashTests {
    /// How an execution of each kind comes about whose crash points are tried. The kinds without
    /// steps have no execution: their result stands in the transaction of the last answer.
    static let executions: [String: @Sendable (Workshop, Engine) async throws -> Statement] = [
        NewKeeperKey.name: { workshop, engine in try await workshop.approved(engine) }
    ]
    static let kindsWithoutSteps: Set = [
        "key-revocation", "halt-clear", "set-roster", "set-policy", "log-key-change",
        "clock-correction",
    ]

    /// How the execution goes that the process dies in.
    enum Course: String, CaseIterable {
        /// A key comes out.
        case succeeds
        /// The key does not pass its gate, and is undone.
        case failsItsGate
        /// The same, and it cannot be undone.
        case leavesItsKey
    }

    /// Their crash points are tried in RotationTests, VaultRotationTests, VaultResetTests and
    /// MembershipTests, because they need a first key in a second token, a vault, or members.
    static let triedElsewhere: Set = [
        KeyRotation.name, ProvaraRotation.name, ProvaraHardReset.name, Membership.name,
    ]

    @Test("There is an execution for each kind that has steps")
    func allKinds() {
        #expect(
            Set(Kinds.all.map { $0.name }).subtracting(Self.kindsWithoutSteps)
                == Set(Self.executions.keys).union(Self.triedElsewhere))
    }

    @Test("The crash points of a new key are counted and named in this order")
    func allPoints() async throws {
        #expect(
            try await points(of: NewKeeperKey.name, .succeeds) == [
                "before-intent-0", "before-intent-1", "after-intent-1", "after-intent-2",
                "after-intent-3", "done",
            ])
        #expect(
            try await points(of: NewKeeperKey.name, .failsItsGate) == [
                "before-intent-0", "before-intent-1", "after-intent-1", "undone", "failed",
            ])
    }

    @Test(
        "At every crash point the next unlock finds it ended, or as it was before",
        arguments: executions.keys, Course.allCases)
    func atEveryPoint(_ kind: String, _ course: Course) async throws {
        let points = try await points(of: kind, course)
        // A point with two meanings would be tried once only.
        #expect(Set(points).count == points.count)
        #expect(points.count >= 5)
        for point in points { try await die(at: point, of: kind, course) }
    }

    /// Every boundary that an execution passes, in order.
    private func points(of kind: String, _ course: Course) async throws -> [String] {
        try await Workshop.with { workshop in
            let seen = Mutex<[String]>([])
            let (engine, vault) = try await workshop.openInterposed(boundary: { place in
                seen.withLock { $0.append(place) }
            })
            let statement = try await prepare(kind, course, workshop, engine, vault)
            let order = try workshop.order(engine, statement.ceremony)
            let answer = await refusal { try await engine.submit(order) }
            #expect(answer == (course == .succeeds ? nil : "execution-failed"))
            return seen.withLock { $0 }
        }
    }

    private func prepare(
        _ kind: String, _ course: Course, _ workshop: Workshop, _ engine: Engine,
        _ vault: InterposedVault
    ) async throws -> Statement {
        let execution = try #require(Self.executions[kind])
        let statement = try await execution(workshop, engine)
        if course != .succeeds {
            vault.after(.generate) { () throws(VaultError) in
                throw VaultError(.tokenTrouble, "extractable is true", isGate: true)
            }
        }
        if course == .leavesItsKey { vault.fail(.destroy) }
        return statement
    }

    private func die(at point: String, of kind: String, _ course: Course) async throws {
        let what: Comment = "\(kind) that \(course) dies at \(point)"
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let death = Gate()
            let (engine, vault) = try await workshop.openInterposed(boundary: { here in
                guard here == point else { return }
                await death.arrive()
                await neverReturn()
            })
            let statement = try await prepare(kind, course, workshop, engine, vault)
            let order = try workshop.order(engine, statement.ceremony)
            let before = try await workshop.objects()
            Task { try await engine.submit(order) }
            await death.arrival()
            let made = try await workshop.objects().filter { !before.contains($0) }

            // Nobody looked for longer than an execution may take; what is left is looked up all
            // the same.
            workshop.clock.advance(by: 1000)
            let again = try workshop.start(ledger: ledger.reopened())
            #expect(again.state == engine.state, what)
            try await again.unlock("house", pin: try Workshop.pin())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            try await expectNoKeyWithoutRecord(workshop, again)
            let expected: CeremonyState =
                switch point {
                case "done": .completed
                case _ where point.hasPrefix("before-intent"): .approved
                default: .failed
                }
            #expect(ceremony.state == expected, what)
            guard expected == .failed else {
                #expect(ceremony.end?.reason == nil, what)
                return
            }
            #expect(
                ceremony.end?.reason == (point == "failed" ? "gate-failed" : "interrupted"), what)
            // What is left is named, object by object, and left where it is.
            let left = ceremony.end?.left ?? []
            #expect(
                left.sorted()
                    == made.map {
                        "\($0.objectClass) key-id \(Hex.encode($0.id)) label \(ceremony.id) "
                            + "on token \(workshop.token.serial)"
                    }.sorted(), what)
            #expect(try await workshop.objects().filter { !before.contains($0) } == made, what)
            #expect(made.isEmpty || course != .failsItsGate, what)
            // The subject and the token are free again.
            _ = try await workshop.approved(again)
        }
    }

    @Test("A death while the key is being made leaves it named, and invalid")
    func duringGeneration() async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            let death = Gate()
            vault.after(.generate) { () throws(VaultError) in
                await death.arrive()
                await neverReturn()
            }
            let order = try workshop.order(engine, statement.ceremony)
            Task { try await engine.submit(order) }
            await death.arrival()
            let again = try await workshop.open(ledger: ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            #expect(ceremony.end?.reason == "interrupted")
            #expect(ceremony.end?.left.count == 2)
            try await expectNoKeyWithoutRecord(workshop, again)
        }
    }

    @Test(
        "A death in the write of the outcome: the key has its record, or is named as left",
        arguments: [MemoryLedger.Failure.dieBeforeCommit, .dieAfterCommit])
    func duringCommit(_ failure: MemoryLedger.Failure) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let engine = try await workshop.open(boundary: { place in
                if place == "after-intent-3" { ledger.script([failure]) }
            })
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            #expect(await refusal { try await engine.submit(order) } == "stopping")
            // What may be recorded must keep its key.
            #expect(try await workshop.objects().count == 2)

            let again = try await workshop.open(ledger: ledger.reopened())
            let ceremony = try #require(again.state.ceremony(named: statement.ceremony))
            #expect(ceremony.state == (failure == .dieAfterCommit ? .completed : .failed))
            #expect(ceremony.end?.left.count == (failure == .dieAfterCommit ? 0 : 2))
            try await expectNoKeyWithoutRecord(workshop, again)
        }
    }

    @Test(
        "An execution in another token that is not unlocked is ended, and says that nobody looked")
    func otherTokenLocked() async throws {
        let ledger = MemoryLedger()
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: ledger)
            let annex = try workshop.freshVault("annex")
            try await annex.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            let death = Gate()
            let engine = try await workshop.open(
                others: [annex],
                boundary: { place in
                    guard place == "after-intent-2" else { return }
                    await death.arrive()
                    await neverReturn()
                })
            let statement = try await workshop.approved(
                engine, token: try await annex.inspect().reference)
            let order = try workshop.order(engine, statement.ceremony)
            Task { try await engine.submit(order) }
            await death.arrival()
            let again = try await workshop.open(
                ledger: ledger.reopened(), others: [try workshop.freshVault("annex")])
            let end = try #require(again.state.ceremony(named: statement.ceremony)?.end)
            #expect(end.reason == "interrupted")
            #expect(end.left.count == 1)
            #expect(end.left.first?.contains("not known whether it is there") == true)
        }
    }

    /// Every private key on the token that the log calls valid has its record in the log, and every
    /// key of the log is on the token.
    private func expectNoKeyWithoutRecord(_ workshop: Workshop, _ engine: Engine) async throws {
        let recorded = Set(engine.state.allKeys.map(\.keyID))
        let there = Set(try await workshop.objects().map(\.id))
        #expect(recorded.isSubset(of: there))
        for key in engine.state.allKeys {
            let ceremony = try #require(engine.state.ceremony(named: key.ceremony))
            #expect(ceremony.state == .completed)
            #expect(ceremony.record?.fingerprint == key.publicKey.fingerprint)
        }
    }
}
