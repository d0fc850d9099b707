// What can go wrong while a token is in the hands of guardians: locks, refusals, answers that are
// lost or unclear, and files that do not belong there. None of it loses the token, and none of it
// opens it to fewer than enough.

import CeremonyRecord
import CeremonyRules
import Foundation
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A token in the hands of guardians, in trouble", .timeLimit(.minutes(3)))
struct UnsealTroubleTests {
    @Test("A lock lets go of everything that was handed in, also while a new PIN waits")
    func lock() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (vault, engine, guardians, old, _) = try await Guardians.changing(workshop)
            try await engine.lock("house")
            let logins = vault.count(.unlock)
            for name in ["alice", "alice"] {
                let standing = try await guardians.handIn(name, of: old, to: engine)
                #expect(!standing.isUnlocked)
            }
            #expect(vault.count(.unlock) == logins && engine.snapshot.isSealed)
        }
    }

    @Test("A share is kept for as long as it was, however often it comes")
    func noExtension() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, id) = try await Guardians.guarded(workshop)
            let engine = try workshop.start()
            _ = try await guardians.handIn("alice", of: id, to: engine)
            workshop.clock.advance(by: Custody.patience - 1)
            _ = try await guardians.handIn("alice", of: id, to: engine)
            workshop.clock.advance(by: 1)
            await engine.tick()
            let standing = try await guardians.handIn("bob", of: id, to: engine)
            #expect(standing.holders == [["bob"]] && !standing.isUnlocked)
        }
    }

    @Test("Of a token that stops answering nobody is told that it is locked, and shares are kept")
    func silentToken() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, id) = try await Guardians.guarded(workshop)
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(vault: vault)
            let before = vault.count(.inspect)
            _ = try await guardians.handIn("alice", of: id, to: engine)
            // The last look is the one that the answer speaks of.
            let last = vault.count(.inspect) * 2 - before
            vault.before(.inspect) { () async throws(VaultError) in
                guard vault.count(.inspect) == last else { return }
                throw VaultError(.tokenTrouble, "the token does not answer")
            }
            #expect(
                await refusal { _ = try await guardians.handIn("alice", of: id, to: engine) }
                    == "token-trouble")
            #expect(vault.count(.inspect) == last)
            #expect(try await guardians.handIn("bob", of: id, to: engine).isUnlocked)
        }
    }

    @Test("A token that will not have the new PIN stays open with the old one, and says why")
    func refusedPIN() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (vault, engine, guardians, old, new) = try await Guardians.changing(workshop)
            vault.before(.changePIN) { () async throws(VaultError) in
                var no = VaultError(.tokenTrouble, "letters are no PIN here")
                no.isWithoutEffect = true
                throw no
            }
            _ = try await guardians.handIn("bob", of: old, to: engine)
            let standing = try await guardians.handIn("carol", of: old, to: engine)
            #expect(standing.isUnlocked && !engine.snapshot.isSealed)
            #expect(standing.guardianship.pending?.ceremony == new)
            await engine.tick()
            #expect(engine.trouble(of: new)?.contains("letters are no PIN") == true)
            // And what opens it is what opened it before.
            let later = try workshop.start()
            _ = try await guardians.handIn("bob", of: old, to: later)
            #expect(try await guardians.handIn("carol", of: old, to: later).isUnlocked)
        }
    }

    @Test("After no clear answer to one PIN the next order tries the other one first")
    func doubt() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (_, _, guardians, old, new) = try await Guardians.changing(workshop)
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(vault: vault)
            // A module that says of a wrong PIN that its arguments are bad.
            vault.after(.unlock) { () async throws(VaultError) in
                throw VaultError(.tokenTrouble, "CKR_ARGUMENTS_BAD")
            }
            _ = try await guardians.handIn("bob", of: new, old, to: engine)
            let both = [
                try guardians.share("carol", of: new), try guardians.share("carol", of: old),
            ]
            #expect(
                await refusal { _ = try await engine.handIn(both, to: "house") } != nil
                    && engine.snapshot.isSealed)
            vault.after(.unlock) { () async throws(VaultError) in }
            // What gave no clear answer is handed in again by all.
            _ = try await guardians.handIn("carol", of: new, old, to: engine)
            #expect(engine.snapshot.isSealed)
            let again = try await guardians.handIn("bob", of: new, old, to: engine)
            #expect(again.isUnlocked)
        }
    }

    @Test("A PIN that was never about to be set costs no try, unless a guardian says so")
    func neverSet() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (_, _, guardians, _, new) = try await Guardians.changing(workshop)
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(vault: vault)
            for name in ["bob", "carol", "bob"] {
                let standing = try await guardians.handIn(name, of: new, to: engine)
                #expect(!standing.isUnlocked)
            }
            #expect(vault.count(.unlock) == 0)
            let share = try guardians.share("bob", of: new)
            for tries in [1, 1] {
                #expect(
                    await refusal {
                        _ = try await engine.handIn([share], to: "house", isChosen: true)
                    } == "wrong-shares")
                #expect(vault.count(.unlock) == tries)
            }
        }
    }

    @Test("A PIN that was set and not written down as done opens the token by its shares alone")
    func setAndNotDone() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (vault, engine, guardians, old, new) = try await Guardians.changing(workshop)
            // The daemon dies when the PIN is set, before the log has it that it is done.
            let set = Gate()
            vault.after(.changePIN) { () async throws(VaultError) in
                await set.arrive()
                await neverReturn()
            }
            let share = try guardians.share("bob", of: old)
            let other = try guardians.share("carol", of: old)
            _ = try await engine.handIn([share], to: "house")
            Task { _ = try await engine.handIn([other], to: "house") }
            await set.arrival()
            let file = UnsealFile(path: workshop.store.directory + "/unseal-tries")
            try file.note(
                UnsealTry(time: workshop.clock.now, ceremony: new, shares: [], result: .set),
                on: workshop.token.uri)
            let again = InterposedVault(try workshop.freshVault())
            let later = try workshop.start(vault: again)
            _ = try await guardians.handIn("bob", of: new, to: later)
            let open = try await guardians.handIn("carol", of: new, to: later)
            #expect(open.isUnlocked && again.count(.unlock) == 1)
            #expect(later.state.guardianship(of: workshop.token)?.inForce?.ceremony == new)
        }
    }

    @Test("With one try left nobody guesses between two PINs")
    func finalTry() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (first, before, guardians, old, new) = try await Guardians.changing(workshop)
            // The new one was about to be set, and nobody knows what became of it.
            first.before(.changePIN) { () async throws(VaultError) in
                throw VaultError(.tokenTrouble, "the answer is lost")
            }
            _ = try await guardians.handIn("bob", of: old, to: before)
            _ = await refusal { [guardians] in
                _ = try await guardians.handIn("carol", of: old, to: before)
            }
            let vault = InterposedVault(try workshop.freshVault())
            vault.alter { $0.pinTries = "finalTry" }
            let engine = try workshop.start(vault: vault)
            let bob = [try guardians.share("bob", of: new), try guardians.share("bob", of: old)]
            let carol = [
                try guardians.share("carol", of: new), try guardians.share("carol", of: old),
            ]
            _ = try await engine.handIn(bob, to: "house", allowFinalTry: true)
            #expect(
                await refusal {
                    _ = try await engine.handIn(carol, to: "house", allowFinalTry: true)
                } == "pin-tries")
            #expect(vault.count(.unlock) == 0)
            _ = try await engine.handIn([bob[1]], to: "house", allowFinalTry: true)
            let open = try await engine.handIn([carol[1]], to: "house", allowFinalTry: true)
            #expect(open.isUnlocked && vault.count(.unlock) == 1)
        }
    }

    @Test("Tries of another log keep nobody out, and are put aside")
    func foreignTries() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, id) = try await Guardians.guarded(workshop)
            let path = workshop.store.directory + "/unseal-tries"
            let file = UnsealFile(path: path)
            let now = workshop.clock.now
            try file.note(
                UnsealTry(time: now, ceremony: "others-9", shares: ["zoe"], result: .proved),
                on: workshop.token.uri)
            for number in 0..<200 {
                try file.note(
                    UnsealTry(
                        time: now + number, ceremony: id, shares: ["alice"], result: .proved),
                    on: workshop.token.uri)
            }
            let engine = try workshop.start()
            _ = try await guardians.handIn("alice", of: id, to: engine)
            #expect(try await guardians.handIn("bob", of: id, to: engine).isUnlocked)
            #expect(FileManager.default.fileExists(atPath: path + ".refused-1"))
            #expect(!FileManager.default.fileExists(atPath: path))
            // The rest is in the log, in pieces that it takes.
            let proofs = Array(repeating: "proved alice", count: 9).joined(separator: ", ")
            #expect(workshop.tries.last == proofs + ", unlocked alice bob")
        }
    }

    @Test("An order that is handed in twice hands out one PIN, which is the one that is announced")
    func twice() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let guardians = Guardians(workshop)
            let id = try await guardians.approved(
                engine, add: Guardians.first, ["sign": "2"]
            ).ceremony
            let order = try workshop.order(engine, id)
            let executions = (0..<2).map { _ in Task { try await engine.submit(order) } }
            try await guardians.asked(3, engine, id)
            for name in ["alice", "bob", "carol"] { try guardians.takeShare(name, engine, id) }
            for execution in executions { _ = try await execution.value }
            try await engine.unlock("house", pin: try Workshop.pin())
            let later = try workshop.start()
            _ = try await guardians.handIn("carol", of: id, to: later)
            #expect(try await guardians.handIn("alice", of: id, to: later).isUnlocked)
        }
    }

    @Test("A PIN that may have been set is not forgotten when a later split commits meanwhile")
    func lostAnswerBesideACommit() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            try workshop.store.makeToken(label: "annex")
            let vault = InterposedVault(try workshop.freshVault("annex"))
            let engine = try workshop.start(others: [vault])
            for name in ["house", "annex"] {
                try await engine.unlock(name, pin: try Workshop.pin())
            }
            let annex = try await vault.inspect().reference
            let guardians = Guardians(workshop, of: ("annex", annex))
            let first = try await guardians.carryOut(engine, add: Guardians.first, ["sign": "2"])
            try await engine.unlock("annex", pin: try Workshop.pin())
            let second = try await guardians.carryOut(
                engine, ["remove": "alice", "approve": "1"], consents: ["bob", "carol"])
            let third = try await guardians.approved(
                engine, add: [("dave", 604)], consents: ["carol"]
            ).ceremony
            let order = try workshop.order(engine, third)
            let execution = Task { try await engine.submit(order) }
            try await guardians.asked(3, engine, third)
            // The second PIN becomes the token's, and nobody hears of it.
            vault.after(.changePIN) { () async throws(VaultError) in
                throw VaultError(.tokenTrouble, "the answer is lost")
            }
            _ = try await guardians.handIn("alice", of: first, to: engine)
            #expect(
                await refusal { _ = try await guardians.handIn("bob", of: first, to: engine) }
                    == "token-trouble")
            for name in ["bob", "carol", "dave"] { try guardians.takeShare(name, engine, third) }
            _ = try await execution.value
            try? await engine.perform(.committed)
            let known = try #require(engine.state.guardianship(of: annex))
            #expect(known.epochs.map(\.ceremony) == [third, second, first])
            vault.after(.changePIN) { () async throws(VaultError) in }
            _ = try await guardians.handIn("bob", of: second, to: engine)
            let open = try await guardians.handIn("carol", of: second, to: engine)
            // It was the token's, and the third has taken its place, by the PIN of the second.
            #expect(open.isUnlocked && open.guardianship.inForce?.ceremony == third)
            #expect(open.guardianship.pending == nil && engine.state.unfinished.isEmpty)
            let later = try workshop.start(others: [try workshop.freshVault("annex")])
            try await later.unlock("house", pin: try Workshop.pin())
            _ = try await guardians.handIn("dave", of: third, to: later)
            #expect(try await guardians.handIn("carol", of: third, to: later).isUnlocked)
        }
    }
}
