// A PIN that was just chosen, in shares. It is one execution's until that is announced: an order
// that is handed in twice chooses twice, and only what the log announces may ever be handed out.

import CeremonyRecord
import CeremonyRules
import SecretSharing
import Sodium

/// A new PIN and its shares.
struct DealtPIN: Sendable {
    /// By which the log knows it.
    let digests: SplitDigests
    /// The shares as they go to their holders, the first one's number being 1.
    let shares: [SecretBytes]
    /// The PIN.
    let pin: SecretBytes

    /// Chooses a PIN, splits it, and sees that the shares give it back. Nothing but this memory
    /// changes.
    ///
    /// - Throws: ``VaultError`` (`token-unable`, `execution-failed`).
    init(
        for token: TokenReference, pinLength: ClosedRange<Int>, threshold: Int, among count: Int
    ) throws(VaultError) {
        let block = try PINBlock.random(for: token, pinLength: pinLength)
        let digest = Digest(ofSplit: block)
        let split: [Share]
        do {
            split = try SecretSharing.split(block, threshold: threshold, among: count)
            // As many at a time as it takes, until every share has been used.
            for first in stride(from: 0, to: count, by: threshold) {
                let some = split[min(first, count - threshold)...].prefix(threshold)
                let whole = try SecretSharing.secret(of: Array(some))
                guard Digest(ofSplit: whole) == digest else {
                    throw SecretSharing.Failure.unfitting
                }
            }
        } catch {
            throw VaultError(.executionFailed, "The PIN could not be split: \(error).")
        }
        shares = try split.map { share throws(VaultError) in try PINBlock.handed(share) }
        pin = try PINBlock.pin(of: block)
        digests = SplitDigests(secret: digest, shares: shares.map { Digest(ofShare: $0) })
    }
}
