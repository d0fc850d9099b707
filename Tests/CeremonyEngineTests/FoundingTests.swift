// The founding: once, with every signature, on the token that the genesis names, and with a log key
// that proves itself. Nothing is written where any of it is missing.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Sodium
import TestSupport
import Testing

@Suite("Founding a log", .timeLimit(.minutes(5)))
struct FoundingTests {
    typealias Founding = CeremonyEngine.Founding

    @Test("A log key is made once, signs under the origin, and passes the gate of every key")
    func logKey() async throws {
        try await withBlankVault { vault in
            let key = try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
            let note = try #require(NoteKey(vkey: key.vkey))
            #expect(note.name == Workshop.origin)
            let reference = try await vault.inspect().reference
            #expect(key.uri == reference.uri)
            let items = try await vault.inventory()
            #expect(items.count == 2)
            #expect(items.allSatisfy { $0.label == Array("ceremonyd-log-key".utf8) })
            let signature = try await vault.sign([1, 2, 3], with: .point(note.publicKey))
            #expect(Ed25519.isValid(signature: signature, of: [1, 2, 3], by: note.publicKey))
            #expect(
                await refusal {
                    try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
                } == "object-exists")
            #expect(try await vault.inventory() == items)
        }
    }

    @Test("A log key that is there is shown again, and nothing is made or signed for that")
    func logKeyAgain() async throws {
        try await withBlankVault { inner async throws in
            let vault = InterposedVault(inner)
            #expect(
                await refusal { try await Founding.logKey(on: vault, origin: Workshop.origin) }
                    == "log-key")
            let made = try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
            let (items, signed) = (try await vault.inventory(), vault.signedMessages.count)
            #expect(try await Founding.logKey(on: vault, origin: Workshop.origin) == made)
            #expect(try await vault.inventory() == items)
            #expect(vault.signedMessages.count == signed)
            do {
                _ = try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
                Issue.record("a second log key was made")
            } catch let error as EngineError {
                #expect(error.next?.contains("--show") == true)
            }
            // Two under one label are nobody's log key, and a public half alone is none.
            _ = try await vault.generate(id: [1, 2, 3], label: Founding.keyLabel)
            #expect(
                await refusal { try await Founding.logKey(on: vault, origin: Workshop.origin) }
                    == "log-key")
            #expect(
                await refusal { try await Founding.logKey(on: vault, origin: "No Origin") }
                    == "bad-parameter")
            await vault.lock()
            #expect(
                await refusal { try await Founding.logKey(on: vault, origin: Workshop.origin) }
                    == "token-locked")
        }
    }

    @Test(
        "No log key for a name that is no origin, on a locked token, or on one that signs wrongly")
    func noLogKey() async throws {
        try await withBlankVault { inner async throws in
            let vault = InterposedVault(inner)
            #expect(
                await refusal { try await Founding.makeLogKey(vault: vault, origin: "No Origin") }
                    == "bad-parameter")
            vault.fail(.sign)
            #expect(
                await refusal {
                    try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
                } == "token-trouble")
            #expect(try await vault.inventory().isEmpty)
            await vault.lock()
            #expect(
                await refusal {
                    try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
                } == "token-locked")
        }
    }

    @Test("Two events in one batch, the head over them signed; a second founding is refused")
    func founding() async throws {
        try await withVault { vault, house in
            let ledger = MemoryLedger()
            let state = try await found(house, in: ledger, vault)
            #expect(ledger.batches == [2])
            #expect(try Replay.state(of: ledger.lines) == state)
            let head = try ledger.head()
            #expect(head.checkpointSize == 2)
            let key = try #require(NoteKey(vkey: house.genesis.logKeys[0].vkey))
            let note = try SignedNote(try #require(head.checkpoint))
            #expect(try Checkpoint(note, signedBy: [key]).head.root == state.head.root)
            #expect(
                await refusal { try await found(house, in: ledger, vault) } == "already-founded")
            #expect(ledger.batches == [2])
        }
    }

    @Test("The log key signs the head of the empty log and that of the founded one, nothing else")
    func whatIsSigned() async throws {
        try await withVault { inner, house async throws in
            let vault = InterposedVault(inner)
            _ = try await found(house, in: MemoryLedger(), vault)
            let heads = vault.signedMessages.compactMap { try? Checkpoint(text: $0).head }
            #expect(heads.count == vault.signedMessages.count)
            #expect(heads.map(\.size) == [0, 2])
            #expect(heads.first?.root == Digest(of: []))
        }
    }

    @Test("A genesis that is incomplete, spoilt or old founds nothing")
    func refused() async throws {
        try await withVault { vault, house in
            let ledger = MemoryLedger()
            let all = Workshop.signatures(under: house.genesis, by: house)
            #expect(
                await refusal { try await found(house, all.dropLast(), in: ledger, vault) }
                    == "incomplete-genesis")
            var spoilt = all
            spoilt[0].sshsig[spoilt[0].sshsig.count - 1] ^= 1
            #expect(
                await refusal { try await found(house, spoilt, in: ledger, vault) }
                    == "bad-signature")
            #expect(
                await refusal {
                    try await Founding.found(
                        genesis: [1, 2], signatures: all, in: ledger, logVault: vault,
                        clock: TestClock(House.dawn))
                } == "malformed")
            #expect(
                await refusal {
                    try await found(house, in: ledger, vault, at: House.dawn + 86_401)
                } == "stale")
            #expect(ledger.lines.isEmpty)
        }
    }

    @Test("A log key that is on no token, on another one, or does not sign founds nothing")
    func wrongKey() async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let module = try store.loadModule()
            let ledger = MemoryLedger()
            let vaults = try ["house", "annex"].map {
                try Workshop.vault($0, in: store, module: module)
            }
            for vault in vaults {
                try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            }
            let key = try await Founding.makeLogKey(vault: vaults[0], origin: Workshop.origin)
            let house = try House { $0.genesis.logKeys = [key] }
            #expect(await refusal { try await found(house, in: ledger, vaults[1]) } == "log-key")

            // The key is here, and the document says that it is elsewhere.
            let annex = try await vaults[1].inspect().reference.uri
            let elsewhere = try House {
                $0.genesis.logKeys = [LogKey(vkey: key.vkey, uri: annex)]
            }
            #expect(
                await refusal { try await found(elsewhere, in: ledger, vaults[0]) } == "log-key")

            // The right token by name, and a key that is not on it.
            let stranger = try House {
                $0.genesis.logKeys = [
                    LogKey(
                        vkey: TestSupport.Founding.vkey(Workshop.origin, of: SoftwareKey(77)),
                        uri: key.uri)
                ]
            }
            #expect(await refusal { try await found(stranger, in: ledger, vaults[0]) } == "log-key")

            let mute = InterposedVault(vaults[0])
            mute.fail(.sign)
            #expect(await refusal { try await found(house, in: ledger, mute) } == "token-trouble")
            await vaults[0].lock()
            #expect(
                await refusal { try await found(house, in: ledger, vaults[0]) } == "token-locked")
            #expect(ledger.lines.isEmpty)
        }
    }

    @Test("A token that keeps the head of a log takes no second one, and the first head is kept")
    func otherHead() async throws {
        try await withVault { vault, house in
            let ledger = MemoryLedger()
            try await found(house, in: ledger, vault)
            #expect(try await vault.heads() == .held([try #require(try ledger.head().checkpoint)]))
            do {
                try await found(house, in: MemoryLedger(), vault)
                Issue.record("the token had a head")
            } catch let error as EngineError {
                #expect(error.has(.headObject))
                #expect(error.detail.contains("\(Workshop.origin), 2 events"))
            }
            // What cannot be read may be anybody's.
            for note in try await heads(on: vault) + [Array("nothing".utf8)] {
                _ = try await vault.keepHead(
                    Array("nothing".utf8), insteadOf: [note])
            }
            #expect(
                await refusal { try await found(house, in: MemoryLedger(), vault) }
                    == "head-object")
        }
    }

    private func heads(on vault: TokenVault) async throws -> [[UInt8]] {
        guard case .held(let notes) = try await vault.heads() else { return [] }
        return notes
    }

    @Test("A founding that could not be written is tried again; one not signed is signed later")
    func trouble() async throws {
        try await withVault { inner, house async throws in
            let vault = InterposedVault(inner)
            let ledger = MemoryLedger()
            ledger.script([.refuse])
            #expect(
                await refusal { try await found(house, in: ledger, vault) } == "log-not-written")
            #expect(ledger.lines.isEmpty)
            // The key proves itself, and then the token goes.
            vault.after(.sign) { () throws(VaultError) in vault.fail(.sign) }
            #expect(
                await refusal { try await found(house, in: ledger, vault) }
                    == "recorded-not-signed")
            #expect(try ledger.head().size == 2)
            #expect(try ledger.head().checkpointSize == 0)
        }
    }

    // MARK: -

    /// A token with a log key, and a house whose genesis names both.
    private func withVault(_ body: (TokenVault, House) async throws -> Void) async throws {
        try await withBlankVault { vault in
            let key = try await Founding.makeLogKey(vault: vault, origin: Workshop.origin)
            try await body(vault, try House { $0.genesis.logKeys = [key] })
        }
    }

    private func withBlankVault(_ body: (TokenVault) async throws -> Void) async throws {
        try await withSoftHSM { store in
            let vault = try Workshop.vault("house", in: store, module: try store.loadModule())
            try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            try await body(vault)
        }
    }

    @discardableResult
    private func found(
        _ house: House, _ signatures: [GenesisSignature]? = nil, in ledger: any Ledger,
        _ vault: any KeyVault, at time: Timestamp = House.dawn
    ) async throws -> State {
        try await Founding.found(
            genesis: house.genesis.bytes,
            signatures: signatures ?? Workshop.signatures(under: house.genesis, by: house),
            in: ledger, logVault: vault, clock: TestClock(time)
        ).state
    }
}
