// What tests of the rollback guard do behind the engine's back: older copies, other histories, and
// the head on the token as another process sees it.

import CeremonyRecord
import CeremonyRules
import TestSupport

@testable import CeremonyEngine

extension Workshop {
    /// Lets the log grow by a ceremony, and gives back a copy from before; nothing runs after.
    func grown(_ ledger: MemoryLedger) async throws -> MemoryLedger {
        let engine = try await open(ledger: ledger)
        await engine.close()
        let older = ledger.reopened()
        let again = try await open(ledger: ledger)
        _ = try await completed(again)
        await again.close()
        return older
    }

    /// The same, for what the ledger says at its end.
    func grown(_ ledger: MemoryLedger, returning field: KeyPath<StoredHead, [UInt8]?>)
        async throws -> [UInt8]
    {
        _ = try await grown(ledger)
        guard let value = try ledger.head()[keyPath: field] else {
            throw Missing(what: "a checkpoint")
        }
        return value
    }

    /// The same founding, and then another history, of so many events.
    func otherHistory(of ledger: MemoryLedger, size: Int) throws -> MemoryLedger {
        let founded = Array(ledger.lines.prefix(2))
        let other = MemoryLedger()
        var state = try Replay.state(of: founded)
        try other.append(founded, after: 0, head: state.head.root, checkpoint: nil)
        while state.head.size < size {
            let next = try decide(
                state, .start(version: "other", commit: "c", modules: []), now: clock.now)
            try other.append(
                next.lines, after: state.head.size, head: next.state.head.root, checkpoint: nil)
            state = next.state
        }
        return other
    }

    /// Destroys the head object with a program that we did not write.
    func dropHead(on name: String = "house") throws {
        _ = try store.pkcs11Tool(
            "--token-label", name, "--login", "--pin", SoftHSMStore.pin, "--delete-object",
            "--type", "data", "--label", HeadObject.label)
    }

    /// What the head objects on the token hold.
    func heads() async throws -> [[UInt8]] {
        try await withVault { vault in try await vault.notes() }
    }

    /// The token, unlocked in another process.
    func withVault<R>(_ body: (TokenVault) async throws -> R) async throws -> R {
        let vault = try freshVault()
        try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
        let result = try await body(vault)
        await vault.lock()
        return result
    }
}

extension KeyVault {
    /// What the head objects on the token hold.
    func notes() async throws -> [[UInt8]] {
        guard case .held(let notes) = try await heads() else { return [] }
        return notes
    }
}
