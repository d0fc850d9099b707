// Shares in: the same secret out, from any of them that are enough; from fewer, nothing.

import SecretSharing
import Sodium
import Testing

private func secret(_ bytes: [UInt8]) throws -> SecretBytes {
    let secret = try SecretBytes(capacity: bytes.count)
    _ = secret.fill { free in
        free.copyBytes(from: bytes)
        return bytes.count
    }
    secret.seal()
    return secret
}

private func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withBytes { Array($0) } }

/// Every choice of so many of them.
private func choices<T>(of count: Int, among all: [T]) -> [[T]] {
    guard count > 0 else { return [[]] }
    return all.indices.flatMap { place in
        choices(of: count - 1, among: Array(all[(place + 1)...])).map { [all[place]] + $0 }
    }
}

@Suite("A secret in shares")
struct SecretSharingTests {
    @Test("Any shares that are enough give the secret back, in any order")
    func together() throws {
        let original = randomBytes(64)
        let shares = try SecretSharing.split(secret(original), threshold: 3, among: 5)
        #expect(shares.map(\.number) == [1, 2, 3, 4, 5])
        #expect(shares.allSatisfy { $0.bytes.count == 64 })
        for count in 3...5 {
            for some in choices(of: count, among: shares) {
                #expect(try bytes(SecretSharing.secret(of: some.reversed())) == original)
            }
        }
    }

    @Test("One fewer than enough gives other bytes, and every secret is as possible as this one")
    func fewer() throws {
        let original: [UInt8] = [0x5a]
        // Of a one-byte secret in two shares: whatever one share is, the other can make it any of
        // the 256 secrets. So one share alone says nothing.
        let shares = try SecretSharing.split(secret(original), threshold: 2, among: 2)
        var possible: Set<UInt8> = []
        for guess in UInt8.min...UInt8.max {
            let made = try SecretSharing.secret(of: [
                shares[0], Share(number: 2, bytes: secret([guess])),
            ])
            possible.insert(bytes(made)[0])
        }
        #expect(possible.count == 256)

        let long = randomBytes(32)
        let three = try SecretSharing.split(secret(long), threshold: 3, among: 4)
        for some in choices(of: 2, among: three) {
            #expect(try bytes(SecretSharing.secret(of: some)) != long)
        }
    }

    @Test("Two splits of one secret have nothing in common, and their shares do not mix")
    func fresh() throws {
        let original = randomBytes(32)
        let one = try SecretSharing.split(secret(original), threshold: 2, among: 3)
        let two = try SecretSharing.split(secret(original), threshold: 2, among: 3)
        for (left, right) in zip(one, two) { #expect(bytes(left.bytes) != bytes(right.bytes)) }
        #expect(try bytes(SecretSharing.secret(of: [one[0], two[1]])) != original)
    }

    @Test("As many people as a byte can number")
    func most() throws {
        let original = randomBytes(5)
        let shares = try SecretSharing.split(secret(original), threshold: 255, among: 255)
        #expect(try bytes(SecretSharing.secret(of: shares)) == original)
        #expect(try bytes(SecretSharing.secret(of: Array(shares.dropLast()))) != original)
    }

    @Test(
        "What is no split is refused",
        arguments: [(1, 3), (0, 0), (3, 2), (2, 256), (-1, 4)])
    func impossible(_ threshold: Int, _ count: Int) throws {
        #expect(throws: SecretSharing.Failure.impossible(threshold: threshold, among: count)) {
            try SecretSharing.split(secret([1]), threshold: threshold, among: count)
        }
    }

    @Test("Shares that cannot belong together are refused before anything is worked out")
    func unfitting() throws {
        let shares = try SecretSharing.split(secret([1, 2]), threshold: 2, among: 3)
        let zero = Share(number: 0, bytes: shares[0].bytes)
        let short = Share(number: 3, bytes: try secret([1]))
        for wrong in [[shares[0], shares[0]], [zero, shares[1]], [shares[0], short]] {
            #expect(throws: SecretSharing.Failure.unfitting) {
                try SecretSharing.secret(of: wrong)
            }
        }
        #expect(throws: SecretSharing.Failure.impossible(threshold: 1, among: 1)) {
            try SecretSharing.secret(of: [shares[0]])
        }
    }
}
