// What guardians sign about their shares, and the digests by which the log knows them.

import CeremonyRecord
import Sodium
import Testing

@Suite("Documents about shares")
struct ShareDocumentTests {
    private let receipt = ShareReceipt(
        log: "example.org/house/rehearsal", mode: .rehearsal, ceremony: "guards-1",
        authority: "guards", epoch: 2, member: "alice",
        token: "pkcs11:token=house;manufacturer=a;model=b;serial=1", number: 1, threshold: 2,
        share: Digest(of: [1]))

    private func request() throws -> ShareRequest {
        ShareRequest(
            log: "example.org/house/rehearsal", mode: .rehearsal, ceremony: "guards-1",
            key: try #require(
                SSHPublicKey(ed25519: [UInt8](Hex.decode(SampleKey.point) ?? []))),
            nonce: String(repeating: "ab", count: 16))
    }

    @Test("A receipt is read back as it was written, and from no other lines")
    func receiptLines() throws {
        #expect(try ShareReceipt(lines: receipt.lines) == receipt)
        #expect(
            receipt.lines.last?.hasPrefix("meaning: The share above is in my own token") == true)
        for place in receipt.lines.indices {
            var lines = receipt.lines
            lines.remove(at: place)
            #expect(throws: DocumentError.self) { try ShareReceipt(lines: lines) }
            lines = receipt.lines
            lines[place] += " "
            #expect(throws: DocumentError.self) { try ShareReceipt(lines: lines) }
        }
    }

    @Test("A request is read back as it was written, and from no other lines")
    func requestLines() throws {
        let request = try request()
        #expect(try ShareRequest(lines: request.lines) == request)
        for place in request.lines.indices {
            var lines = request.lines
            lines[place] += " "
            #expect(throws: DocumentError.self) { try ShareRequest(lines: lines) }
        }
    }

    @Test("A proof is read back as it was written, and from no other lines")
    func proofLines() throws {
        let proof = ShareProof(
            log: receipt.log, mode: receipt.mode, ceremony: receipt.ceremony, member: "alice",
            share: receipt.share, nonce: try request().nonce)
        #expect(try ShareProof(lines: proof.lines) == proof)
        for place in proof.lines.indices {
            var lines = proof.lines
            lines[place] += " "
            #expect(throws: DocumentError.self) { try ShareProof(lines: lines) }
        }
    }

    @Test("Neither is one of the documents that a person signs by hand")
    func notByHand() throws {
        #expect(throws: DocumentError.self) { try AnyDocument(lines: receipt.lines) }
        let lines = try request().lines
        #expect(throws: DocumentError.self) { try AnyDocument(lines: lines) }
    }

    @Test("A share's digest and a whole secret's are another's, and that of no plain hash")
    func digests() throws {
        let bytes: [UInt8] = [1, 2, 3]
        let secret = try SecretBytes(capacity: 3)
        _ = secret.fill { free in
            free.copyBytes(from: bytes)
            return 3
        }
        secret.seal()
        let share = Digest(ofShare: secret)
        #expect(share == Digest(of: Array("ceremonyd share v1".utf8) + [0] + bytes))
        #expect(
            Digest(ofSplit: secret) == Digest(of: Array("ceremonyd split v1".utf8) + [0] + bytes))
        #expect(share != Digest(ofSplit: secret) && share != Digest(of: bytes))
    }
}

private enum SampleKey {
    static let point = "b8db2d984d4d6aa307983a2641074a466b0a3b98bcde5517d70143a9f1e5923f"
}
