// The quick check of signatures against libsodium, which knows better: numbers, points, signatures,
// and what is refused besides the equation.

import CSodium
import Sodium
import Testing

@testable import Provara

@Suite("A prepared key judges as libsodium does")
struct PreparedKeyTests {
    private func random(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private static let prime: [UInt8] = [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f]

    @Test("Numbers keep the laws of a field, also close to its ends")
    func field() {
        var generator = SeededGenerator(seed: 25519)
        var numbers = (0..<60).map { _ in FieldElement(random(32, &generator)) }
        var ends: [[UInt8]] = []
        for step in 0..<20 {
            var below = Self.prime
            below[0] = 0xed - UInt8(step)
            ends.append(below)
            ends.append([UInt8(step)] + [UInt8](repeating: 0, count: 31))
        }
        numbers += ends.map { FieldElement($0) }
        for (index, x) in numbers.enumerated() {
            let y = numbers[(index * 7 + 3) % numbers.count]
            let z = numbers[(index * 11 + 5) % numbers.count]
            #expect((x * y).bytes == (y * x).bytes)
            #expect(((x + y) * z).bytes == (x * z + y * z).bytes)
            #expect(((x - y) * z).bytes == ((x * z) * .one - y * z * .one).bytes)
            #expect(((x - y) * .one + y).bytes == x.bytes)
            #expect(x.squared().bytes == (x * x).bytes)
            #expect(x.squared(3).bytes == (x * x * (x * x) * (x * x) * (x * x)).bytes)
            let isZero = x.bytes == FieldElement.zero.bytes
            #expect((x * x.inverse).bytes == (isZero ? FieldElement.zero : .one).bytes)
        }
        // What is not below p is read as what it is modulo p, and written in one way.
        for (step, end) in ends.enumerated() where step % 2 == 0 {
            let zeros = [UInt8](repeating: 0, count: 32)
            #expect(FieldElement(end).bytes == (end == Self.prime ? zeros : end))
        }
        #expect(
            FieldElement([UInt8](repeating: 0xff, count: 32)).bytes == [18]
                + [UInt8](repeating: 0, count: 31))
        #expect(FieldElement.rootOfMinusOne.squared().bytes == (.zero - .one * .one).bytes)
        #expect((FieldElement.d + .d).bytes == FieldElement.twoD.bytes)
    }

    @Test("Multiples from a table are libsodium's, of the base point and of keys")
    func multiples() throws {
        var generator = SeededGenerator(seed: 8)
        let key = TestKey.quorum.publicKey
        let point = try #require(CurvePoint(encoded: key.bytes))
        #expect(point.encoded == key.bytes)
        #expect(CurvePoint.base.encoded == [0x58] + [UInt8](repeating: 0x66, count: 31))
        #expect((point + point.negative).encoded == CurvePoint.identity.encoded)
        let table = PointTable(point)
        var scalars = (0..<40).map { _ in Ed25519.reducedScalar(random(64, &generator)) }
        // Digits at the edge of their range: all 31, 32, 33, 63 in six bits, and a one at every
        // place.
        for digit in [31, 32, 33, 63] {
            var scalar = [UInt8](repeating: 0, count: 32)
            for bit in 0..<252 where digit >> (bit % 6) & 1 == 1 {
                scalar[bit / 8] |= 1 << UInt8(bit % 8)
            }
            scalars.append(scalar)
        }
        for bit in stride(from: 0, to: 252, by: 5) {
            var scalar = [UInt8](repeating: 0, count: 32)
            scalar[bit / 8] = 1 << UInt8(bit % 8)
            scalars.append(scalar)
        }
        for scalar in scalars {
            var sum = CurvePoint.identity
            PointTable.base.add(scalar, to: &sum)
            var wanted = [UInt8](repeating: 0, count: 32)
            #expect(unsafe crypto_scalarmult_ed25519_base_noclamp(&wanted, scalar) == 0)
            #expect(sum.encoded == wanted)
            sum = .identity
            table.add(scalar, to: &sum)
            #expect(unsafe crypto_scalarmult_ed25519_noclamp(&wanted, scalar, key.bytes) == 0)
            #expect(sum.encoded == wanted)
        }
    }

    @Test("Right and wrong signatures are told apart as libsodium does")
    func signatures() throws {
        var generator = SeededGenerator(seed: 64)
        for first in stride(from: UInt8(0), to: 200, by: 50) {
            let key = TestKey(from: first)
            let prepared = try #require(PreparedKey(key.publicKey))
            for count in 0..<40 {
                let message = random(count * 9, &generator)
                var signature = key.sign(message)
                #expect(prepared.isValid(signature: signature, of: message))
                #expect(!prepared.isValid(signature: signature, of: message + [0]))
                let place = Int.random(in: 0..<64, using: &generator)
                signature[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                let wanted = Ed25519.isValid(
                    signature: signature, of: message, by: key.publicKey.bytes)
                #expect(prepared.isValid(signature: signature, of: message) == wanted)
                #expect(!prepared.isValid(signature: Array(signature.dropLast()), of: message))
            }
        }
    }

    @Test("A second form of S, and an R of small order for which the equation holds, are refused")
    func malleable() throws {
        let prepared = try #require(PreparedKey(TestKey.root.publicKey))
        let message = Array("a message".utf8)
        var signature = TestKey.root.sign(message)
        let order: [UInt8] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(sum & 0xff)
            carry = sum >> 8
        }
        #expect(!prepared.isValid(signature: signature, of: message))
        #expect(
            !Ed25519.isValid(signature: signature, of: message, by: TestKey.root.publicKey.bytes))
        // R the identity, S = h * a: only who has the secret number a can make it.
        var secret = SHA512.hash((0..<32).map { UInt8($0) })
        secret[0] &= 248
        secret[31] = secret[31] & 63 | 64
        let a = Ed25519.reducedScalar(Array(secret[..<32]) + [UInt8](repeating: 0, count: 32))
        let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        let h = Ed25519.reducedScalar(
            SHA512.hash(identity + TestKey.root.publicKey.bytes + message))
        var s = [UInt8](repeating: 0, count: 32)
        unsafe crypto_core_ed25519_scalar_mul(&s, h, a)
        var sum = CurvePoint.identity
        PointTable.base.add(s, to: &sum)
        let point = try #require(CurvePoint(encoded: TestKey.root.publicKey.bytes))
        PointTable(point.negative).add(h, to: &sum)
        #expect(sum.encoded == identity)
        #expect(!prepared.isValid(signature: identity + s, of: message))
        #expect(
            !Ed25519.isValid(signature: identity + s, of: message, by: TestKey.root.publicKey.bytes)
        )
    }

    @Test("Bytes that are no point make no point")
    func noPoints() {
        var generator = SeededGenerator(seed: 1)
        var points = 0
        for _ in 0..<60 {
            let bytes = random(32, &generator)
            guard let point = CurvePoint(encoded: bytes) else { continue }
            points += 1
            #expect(point.encoded == bytes)
        }
        #expect((15...45).contains(points))
    }
}
