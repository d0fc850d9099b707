// A secret in shares, of which so many give it back and one fewer says nothing about it (A. Shamir,
// How to share a secret, 1979), byte by byte over GF(2^8) by libgfshare. What is ours is around it:
// the generator is libsodium's, no share has the number 0 or comes twice, and secret and shares are
// only ever in locked memory. The library's own working memory is ordinary; it overwrites that
// before it gives it back.

import CGFShare
public import Sodium

/// One share of a secret.
public struct Share: Sendable {
    /// Where the polynomial was evaluated, 1 to 255; not secret, and as needed as the bytes.
    public let number: UInt8
    /// As many bytes as the secret has.
    public let bytes: SecretBytes

    /// A share as it was handed out.
    public init(number: UInt8, bytes: SecretBytes) {
        self.number = number
        self.bytes = bytes
    }
}

/// Splits secrets into shares and puts them together again.
public enum SecretSharing {
    /// Why a secret cannot be split or put together.
    public enum Failure: Error, Hashable, Sendable {
        /// Not 2 to 255 shares, or more or fewer than two needed, or more needed than there are.
        case impossible(threshold: Int, among: Int)
        /// Two shares have the same number, one has the number 0, or their lengths differ.
        case unfitting
        /// No memory could be locked for it.
        case memoryNotLocked
    }

    /// Splits a secret among so many people.
    ///
    /// - Parameters:
    ///   - secret: At least one byte.
    ///   - threshold: How many shares give the secret back, at least 2; any fewer are as good as
    ///     random bytes.
    ///   - count: How many shares there are, at most 255.
    /// - Returns: The shares with the numbers 1 to `count`, sealed.
    /// - Throws: ``Failure``.
    public static func split(_ secret: SecretBytes, threshold: Int, among count: Int)
        throws(Failure) -> [Share]
    {
        guard threshold >= 2, threshold <= count, count <= 255, secret.count > 0 else {
            throw .impossible(threshold: threshold, among: count)
        }
        generator
        let size = secret.count
        var numbers = (1...count).map(UInt8.init)
        guard
            let context = unsafe gfshare_ctx_init_enc(
                &numbers, UInt32(count), UInt8(threshold), UInt32(size))
        else { throw .memoryNotLocked }
        defer { unsafe gfshare_ctx_free(context) }
        unsafe secret.withBytes { bytes in
            // The signature lacks a const; the library copies the secret and writes nothing.
            let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
            unsafe gfshare_ctx_enc_setsecret(
                context, base.assumingMemoryBound(to: UInt8.self))
        }
        return try numbers.enumerated().map { place, number throws(Failure) in
            let share = try empty(size)
            _ = unsafe share.fill { free in
                unsafe gfshare_ctx_enc_getshare(
                    context, UInt8(place),
                    free.baseAddress!.assumingMemoryBound(to: UInt8.self))
                return size
            }
            share.seal()
            return Share(number: number, bytes: share)
        }
    }

    /// Puts a secret together from shares.
    ///
    /// Shares of other secrets, and too few, give other bytes: nothing here can tell. Whoever
    /// splits keeps a digest of what is to come out.
    ///
    /// - Returns: The secret, sealed.
    /// - Throws: ``Failure``.
    public static func secret(of shares: [Share]) throws(Failure) -> SecretBytes {
        guard shares.count >= 2, shares.count <= 255 else {
            throw .impossible(threshold: shares.count, among: shares.count)
        }
        let size = shares[0].bytes.count
        var numbers = shares.map(\.number)
        guard size > 0, !numbers.contains(0), Set(numbers).count == numbers.count,
            shares.allSatisfy({ $0.bytes.count == size })
        else { throw .unfitting }
        generator
        guard
            let context = unsafe gfshare_ctx_init_dec(&numbers, UInt32(shares.count), UInt32(size))
        else { throw .memoryNotLocked }
        defer { unsafe gfshare_ctx_free(context) }
        for (place, share) in shares.enumerated() {
            unsafe share.bytes.withBytes { bytes in
                let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
                unsafe gfshare_ctx_dec_giveshare(
                    context, UInt8(place), base.assumingMemoryBound(to: UInt8.self))
            }
        }
        let secret = try empty(size)
        _ = unsafe secret.fill { free in
            unsafe gfshare_ctx_dec_extract(
                context, free.baseAddress!.assumingMemoryBound(to: UInt8.self))
            return size
        }
        secret.seal()
        return secret
    }

    private static func empty(_ size: Int) throws(Failure) -> SecretBytes {
        do { return try SecretBytes(capacity: size) } catch { throw .memoryNotLocked }
    }

    /// The library has no generator until it is given one. It is used for the coefficients, and for
    /// overwriting its memory at the end.
    private static let generator: Void = {
        unsafe ceremony_gfshare_set_generator { base, count in
            let memory = unsafe UnsafeMutableRawBufferPointer(start: base, count: Int(count))
            unsafe fillWithRandomBytes(memory)
        }
    }()
}
