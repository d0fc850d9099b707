// RFC 8032 section 7.1, and the keys and signatures that a log must not accept although the
// equation may hold for them. Points were computed independently in Python.

import Sodium
import Testing

private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
}

@Suite("Ed25519")
struct Ed25519Tests {
    static let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    static let signature =
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"

    @Test(
        "The vectors of RFC 8032 verify, and not over another message",
        arguments: [
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                    + "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
            (key, "72", signature),
            (
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
                    + "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
            (
                "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
                "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec"
                    + "fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
            ),
        ])
    func vectors(key: String, message: String, signature: String) {
        #expect(Ed25519.isSoundPublicKey(bytes(key)))
        #expect(
            Ed25519.isValid(signature: bytes(signature), of: bytes(message), by: bytes(key)))
        #expect(
            !Ed25519.isValid(signature: bytes(signature), of: bytes(message) + [0], by: bytes(key)))
    }

    @Test("No damaged bit of a signature verifies")
    func damage() {
        let good = bytes(Self.signature)
        for bit in 0..<512 {
            var damaged = good
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(!Ed25519.isValid(signature: damaged, of: [0x72], by: bytes(Self.key)))
        }
    }

    @Test("A signature has one writing: S beyond the group's order is refused")
    func malleable() {
        let twin =
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10"
        #expect(!Ed25519.isValid(signature: bytes(twin), of: [0x72], by: bytes(Self.key)))
    }

    @Test(
        "Keys of small order, with a component of small order, not canonical, or off the curve",
        arguments: [
            // The eight points of small order.
            "0100000000000000000000000000000000000000000000000000000000000000",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            // A good point plus one of order 8, and plus one of order 2.
            "40a4cf5c611d737a2f1c6fcca84d9cabfed80987f186a5a6c57e629bff1af27f",
            "feaf9d07b868cc52786305312c376563c622b0386a10d105e3c1501b28d65f7e",
            // y at or above the prime: the second writing of a point.
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            // No x belongs to this y.
            "0200000000000000000000000000000000000000000000000000000000000000",
        ])
    func unsound(key: String) {
        #expect(!Ed25519.isSoundPublicKey(bytes(key)))
    }

    @Test("The good point that those were made of is sound")
    func sound() {
        #expect(
            Ed25519.isSoundPublicKey(
                bytes("ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a081")))
    }

    @Test("A key that everybody can sign for verifies nothing")
    func smallOrderSignature() {
        // With A of order 1, S = 0 and R = A satisfy the equation for every message.
        let identity = bytes("0100000000000000000000000000000000000000000000000000000000000000")
        let zero = [UInt8](repeating: 0, count: 32)
        #expect(!Ed25519.isValid(signature: identity + zero, of: [1, 2, 3], by: identity))
        #expect(!Ed25519.isValid(signature: identity + zero, of: [1, 2, 3], by: bytes(Self.key)))
    }

    @Test("Wrong lengths are refused, not read beyond")
    func lengths() {
        let key = bytes(Self.key)
        let signature = bytes(Self.signature)
        #expect(!Ed25519.isSoundPublicKey([]))
        #expect(!Ed25519.isSoundPublicKey(key + [0]))
        #expect(!Ed25519.isValid(signature: [], of: [0x72], by: key))
        #expect(!Ed25519.isValid(signature: signature + [0], of: [0x72], by: key))
        #expect(!Ed25519.isValid(signature: signature, of: [0x72], by: []))
        #expect(!Ed25519.isValid(signature: signature, of: [], by: key))
    }
}
