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
    /// Seconds for which a share is kept while more are waited for.
    static let patience = 900
    /// Seconds after which it is worth writing down again that somebody has shown their share.
    static let proofInterval = 3600

    private struct Held {
        /// What was dealt here: shares until they are with their holders, the PIN until it is set.
        var dealt: [SecretBytes] = []
        var chosen: SecretBytes?
        /// What came back, by number, each until its time.
        var returned: [UInt8: (share: Share, until: Timestamp)] = [:]
        /// The PIN that it gave.
        var recovered: SecretBytes?
        var knowledge = Knowledge.unknown
        /// How often the token gave no clear answer to it.
        var doubts = 0
    }

    /// What is known of the PIN and the token.
    enum Knowledge: Hashable {
        /// Nothing: an earlier life of the daemon may have set it, or a call's answer was lost.
        case unknown
        /// It is not the token's PIN: it was made here and never set, the token said no to it, or
        /// another one has opened it.
        case notSet
        /// It is the token's PIN: it was set here, or has unlocked it.
        case set
        /// It is not, and another one has taken its place: it never will be.
        case left
    }

    private struct Content {
        var held: [String: Held] = [:]
        var proofs: [String: Timestamp] = [:]
    }

    private let content = Mutex(Content())

    // MARK: A new PIN

    /// Keeps a new PIN and its shares from the moment on at which it is announced.
    func hold(_ dealt: DealtPIN, for ceremony: String) {
        content.withLock { content in
            content.held[ceremony] = Held(
                dealt: dealt.shares, chosen: dealt.pin, knowledge: .notSet)
        }
    }

    /// The share of that number, for its holder.
    func share(_ number: Int, of ceremony: String) -> SecretBytes? {
        content.withLock { content in
            guard let dealt = content.held[ceremony]?.dealt, dealt.indices.contains(number - 1)
            else { return nil }
            return dealt[number - 1]
        }
    }

    /// Every share is with its holder; the PIN is kept until it is set.
    func keepPIN(of ceremony: String) { content.withLock { $0.held[ceremony]?.dealt = [] } }

    /// The ceremony came to nothing, or another one has taken its place.
    func forget(_ ceremony: String) {
        _ = content.withLock { $0.held.removeValue(forKey: ceremony) }
    }

    // MARK: Shares that come back

    /// Takes a share, and puts the PIN together where that was the last one that is needed. One
    /// that is here already stays for as long as it would have.
    ///
    /// - Throws: ``VaultError`` where it is no share of the split.
    func take(
        _ secret: SecretBytes, of epoch: Authority.Epoch, _ split: PINSplit, at time: Timestamp
    ) throws(VaultError) {
        let number = UInt8(try Custody.number(of: secret, split))
        let share = try PINBlock.share(secret)
        lookAtShares(at: time)
        let all = content.withLock { content -> [Share] in
            var held = content.held[epoch.ceremony] ?? Held()
            if held.returned[number] == nil {
                held.returned[number] = (share, time + Custody.patience)
            }
            content.held[epoch.ceremony] = held
            guard held.recovered == nil else { return [] }
            return held.returned.sorted { $0.key < $1.key }.map(\.value.share)
        }
        guard all.count >= split.threshold else { return }
        let block: SecretBytes
        do { block = try SecretSharing.secret(of: Array(all.prefix(split.threshold))) } catch {
            throw VaultError(.executionFailed, "The shares could not be put together: \(error).")
        }
        // A PIN that is wrong would cost a try: what comes out is known before it is used.
        guard Digest(ofSplit: block) == split.digests.secret else {
            throw VaultError(.executionFailed, "The shares do not give what was split.")
        }
        let pin = try PINBlock.pin(of: block)
        content.withLock { $0.held[epoch.ceremony]?.recovered = pin }
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
        let numbers = content.withLock { content in
            (content.held[epoch.ceremony]?.returned.keys).map { $0.map(Int.init).sorted() } ?? []
        }
        return numbers.compactMap { number in
            epoch.members.indices.contains(number - 1) ? epoch.members[number - 1].name : nil
        }
    }

    /// The PIN that shares gave, which are here.
    func returnedPIN(of ceremony: String) -> SecretBytes? {
        content.withLock { $0.held[ceremony]?.recovered }
    }

    /// The PIN of that split, whether it was chosen here or shares gave it.
    func pin(of ceremony: String) -> SecretBytes? {
        content.withLock { $0.held[ceremony]?.chosen ?? $0.held[ceremony]?.recovered }
    }

    /// Lets shares go that were waited with for too long, and PINs for which too few are left.
    func lookAtShares(at time: Timestamp) {
        content.withLock { content in
            for (ceremony, each) in content.held {
                let left = each.returned.filter { time < $0.value.until }
                guard left.count < each.returned.count else { continue }
                content.held[ceremony]?.returned = left
                content.held[ceremony]?.recovered = nil
            }
        }
    }

    /// Whatever was handed in is to be handed in again: a token was locked, or what was handed in
    /// has done its work.
    ///
    /// - Parameter ceremonies: Those in which the token's PIN was split; `nil` for every token's.
    func dropShares(of ceremonies: [String]? = nil) {
        content.withLock { content in
            for ceremony in ceremonies ?? Array(content.held.keys) {
                content.held[ceremony]?.returned = [:]
                content.held[ceremony]?.recovered = nil
            }
        }
    }

    /// Whether it is worth writing down that somebody has shown their share.
    func isNews(_ holder: String, of ceremony: String, at time: Timestamp) -> Bool {
        content.withLock { content in
            let key = ceremony + " " + holder
            if let last = content.proofs[key], time - last < Custody.proofInterval, time >= last {
                return false
            }
            content.proofs[key] = time
            return true
        }
    }

    // MARK: Whether it is the token's

    /// What is known of it.
    func knowledge(of ceremony: String) -> Knowledge {
        content.withLock { $0.held[ceremony]?.knowledge ?? .unknown }
    }

    /// Whether it is known not to be the token's.
    func isNot(_ ceremony: String) -> Bool {
        let known = knowledge(of: ceremony)
        return known == .notSet || known == .left
    }

    /// Something is known now.
    func note(_ knowledge: Knowledge, of ceremony: String) {
        content.withLock { content in
            content.held[ceremony, default: Held()].knowledge = knowledge
            if knowledge == .set { content.held[ceremony]?.chosen = nil }
        }
    }

    /// It is about to be set: from here on nobody leaves it for another one.
    ///
    /// - Returns: `false` where it was left.
    func beginSetting(_ ceremony: String) -> Bool {
        content.withLock { content in
            guard content.held[ceremony]?.knowledge != .left else { return false }
            content.held[ceremony, default: Held()].knowledge = .unknown
            return true
        }
    }

    /// How often the token gave no clear answer to it.
    func doubts(about ceremony: String) -> Int {
        content.withLock { $0.held[ceremony]?.doubts ?? 0 }
    }

    /// The token gave no clear answer to it.
    func noteDoubt(about ceremony: String) {
        content.withLock { $0.held[ceremony, default: Held()].doubts += 1 }
    }

    /// Whether the PIN of a committed ceremony is the token's, for whoever rolls it forward.
    ///
    /// - Parameter isWithdrawn: Whether another one is to be set instead.
    /// - Returns: `false` where it is not and never will be.
    /// - Throws: ``VaultError`` (`pin-awaited`) where it is still to be set, or not known.
    func isSet(_ ceremony: String, of token: TokenReference, isWithdrawn: Bool)
        throws(VaultError) -> Bool
    {
        let known = content.withLock { content -> Knowledge in
            let known = content.held[ceremony]?.knowledge ?? .unknown
            guard known == .notSet, isWithdrawn else { return known }
            content.held[ceremony] = Held(knowledge: .left)
            return .left
        }
        switch known {
        case .set: return true
        case .left: return false
        case .notSet, .unknown:
            throw VaultError(
                .pinAwaited,
                "The new PIN of \(token.label) is to be set, for which the present one is needed.")
        }
    }
}
