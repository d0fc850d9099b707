// Recovery on real tokens: what a dead execution left is destroyed when everything says that it is
// that, and in every doubt nothing is touched.

import CeremonyRecord
import CeremonyRules
import PKCS11
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Recovery", .timeLimit(.minutes(5)))
struct RecoveryTests {
    /// A new life of the daemon after one that died in an execution.
    struct Aftermath {
        let workshop: Workshop
        let ledger: MemoryLedger
        let engine: Engine
        let vault: InterposedVault
        let id: String

        var ceremony: Ceremony { get throws { try #require(engine.state.ceremony(named: id)) } }
        var object: KeyIntent { get throws { try #require(try ceremony.announced) } }

        func order(isTokenLost: Bool = false) throws -> Signed {
            try workshop.people(of: engine) {
                try $0.recovery(of: id, isTokenLost: isTokenLost)
            }
        }

        /// Expects the order to be refused, with everything on the token as it was.
        func expectUntouched(
            _ code: String, isTokenLost: Bool = false, _ place: SourceLocation = #_sourceLocation
        ) async throws {
            let before = try await workshop.objects()
            let order = try order(isTokenLost: isTokenLost)
            #expect(
                await refusal { try await engine.submit(order) } == code, sourceLocation: place)
            #expect(try await workshop.objects() == before, sourceLocation: place)
            #expect(try ceremony.recovery == nil, sourceLocation: place)
            #expect(engine.state.unrecovered.map(\.id) == [id], sourceLocation: place)
        }
    }

    /// Dies at a boundary of an execution; then the daemon is there again, and unlocked.
    ///
    /// - Parameter meanwhile: What happens on the token between the death and the next start.
    private func afterDeath(
        at place: String = "after-intent-2",
        meanwhile: (KeyIntent, Workshop) async throws -> Void = { _, _ in },
        _ body: (Aftermath) async throws -> Void
    ) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let death = Gate()
            let engine = try await workshop.open(boundary: { here in
                guard here == place else { return }
                await death.arrive()
                await neverReturn()
            })
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            Task { try await engine.submit(order) }
            await death.arrival()
            let object = try #require(
                engine.state.ceremony(named: statement.ceremony)?.announced)
            try await meanwhile(object, workshop)
            let after = ledger.reopened()
            let vault = InterposedVault(try workshop.freshVault())
            let again = try workshop.start(ledger: after, vault: vault)
            try await again.unlock("house", pin: try Workshop.pin())
            try await body(
                Aftermath(
                    workshop: workshop, ledger: after, engine: again, vault: vault,
                    id: statement.ceremony))
        }
    }

    /// Makes a pair on the token, as somebody besides the daemon would.
    private static func make(_ id: [UInt8], _ label: String, _ workshop: Workshop) async throws {
        let vault = try workshop.freshVault()
        try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
        _ = try await vault.generate(id: id, label: label)
        await vault.lock()
    }

    @Test("What was left is destroyed, and the next ceremony works")
    func destroyed() async throws {
        try await afterDeath { after in
            #expect(try await after.workshop.objects().count == 2)
            let order = try after.order()
            let recorded = try await after.engine.submit(order)
            #expect(recorded.events.map(\.body.type) == ["object.destroyed"])
            #expect(try await after.workshop.objects().isEmpty)
            #expect(try after.ceremony.recovery?.outcome == .destroyed)
            #expect(after.engine.state.unrecovered.isEmpty)
            let again = try await after.engine.submit(order)
            #expect(again.isRepeat)
            let second = try after.order()
            #expect(await refusal { try await after.engine.submit(second) } == "ended")
            let record = try await after.workshop.completed(after.engine)
            #expect(try await after.workshop.objects().count == 2)
            #expect(record.ceremony == "keeper-alpha-2")
        }
    }

    @Test("Where nothing was made, or somebody destroyed it, it is recorded as absent")
    func absent() async throws {
        try await afterDeath(meanwhile: { object, workshop in
            let vault = try workshop.freshVault()
            try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            #expect(try await vault.destroy(id: object.keyID) == 0)
            await vault.lock()
        }) { after in
            // The log says that nobody found anything, and an operator may still have it looked at.
            #expect(try after.ceremony.end?.left.isEmpty == true)
            try await after.engine.submit(try after.order())
            #expect(try after.ceremony.recovery?.outcome == .absent)
        }
    }

    @Test("A half that is left of a pair is destroyed")
    func half() async throws {
        try await afterDeath { after in
            let object = try after.object
            let found = try await after.vault.inner.objects(
                .named(id: object.keyID, label: Array(object.label.utf8)))
            let session = try await after.workshop.session()
            try await session.destroy(try #require(found.first(where: \.isPrivateKey)))
            #expect(try await after.workshop.objects().count == 1)
            try await after.engine.submit(try after.order())
            #expect(try await after.workshop.objects().isEmpty)
        }
    }

    @Test("A death between destroying and recording: the same order ends as absent")
    func diesBeforeRecording() async throws {
        try await afterDeath { after in
            let death = Gate()
            let dying = try await after.workshop.open(
                ledger: after.ledger,
                boundary: { here in
                    guard here == "recovered" else { return }
                    await death.arrive()
                    await neverReturn()
                })
            let order = try after.workshop.people(of: dying) { try $0.recovery(of: after.id) }
            Task { try await dying.submit(order) }
            await death.arrival()
            #expect(try await after.workshop.objects().isEmpty)
            let last = try await after.workshop.open(ledger: after.ledger.reopened())
            #expect(last.state.ceremony(named: after.id)?.recovery == nil)
            try await last.submit(order)
            #expect(last.state.ceremony(named: after.id)?.recovery?.outcome == .absent)
        }
    }

    @Test("A log that may not be the newest destroys nothing, and still sees what is absent")
    func notNewest() async throws {
        try await afterDeath { after in
            let recovery = Recovery(executor: after.engine.executor, isKnownNewest: false)
            let order = try after.order()
            #expect(
                await refusal {
                    try await recovery.carryOut(document: order.document, sshsig: order.sshsig)
                } == "log-not-newest")
            #expect(try await after.workshop.objects().count == 2)
            #expect(try after.ceremony.recovery == nil)
            let object = try after.object
            #expect(try await after.vault.inner.destroy(id: object.keyID) == 0)
            _ = try await recovery.carryOut(document: order.document, sshsig: order.sshsig)
            #expect(try after.ceremony.recovery?.outcome == .absent)
        }
    }

    @Test("A pair with another label, or another id, is not touched", arguments: [true, false])
    func otherName(_ isLabel: Bool) async throws {
        try await afterDeath(
            at: "after-intent-1",
            meanwhile: { object, workshop in
                let other = [UInt8](repeating: 7, count: 16)
                try await Self.make(
                    isLabel ? object.keyID : other, isLabel ? "other" : object.label, workshop)
            }
        ) { try await $0.expectUntouched("object-differs") }
    }

    @Test("Two pairs of the name are not touched")
    func twoPairs() async throws {
        try await afterDeath(meanwhile: { object, workshop in
            try await workshop.session().write(SoftwareKey.seed(601), object)
        }) { after in
            #expect(try await after.workshop.objects().count == 3)
            try await after.expectUntouched("object-ambiguous")
        }
    }

    @Test("Halves that do not belong together are not touched")
    func foreignHalf() async throws {
        try await afterDeath { after in
            let object = try after.object
            let session = try await after.workshop.session()
            let found = try await after.vault.inner.objects(
                .named(id: object.keyID, label: Array(object.label.utf8)))
            try await session.destroy(try #require(found.first(where: \.isPrivateKey)))
            try await session.write(SoftwareKey.seed(600), object)
            try await after.expectUntouched("object-differs")
        }
    }

    @Test("A key that the log knows is not touched, with its public half or without")
    func knownKey() async throws {
        // Alice's own key, under the name that the intent announced.
        try await afterDeath(
            at: "after-intent-1",
            meanwhile: { object, workshop in
                try await workshop.session().write(SoftwareKey.seed(1), object)
            }
        ) { after in
            #expect(try await after.workshop.objects().count == 1)
            try await after.expectUntouched("object-known")
        }
        try await afterDeath(
            at: "after-intent-1",
            meanwhile: { object, workshop in
                try await workshop.session().write(
                    publicKey: SoftwareKey(1).publicKey.point, object)
            }
        ) { try await $0.expectUntouched("object-known") }
    }

    @Test("An object that was there before the execution is not touched", arguments: [false, true])
    func thereBefore(_ isChangedSince: Bool) async throws {
        let ledger = MemoryLedger()
        try await Workshop.with(ledger: ledger) { workshop in
            let (engine, vault) = try await workshop.openInterposed()
            let statement = try await workshop.approved(engine)
            // A daemon that does not look: the intent names what is there already.
            let id = [UInt8](repeating: 9, count: 16)
            try await Self.make(id, statement.ceremony, workshop)
            let inventory = InventoryItem.digest(of: try await vault.inner.inventory())
            let order = try workshop.order(engine, statement.ceremony)
            _ = try await engine.writer.submit(
                .execute(
                    document: order.document, sshsig: order.sshsig,
                    intent: .object([
                        "manufacturer": .string(workshop.token.manufacturer),
                        "model": .string(workshop.token.model),
                        "token_serial": .string(workshop.token.serial),
                        "key_id": .string(Hex.encode(id)), "label": .string(statement.ceremony),
                        "inventory": .string(inventory.hex),
                    ])))
            let again = InterposedVault(try workshop.freshVault())
            let after = try workshop.start(ledger: ledger.reopened(), vault: again)
            try await after.unlock("house", pin: try Workshop.pin())
            if isChangedSince { _ = try await workshop.completed(after, subject: "keeper-beta") }
            try await Aftermath(
                workshop: workshop, ledger: ledger, engine: after, vault: again,
                id: statement.ceremony
            ).expectUntouched("object-before")
        }
    }

    @Test("Another token, a locked one, and trouble on it leave everything as it was")
    func token() async throws {
        try await afterDeath { after in
            after.vault.alter {
                $0.reference = TokenReference(
                    label: $0.reference.label, manufacturer: $0.reference.manufacturer,
                    model: "SoftHSM v3", serial: $0.reference.serial)
            }
            try await after.expectUntouched("token-missing")
            after.vault.alter { $0.isUnlocked = false }
            try await after.expectUntouched("token-locked")
            after.vault.alter { _ in }
            after.vault.fail(.objects)
            try await after.expectUntouched("token-trouble")
            after.vault.mend(.objects)
            after.vault.before(.destroy) { () throws(VaultError) in
                throw VaultError(.tokenTrouble, "the test says so")
            }
            try await after.expectUntouched("token-trouble")
        }
    }

    @Test("What changes between the look and the destruction is not touched")
    func changesMeanwhile() async throws {
        try await afterDeath { after in
            let object = try after.object
            let found = try await after.vault.inner.objects(
                .named(id: object.keyID, label: Array(object.label.utf8)))
            try await after.workshop.session().write(SoftwareKey.seed(601), object)
            await #expect(throws: VaultError.self) { try await after.vault.inner.destroy(found) }
            #expect(try await after.workshop.objects().count == 3)
        }
    }

    @Test("A halt while it is looked at comes first")
    func halted() async throws {
        try await afterDeath { after in
            let halt = try after.workshop.act(.halt, by: "alice", as: .keeper, after.engine)
            let engine = after.engine
            after.vault.after(.inventory) { () throws(VaultError) in
                _ = try? await engine.submit(halt)
            }
            let order = try after.order()
            #expect(await refusal { try await engine.submit(order) } == "execution-failed")
            #expect(try await after.workshop.objects().count == 2)
            #expect(await refusal { try await engine.submit(order) } == "halted")
        }
    }

    @Test("An execution that was ended from outside and is still at work is not overtaken")
    func underWay() async throws {
        try await Workshop.with { workshop in
            let gate = Gate()
            let engine = try await workshop.open(boundary: { here in
                if here == "after-intent-2" { await gate.wait() }
            })
            let statement = try await workshop.approved(engine)
            let order = try workshop.order(engine, statement.ceremony)
            let execution = Task { try await engine.submit(order) }
            await gate.arrival()
            workshop.clock.advance(by: 1000)
            await engine.tick()
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .failed)
            let recovery = try workshop.people(of: engine) {
                try $0.recovery(of: statement.ceremony)
            }
            #expect(await refusal { try await engine.submit(recovery) } == "not-yet")
            gate.open()
            _ = await execution.result
            try await engine.submit(recovery)
            #expect(
                engine.state.ceremony(named: statement.ceremony)?.recovery?.outcome == .absent)
        }
    }

    @Test("A lost token: refused while it is here, else recorded, and listed until it is found")
    func tokenLost() async throws {
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
            let id = statement.ceremony
            let order = try workshop.order(engine, id)
            Task { try await engine.submit(order) }
            await death.arrival()

            // The annex is not there at the next start.
            let after = ledger.reopened()
            let without = try await workshop.open(ledger: after)
            let plain = try workshop.people(of: without) { try $0.recovery(of: id) }
            #expect(await refusal { try await without.submit(plain) } == "token-missing")
            let lost = try workshop.people(of: without) {
                try $0.recovery(of: id, isTokenLost: true)
            }
            try await without.submit(lost)
            #expect(without.state.ceremony(named: id)?.recovery?.outcome == .unreachable)
            #expect(without.state.unrecovered.map(\.id) == [id])

            // It is found again: nobody may call it lost any more, and it is cleaned.
            let with = try await workshop.open(
                ledger: after.reopened(), others: [try workshop.freshVault("annex")])
            let late = try workshop.people(of: with) {
                try $0.recovery(of: id, isTokenLost: true)
            }
            #expect(await refusal { try await with.submit(late) } == "token-here")
            try await with.unlock("annex", pin: try Workshop.pin())
            #expect(try await with.inventory(of: "annex").map(\.standing) == [.orphan, .orphan])
            try await with.submit(try workshop.people(of: with) { try $0.recovery(of: id) })
            #expect(with.state.unrecovered.isEmpty)
            #expect(try await workshop.objects(on: "annex").isEmpty)
        }
    }

    @Test("An inventory says of every object what it is")
    func inventory() async throws {
        try await afterDeath { after in
            _ = try await after.workshop.completed(after.engine, subject: "keeper-beta")
            try await Self.make([1, 2], "foreign", after.workshop)
            let judged = try await after.engine.inventory(of: "house")
            let counts = Dictionary(grouping: judged, by: \.standing).mapValues(\.count)
            #expect(
                counts.filter { $0.key != .headObject }
                    == [.logKey: 2, .pending: 2, .orphan: 2, .unknown: 2])
            #expect(
                judged.filter { $0.standing == .orphan }.allSatisfy { $0.ceremony == after.id })
            await after.vault.lock()
            #expect(
                await refusal { try await after.engine.inventory(of: "house") } == "token-locked")
        }
    }
}
