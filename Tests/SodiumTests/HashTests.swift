// FIPS 180-4 examples, and that the parts of a message are hashed as one.

import Sodium
import Testing

@Suite("Hashes")
struct HashTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test("The examples of the standard come out")
    func examples() {
        let abc = Array("abc".utf8)
        #expect(
            hex(SHA256.hash(abc))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex(SHA256.hash())
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex(SHA512.hash(abc))
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
        #expect(hex(SHA512.hash([])).hasPrefix("cf83e1357eefb8bdf1542850d66d8007"))
    }

    @Test("Parts are hashed as one message")
    func parts() {
        #expect(SHA256.hash([1], [], [2, 3]) == SHA256.hash([1, 2, 3]))
    }

    @Test("Pieces are hashed as one message, and a copy goes on by itself")
    func pieces() {
        var state = SHA256State()
        #expect(state.digest == SHA256.hash())
        state.update([1, 2])
        var other = state
        state.update([3])
        other.update([])
        other.update([4, 5])
        #expect(state.digest == SHA256.hash([1, 2, 3]))
        #expect(other.digest == SHA256.hash([1, 2, 4, 5]))
        #expect(state.digest == SHA256.hash([1, 2, 3]))
    }

    @Test("Random bytes differ and have the length asked for")
    func random() {
        #expect(randomBytes(0).isEmpty)
        #expect(randomBytes(32).count == 32)
        #expect(randomBytes(32) != randomBytes(32))
    }

    @Test("Equal and unequal bytes are told apart")
    func equal() {
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1]))
        #expect(constantTimeEqual([], []))
    }
}
