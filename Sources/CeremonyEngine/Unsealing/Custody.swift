// Secrets of guarded tokens while they are in this process' hands: the shares of a new PIN until
// their holders have them, that PIN until it is set, and shares that are handed in until there are
// enough. All of it is in locked memory and goes with the process; what must outlive that is in the
// guardians' tokens.

import CeremonyRecord
import CeremonyRules
import SecretSharing
import Sodium
import Synchronization

/// What this process holds, by the ceremony in which a PIN was split.
final class Custody: Sendable {
    /// Seconds for which shares are kept while more are waited for.
    static let patience = 900

    private struct Held {
        /// Shares to be handed out, by number.
        var dealt: [SecretBytes] = []
        /// Shares that were handed in, by number, and until when they are kept.
        var returned: [UInt8: Share] = [:]
        var until: Timestamp?
        var pin: SecretBytes?
        /// Whether it was chosen here, and is kept until it is set.
        var isOwn = false
        var knowledge = Knowledge.unknown

        var withoutShares: Held {
            Held(dealt: dealt, pin: isOwn ? pin : nil, isOwn: isOwn, knowledge: knowledge)
        }
    }

    /// What is known of the PIN and the token.
    enum Knowledge: Hashable {
        /// Nothing: an earlier life of the daemon may have set it, or a call's answer was lost.
        case unknown
        /// It is not the token's PIN: it was made here and never set, or the token said no to it.
        case notSet
        /// Somebody is just setting it.
        case changing
        /// It is the token's PIN: it was set here, or has unlocked it.
        case set
    }

    private let held = Mutex<[String: Held]>([:])

    // MARK: A new PIN

    /// Chooses a PIN and splits it. Nothing but this memory changes.
    ///
    /// - Throws: ``VaultError``.
    func deal(
        for ceremony: String, token: TokenReference, pinLength: ClosedRange<Int>, threshold: Int,
        among count: Int
    ) throws(VaultError) -> SplitDigests {
        let block = try PINBlock.random(for: token, pinLength: pinLength)
        let shares: [Share]
        do { shares = try SecretSharing.split(block, threshold: threshold, among: count) } catch {
            throw VaultError(.executionFailed, "The PIN could not be split: \(error).")
        }
        let dealt = try shares.map { share throws(VaultError) in try PINBlock.handed(share) }
        let pin = try PINBlock.pin(of: block)
        held.withLock { held in
            held[ceremony] = Held(dealt: dealt, pin: pin, isOwn: true, knowledge: .notSet)
        }
        return SplitDigests(
            secret: Digest(ofSplit: block), shares: dealt.map { Digest(ofShare: $0) })
    }

    /// The share of that number, for its holder.
    func share(_ number: Int, of ceremony: String) -> SecretBytes? {
        held.withLock { held in
            guard let dealt = held[ceremony]?.dealt, dealt.indices.contains(number - 1) else {
                return nil
            }
            return dealt[number - 1]
        }
    }

    /// Every share is with its holder; the PIN is kept until it is set.
    func keepPIN(of ceremony: String) { held.withLock { $0[ceremony]?.dealt = [] } }

    /// The ceremony came to nothing.
    func forget(_ ceremony: String) { _ = held.withLock { $0.removeValue(forKey: ceremony) } }

    // MARK: Shares that come back

    /// Takes a share, and puts the PIN together where that was the last one that is needed.
    ///
    /// - Throws: ``VaultError`` where it is no share of the split.
    func take(
        _ secret: SecretBytes, of epoch: Authority.Epoch, _ split: PINSplit, at time: Timestamp
    )
        throws(VaultError)
    {
        let number = try Custody.number(of: secret, split)
        let share = try PINBlock.share(secret)
        let all = held.withLock { held in
            held[epoch.ceremony, default: Held()].returned[UInt8(number)] = share
            held[epoch.ceremony]?.until = time + Custody.patience
            return held[epoch.ceremony]?.returned ?? [:]
        }
        guard all.count >= split.threshold, pin(of: epoch.ceremony) == nil else { return }
        let shares = all.sorted { $0.key < $1.key }.prefix(split.threshold).map(\.value)
        let block: SecretBytes
        do { block = try SecretSharing.secret(of: Array(shares)) } catch {
            throw VaultError(.executionFailed, "The shares could not be put together: \(error).")
        }
        // A PIN that is wrong would cost a try: what comes out is known before it is used.
        guard Digest(ofSplit: block) == split.digests.secret else {
            throw VaultError(.executionFailed, "The shares do not give what was split.")
        }
        let pin = try PINBlock.pin(of: block)
        held.withLock { $0[epoch.ceremony]?.pin = pin }
    }

    /// Which share of the split it is.
    ///
    /// - Throws: ``VaultError`` (`bad-share`) where it is none.
    static func number(of secret: SecretBytes, _ split: PINSplit) throws(VaultError) -> Int {
        let number = secret.withBytes { $0.isEmpty ? 0 : Int($0[0]) }
        guard secret.count == PINBlock.shareSize, split.digests.shares.indices.contains(number - 1),
            Digest(ofShare: secret) == split.digests.shares[number - 1]
        else {
            throw VaultError(.badShare, "What was handed over is no share of \(split.token.label).")
        }
        return number
    }

    /// Whose shares of the epoch's split are here, by name.
    func holders(of epoch: Authority.Epoch) -> [String] {
        let numbers = held.withLock { held in
            (held[epoch.ceremony]?.returned.keys).map { $0.map(Int.init).sorted() } ?? []
        }
        return numbers.compactMap { number in
            epoch.members.indices.contains(number - 1) ? epoch.members[number - 1].name : nil
        }
    }

    /// The PIN of that split, once it is known here.
    func pin(of ceremony: String) -> SecretBytes? { held.withLock { $0[ceremony]?.pin } }

    /// Lets shares go that were waited with for too long, and PINs that they gave.
    func lookAtShares(at time: Timestamp) {
        held.withLock { held in
            for (ceremony, each) in held where each.until.map({ time >= $0 }) ?? false {
                held[ceremony] = each.withoutShares
            }
        }
    }

    /// What was handed in is to be handed in again.
    func dropShares(of ceremony: String) {
        held.withLock { held in held[ceremony] = held[ceremony]?.withoutShares }
    }

    /// What was handed in has done its work; what is known of it stays.
    func letGo(_ ceremony: String) {
        held.withLock { held in
            held[ceremony] = held[ceremony].map { Held(knowledge: $0.knowledge) }
        }
    }

    // MARK: Whether it is the token's

    /// What is known of it.
    func knowledge(of ceremony: String) -> Knowledge {
        held.withLock { $0[ceremony]?.knowledge ?? .unknown }
    }

    /// Something is known now.
    func note(_ knowledge: Knowledge, of ceremony: String) {
        held.withLock { $0[ceremony, default: Held()].knowledge = knowledge }
    }

    /// Whether the PIN of a committed ceremony is the token's, for whoever rolls it forward.
    ///
    /// - Parameter isWithdrawn: Whether another one is to be set instead.
    /// - Returns: `false` where it is not and never will be.
    /// - Throws: ``VaultError`` (`pin-awaited`) where it is still to be set.
    func isSet(_ ceremony: String, of token: TokenReference, isWithdrawn: Bool)
        throws(VaultError) -> Bool
    {
        switch knowledge(of: ceremony) {
        case .set: return true
        case .notSet where isWithdrawn, .unknown where isWithdrawn:
            forget(ceremony)
            return false
        default:
            throw VaultError(
                .pinAwaited,
                "The new PIN of \(token.label) is to be set, for which the present one is needed.")
        }
    }
}
