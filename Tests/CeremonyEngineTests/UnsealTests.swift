// The house token under guardians: a PIN that nobody knows, in shares. On a real token, whose PIN
// is really changed, through lives and deaths of the daemon.

import CeremonyRecord
import CeremonyRules
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A token in the hands of guardians", .timeLimit(.minutes(3)))
struct UnsealTests {
    @Test("Its PIN is changed after the commit, when the one before it is typed once more")
    func first() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let guardians = Guardians(workshop)
            let id = try await guardians.carryOut(engine, add: Guardians.first, ["sign": "2"])
            let before = try #require(engine.state.guardianship(of: workshop.token))
            #expect(before.inForce == nil && before.pending?.ceremony == id)
            #expect(engine.state.unfinished.map(\.id) == [id])
            #expect(engine.trouble(of: id)?.contains("is to be set") == true)
            // A wrong one changes nothing.
            #expect(
                await refusal {
                    try await engine.unlock("house", pin: try Workshop.pin("0000-test"))
                } == "wrong-pin")
            #expect(engine.state.guardianship(of: workshop.token)?.inForce == nil)
            try await engine.unlock("house", pin: try Workshop.pin())
            let after = try #require(engine.state.guardianship(of: workshop.token))
            #expect(after.inForce?.ceremony == id && after.pending == nil)
            #expect(engine.state.unfinished.isEmpty)
            #expect(workshop.tries == ["notSet", "set"])
            // Of an open token too nobody types the PIN any more.
            #expect(
                await refusal { try await engine.unlock("house", pin: try Workshop.pin()) }
                    == "guarded")
            // It is the token's: what was typed before opens it no more, and is not even tried.
            let again = try workshop.start()
            #expect(
                await refusal { try await again.unlock("house", pin: try Workshop.pin()) }
                    == "guarded")
            #expect(
                await refusal {
                    try await again.unlock("house", pin: try Workshop.pin(), isTyped: true)
                } == "wrong-pin")
        }
    }

    @Test("Enough shares open it after a cold start, in any choice, and one fewer does nothing")
    func coldStart() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, id) = try await Guardians.guarded(workshop)
            for pair in [("alice", "bob"), ("carol", "alice"), ("bob", "carol")] {
                let vault = InterposedVault(try workshop.freshVault())
                let engine = try workshop.start(vault: vault)
                let one = try await guardians.handIn(pair.0, of: id, to: engine)
                #expect(!one.isUnlocked && one.holders == [[pair.0]])
                // The same share again is no second one.
                _ = try await guardians.handIn(pair.0, of: id, to: engine)
                #expect(vault.count(.unlock) == 0 && engine.snapshot.isSealed)
                let two = try await guardians.handIn(pair.1, of: id, to: engine)
                #expect(two.isUnlocked && !engine.snapshot.isSealed)
                #expect(vault.count(.unlock) == 1)
                let last = try #require(workshop.tries.last)
                #expect(last == "unlocked " + [pair.0, pair.1].sorted().joined(separator: " "))
                await engine.close()
            }
        }
    }

    @Test(
        "What is no share of it is refused before anything is tried, and shares are let go in time")
    func wrongShares() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, id) = try await Guardians.guarded(workshop)
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(vault: vault)
            var bytes = try #require(guardians.shares[id]?["alice"])
            for wrong in [
                bytes.map { $0 ^ 1 }, Array(bytes.dropLast()), [UInt8](repeating: 0, count: 65),
                [9],
            ] {
                #expect(
                    await refusal {
                        _ = try await engine.handIn(
                            [ReturnedShare(ceremony: id, secret: try Guardians.secret(wrong))],
                            to: "house")
                    } == "bad-share")
            }
            bytes[0] = 2
            #expect(
                await refusal {
                    _ = try await engine.handIn(
                        [ReturnedShare(ceremony: id, secret: try Guardians.secret(bytes))],
                        to: "house")
                } == "bad-share")
            #expect(
                await refusal {
                    _ = try await engine.handIn(
                        [
                            ReturnedShare(
                                ceremony: "guards-9",
                                secret: try guardians.share("alice", of: id).secret)
                        ], to: "house")
                } == "bad-share")
            _ = try await guardians.handIn("alice", of: id, to: engine)
            workshop.clock.advance(by: Custody.patience)
            await engine.tick()
            let late = try await guardians.handIn("bob", of: id, to: engine)
            #expect(late.holders == [["bob"]] && !late.isUnlocked)
            #expect(vault.count(.unlock) == 0)
        }
    }

    @Test("A rehearsal proves every share, tries nothing, and the log says who has shown theirs")
    func rehearsal() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, id) = try await Guardians.guarded(workshop)
            let vault = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(vault: vault)
            for name in ["alice", "bob", "carol"] {
                #expect(try await guardians.prove(name, of: id, to: engine) == name)
                // Once an hour is enough.
                #expect(try await guardians.prove(name, of: id, to: engine) == name)
            }
            #expect(
                await refusal {
                    _ = try await guardians.prove("alice", of: id, to: engine, signing: "bob")
                } == "bad-signature")
            #expect(vault.count(.unlock) == 0 && engine.snapshot.isSealed)
            _ = try await guardians.handIn("alice", of: id, to: engine)
            _ = try await guardians.handIn("bob", of: id, to: engine)
            #expect(
                workshop.tries.last
                    == "proved alice, proved bob, proved carol, unlocked alice bob")
            workshop.clock.advance(by: Custody.proofInterval)
            _ = try await guardians.prove("carol", of: id, to: engine)
            #expect(workshop.tries.last == "proved carol")
        }
    }

    @Test("After a rotation the old shares open it until the new PIN is set, and never afterwards")
    func rotation() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, old) = try await Guardians.guarded(workshop)
            let engine = try workshop.start()
            _ = try await guardians.handIn("alice", of: old, to: engine)
            _ = try await guardians.handIn("bob", of: old, to: engine)
            let new = try await guardians.carryOut(
                engine, add: [("dave", 604), ("erin", 605)], ["remove": "alice", "sign": "3"],
                consents: ["bob", "carol"])
            #expect(engine.state.guardianship(of: workshop.token)?.inForce?.ceremony == old)
            // The old guardians give the old PIN once more, one of whom has left.
            _ = try await guardians.handIn("alice", of: old, to: engine)
            #expect(engine.state.guardianship(of: workshop.token)?.inForce?.ceremony == old)
            _ = try await guardians.handIn("carol", of: old, to: engine)
            #expect(engine.state.guardianship(of: workshop.token)?.inForce?.ceremony == new)
            await engine.close()

            let vault = InterposedVault(try workshop.freshVault())
            let later = try workshop.start(vault: vault)
            for name in ["alice", "bob"] {
                #expect(
                    await refusal { _ = try await guardians.handIn(name, of: old, to: later) }
                        == "bad-share")
            }
            for name in ["bob", "dave"] {
                _ = try await guardians.handIn(name, of: new, to: later)
            }
            #expect(vault.count(.unlock) == 0)
            let open = try await guardians.handIn("erin", of: new, to: later)
            #expect(open.isUnlocked)
            #expect(vault.count(.unlock) == 1)
        }
    }

    @Test("A death before the new PIN is set leaves the old one, and both splits give it on")
    func deathBeforeSetting() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (_, _, guardians, old, new) = try await Guardians.changing(workshop)
            // Another life: the new PIN is only in shares now.
            let vault = InterposedVault(try workshop.freshVault())
            let later = try workshop.start(vault: vault)
            _ = try await guardians.handIn("bob", of: new, old, to: later)
            let standing = try await guardians.handIn("carol", of: new, old, to: later)
            #expect(standing.isUnlocked)
            #expect(vault.count(.unlock) == 1 && vault.count(.changePIN) == 1)
            #expect(workshop.tries.suffix(2) == ["unlocked bob carol", "set bob carol"])
            #expect(later.state.guardianship(of: workshop.token)?.inForce?.ceremony == new)
        }
    }

    @Test("New shares that come with old ones or after them set the new PIN when they are enough")
    func newSharesLater() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, old) = try await Guardians.guarded(workshop)
            let engine = try workshop.start()
            _ = try await guardians.handIn("alice", of: old, to: engine)
            _ = try await guardians.handIn("bob", of: old, to: engine)
            let new = try await guardians.carryOut(
                engine, add: [("dave", 604)], ["remove": "alice"], consents: ["bob", "carol"])
            let later = try workshop.start()
            _ = try await guardians.handIn("alice", of: old, to: later)
            let open = try await guardians.handIn("bob", of: new, old, to: later)
            #expect(open.isUnlocked && open.guardianship.pending?.ceremony == new)
            #expect(open.holders == [["bob"], ["alice", "bob"]])
            let set = try await guardians.handIn("dave", of: new, to: later)
            #expect(set.guardianship.inForce?.ceremony == new && set.guardianship.pending == nil)
        }
    }

    @Test("A death after the new PIN was set is noticed by the new shares, and nothing is lost")
    func deathAfterSetting() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let ledger = workshop.ledger
            let (guardians, old) = try await Guardians.guarded(workshop)
            // The answer to C_SetPIN never comes: the daemon dies in the call.
            let dying = InterposedVault(try workshop.freshVault())
            let engine = try workshop.start(ledger: ledger, vault: dying)
            _ = try await guardians.handIn("alice", of: old, to: engine)
            _ = try await guardians.handIn("bob", of: old, to: engine)
            let new = try await guardians.carryOut(
                engine, ["remove": "alice", "approve": "1"], consents: ["bob", "carol"])
            let death = Gate()
            dying.after(.changePIN) { () async throws(VaultError) in
                await death.arrive()
                await neverReturn()
            }
            let share = try guardians.share("bob", of: old)
            let other = try guardians.share("carol", of: old)
            Task {
                _ = try await engine.handIn([share], to: "house")
                _ = try await engine.handIn([other], to: "house")
            }
            await death.arrival()
            let vault = InterposedVault(try workshop.freshVault())
            let later = try workshop.start(vault: vault)
            // The old shares alone do not open it, and say where to look.
            let carol = try guardians.share("carol", of: old)
            _ = try await guardians.handIn("bob", of: old, to: later)
            #expect(
                await refusal { _ = try await later.handIn([carol], to: "house") } == "wrong-shares"
            )
            _ = try await guardians.handIn("bob", of: new, old, to: later)
            let standing = try await guardians.handIn("carol", of: new, old, to: later)
            #expect(standing.isUnlocked)
            #expect(vault.count(.unlock) == 2 && vault.count(.changePIN) == 0)
            #expect(later.state.guardianship(of: workshop.token)?.inForce?.ceremony == new)
            #expect(later.state.unfinished.isEmpty)
            #expect(
                workshop.tries.last
                    == "setting, wrong bob carol, unlocked bob carol")
        }
    }

    @Test("A call to set it whose answer is lost locks the token, and the next login tells")
    func lostAnswer() async throws {
        for isDone in [true, false] {
            try await Workshop.with(policy: House.membershipPolicy) { workshop in
                let (vault, engine, guardians, old, new) = try await Guardians.changing(workshop)
                let lost: @Sendable () async throws(VaultError) -> Void = {
                    () async throws(VaultError) in
                    throw VaultError(.tokenTrouble, "the answer is lost")
                }
                if isDone {
                    vault.after(.changePIN, lost)
                } else {
                    vault.before(.changePIN, lost)
                }
                _ = try await guardians.handIn("bob", of: old, to: engine)
                let carol = try guardians.share("carol", of: old)
                #expect(
                    await refusal { _ = try await engine.handIn([carol], to: "house") }
                        == "token-trouble")
                #expect(engine.snapshot.isSealed)
                vault.before(.changePIN) { () async throws(VaultError) in }
                vault.after(.changePIN) { () async throws(VaultError) in }
                // Of the new PIN nobody needs to bring a share: it is still here.
                _ = try await guardians.handIn("bob", of: new, old, to: engine)
                let standing = try await guardians.handIn("carol", of: new, old, to: engine)
                #expect(standing.isUnlocked)
                #expect(engine.state.guardianship(of: workshop.token)?.inForce?.ceremony == new)
                #expect(vault.count(.changePIN) == (isDone ? 1 : 2))
            }
        }
    }

    @Test("A later split overtakes one whose PIN was never set; its PIN is not set any more")
    func overtaken() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let (guardians, old) = try await Guardians.guarded(workshop)
            let engine = try workshop.start()
            _ = try await guardians.handIn("alice", of: old, to: engine)
            _ = try await guardians.handIn("bob", of: old, to: engine)
            let lost = try await guardians.carryOut(
                engine, ["remove": "alice", "approve": "1"], consents: ["bob", "carol"])
            let new = try await guardians.carryOut(
                engine, add: [("dave", 604)], consents: ["carol"])
            let known = try #require(engine.state.guardianship(of: workshop.token))
            #expect(known.inForce?.ceremony == old && known.pending?.ceremony == new)
            try await engine.perform(.committed)
            #expect(engine.state.unfinished.map(\.id) == [new])
            #expect(engine.state.ceremony(named: lost)?.isLeftUndone == true)
            _ = try await guardians.handIn("bob", of: old, to: engine)
            _ = try await guardians.handIn("carol", of: old, to: engine)
            #expect(engine.state.guardianship(of: workshop.token)?.inForce?.ceremony == new)
        }
    }

    @Test("Whoever takes no share in time keeps the PIN as it is; shares of that are worth nothing")
    func silence() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let guardians = Guardians(workshop)
            let id = try await guardians.approved(
                engine, add: Guardians.first, ["sign": "2"]
            ).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await guardians.asked(3, engine, id)
            try guardians.takeShare("alice", engine, id)
            try guardians.takeShare("bob", engine, id)
            try guardians.fetch("carol", engine, id)
            workshop.clock.advance(by: 120)
            await engine.tick()
            #expect(await refusal { _ = try await execution.value } == "execution-failed")
            let ended = try #require(engine.state.ceremony(named: id))
            #expect(ended.state == .failed && ended.end?.reason == "interrupted")
            #expect(ended.end?.detail?.contains("carol") == true)
            #expect(engine.state.guardianship(of: workshop.token) == nil)
            #expect(
                await refusal { _ = try await guardians.handIn("alice", of: id, to: engine) }
                    == "not-guarded")
            await engine.close()
            _ = try await workshop.open()
        }
    }

    @Test("A share goes only to whoever has its key, and only while it is asked for")
    func strangers() async throws {
        try await Workshop.with(policy: House.membershipPolicy) { workshop in
            let engine = try await workshop.open()
            let guardians = Guardians(workshop)
            let id = try await guardians.approved(
                engine, add: Guardians.first, ["sign": "2"]
            ).ceremony
            let order = try workshop.order(engine, id)
            let execution = Task { try await engine.submit(order) }
            try await guardians.asked(3, engine, id)
            let alice = SoftwareKey(601)
            func ask(_ signer: SoftwareKey, nonce: String, signed: String) async -> String? {
                let request = ShareRequest(
                    log: engine.state.log.origin, mode: engine.state.log.mode, ceremony: id,
                    key: alice.publicKey, nonce: signed)
                let bytes = SSHSIG.signedBytes(namespace: .shareRequest, message: request.bytes)
                return await refusal {
                    _ = try engine.share(
                        for: alice.fingerprint, of: id, nonce: nonce,
                        signature: signer.signature(over: bytes))
                }
            }
            let nonce = engine.nonce()
            #expect(await ask(SoftwareKey(602), nonce: nonce, signed: nonce) == "bad-signature")
            #expect(await ask(alice, nonce: nonce, signed: engine.nonce()) == "bad-signature")
            #expect(await ask(alice, nonce: nonce, signed: nonce) == nil)
            for name in ["alice", "bob", "carol"] { try guardians.takeShare(name, engine, id) }
            _ = try await execution.value
            #expect(await ask(alice, nonce: nonce, signed: nonce) == "not-yet")
        }
    }
}
