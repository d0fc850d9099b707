// The first head of a log in its token (FORMATS section 4: `init` wants a log token that holds no
// other head). From here on the token knows how far the log has come.

import CeremonyRecord
public import CeremonyRules

/// A log that has just been founded.
public struct Founded: Sendable {
    /// The state after the founding.
    public let state: State
    /// Why the log token does not keep the head of the log, in a sentence; `nil` where it does.
    public let withoutGuard: String?
}

extension Founding {
    /// Refuses a token that keeps the head of a log already.
    static func checkNoHead(on vault: any KeyVault) async throws(EngineError) {
        let heads: HeldHeads
        do throws(VaultError) { heads = try await vault.heads() } catch {
            throw error.engineError
        }
        guard case .held(let values) = heads, let first = values.first else { return }
        throw EngineError(
            .headObject,
            "\(vault.name) keeps the head of a log already, \(HeadObject.words(of: first)).",
            next: "Give every log a token of its own. Only if that log was given up for good, "
                + "destroy the object called \(HeadObject.label) by hand.")
    }

    /// Has the token keep the first head. The log is founded whatever comes of it.
    ///
    /// - Returns: Why it does not, in a sentence.
    static func keepFirst(_ note: [UInt8], on vault: any KeyVault) async -> String? {
        do throws(VaultError) {
            switch try await vault.keepHead(note, insteadOf: []) {
            case .kept: return nil
            case .unable(let why): return "It cannot hold one: \(why)."
            }
        } catch {
            return error.detail
        }
    }
}
