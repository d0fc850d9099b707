// What is split among guardians: a PIN and, behind it, bytes that only serve to hide. Shares and
// whole are known by their digests in a log that everybody may read; with at least 31 random bytes
// in all of them, neither a digest nor one share too few lets anybody try PINs at home, however
// short the token wants its PIN.

import CeremonyRules
import SecretSharing
import Sodium

/// The secret that shares give: the PIN's length in one byte, the PIN, and random bytes.
enum PINBlock {
    /// Bytes of the whole.
    static let size = 64
    /// Bytes of a share as it is handed out, kept and handed in: its number, and as many as the
    /// whole.
    static let shareSize = size + 1
    /// The longest PIN: 160 random bits.
    static let longestPIN = 32
    /// Letters and digits, without those that look alike. A token that wants other PINs refuses
    /// one of these when it is to be set, and keeps the one that it has.
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)

    /// Chooses a PIN of the most characters that the token takes.
    ///
    /// - Returns: The block, sealed.
    /// - Throws: ``VaultError`` (`token-unable`) for a token whose PINs are too short to be chosen
    ///   at random, or all longer than this.
    static func random(for token: TokenReference, pinLength: ClosedRange<Int>)
        throws(VaultError) -> SecretBytes
    {
        let length = min(pinLength.upperBound, longestPIN)
        guard length >= 6, length >= pinLength.lowerBound else {
            throw VaultError(
                .tokenUnable,
                "\(token.label) takes PINs of \(pinLength.lowerBound) to \(pinLength.upperBound) "
                    + "characters; one that nobody knows has 6 to \(longestPIN).")
        }
        let block = try memory(size)
        _ = block.fill { place in
            fillWithRandomBytes(place)
            place[0] = UInt8(length)
            for index in 1...length { place[index] = alphabet[Int(place[index] & 31)] }
            return size
        }
        block.seal()
        return block
    }

    /// The PIN in a block, sealed.
    static func pin(of block: SecretBytes) throws(VaultError) -> SecretBytes {
        let length = block.withBytes { $0.count == size ? Int($0[0]) : 0 }
        guard (1...longestPIN).contains(length) else {
            throw VaultError(.executionFailed, "The shares give no PIN.")
        }
        return try copy(of: block, 1..<length + 1)
    }

    /// A share as it goes to its holder.
    static func handed(_ share: Share) throws(VaultError) -> SecretBytes {
        let handed = try memory(shareSize)
        share.bytes.withBytes { bytes in
            _ = handed.fill { place in
                place[0] = share.number
                UnsafeMutableRawBufferPointer(rebasing: place[1...]).copyMemory(from: bytes)
                return bytes.count + 1
            }
        }
        handed.seal()
        return handed
    }

    /// A share as its holder hands it in.
    static func share(_ handed: SecretBytes) throws(VaultError) -> Share {
        Share(
            number: handed.withBytes { $0[0] }, bytes: try copy(of: handed, 1..<handed.count))
    }

    /// Part of a secret, in memory of its own; sealed.
    static func copy(of secret: SecretBytes, _ range: Range<Int>) throws(VaultError)
        -> SecretBytes
    {
        let part = try memory(range.count)
        secret.withBytes { bytes in
            _ = part.fill { place in
                place.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
                return range.count
            }
        }
        part.seal()
        return part
    }

    private static func memory(_ size: Int) throws(VaultError) -> SecretBytes {
        do { return try SecretBytes(capacity: size) } catch {
            throw VaultError(
                .executionFailed, "No memory could be locked for a secret: raise RLIMIT_MEMLOCK.")
        }
    }
}
