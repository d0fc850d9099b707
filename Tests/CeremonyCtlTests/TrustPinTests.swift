// The memory of a log's founding and newest head: real signed heads by a key in a token, going
// forwards, backwards and sideways.

import CeremonyRecord
import CeremonyTerminal
import PKCS11
import TestSupport
import Testing

@testable import ceremonyctl

/// A log whose head a real token signs, and which can be rewritten at will.
private final class TestLog {
    let key: NoteKey
    private let session: Session
    private let privateKey: ObjectHandle

    init(_ store: SoftHSMStore) throws {
        let slot = try #require(
            store.loadModule().slots().first { (try? $0.tokenInfo())?.label == "house" })
        session = try slot.openSession(.readWrite)
        try TestLog.logIn(session, Array(SoftHSMStore.pin.utf8))
        let pair = try session.generateEd25519KeyPair(id: [1], label: "log")
        privateKey = pair.privateKey
        key = try #require(
            NoteKey(
                name: TestDocuments.origin,
                publicKey: try session.ed25519PublicKey(of: pair.publicKey)))
    }

    private static func logIn(_ session: borrowing Session, _ pin: [UInt8]) throws {
        let outcome = unsafe pin.withUnsafeBytes { bytes in
            Result { () throws(PKCS11Error) in try unsafe session.login(pin: bytes) }
        }
        try outcome.get()
    }

    /// The signed head of a tree.
    func note(_ tree: MerkleTree, origin: String = TestDocuments.origin) throws -> SignedNote {
        let checkpoint = Checkpoint(origin: origin, head: tree.head)
        let signature = try session.sign(checkpoint.text, with: privateKey)
        return try SignedNote(
            text: checkpoint.text, signatures: [NoteSignature(signature, by: key)])
    }

    static func tree(_ lines: ClosedRange<UInt8>) -> MerkleTree {
        MerkleTree(leaves: lines.map { TreeHash.leaf([$0]) })
    }
}

@Suite("trust pin")
struct TrustPinTests {
    @Test("the founding digest is pinned once, and another one is refused for ever")
    func genesis() async throws {
        try await withSoftHSM(tokens: []) { store in
            let pin = TrustPin(origin: TestDocuments.origin, below: store.directory + "/state")
            #expect(try pin.genesis() == nil)
            #expect(try pin.pin(genesis: Digest(of: [1])))
            #expect(try !pin.pin(genesis: Digest(of: [1])))
            let error = #expect(throws: ClientError.self) { try pin.pin(genesis: Digest(of: [2])) }
            #expect(error?.code == "genesis-mismatch")
            #expect(error?.status == .refused)
            #expect(error?.happened.contains(Digest(of: [2]).description) == true)
            #expect(try pin.genesis() == Digest(of: [1]))
            let mode = try store.run("stat", ["-c", "%a", pin.directory + "/genesis"])
            #expect(mode.trimmed == "600")
            #expect(try store.run("stat", ["-c", "%a", pin.directory]).trimmed == "700")
        }
    }

    @Test("a head goes forward with a proof, and neither backwards nor sideways")
    func head() async throws {
        try await withSoftHSM { store in
            let log = try TestLog(store)
            let pin = TrustPin(origin: TestDocuments.origin, below: store.directory + "/state")
            func advance(_ tree: MerkleTree, from proving: MerkleTree? = nil) throws {
                try pin.advance(to: try log.note(tree), signedBy: [[log.key]]) {
                    known, shown throws(ClientError) in
                    (proving ?? tree).consistencyProof(from: known.size, to: shown.size)
                        ?? ConsistencyProof(from: known.size, to: shown.size, path: [])
                }
            }
            let five = TestLog.tree(1...5)
            let nine = TestLog.tree(1...9)
            try advance(five)
            #expect(try pin.head() == five.head)
            try advance(nine)
            #expect(try pin.head() == nine.head)
            try advance(nine)

            let shrunk = #expect(throws: ClientError.self) { try advance(five) }
            #expect(shrunk?.code == "log-shrank")
            #expect(shrunk?.happened.contains(five.root.description) == true)
            #expect(shrunk?.happened.contains(nine.root.description) == true)

            let forked = #expect(throws: ClientError.self) { try advance(TestLog.tree(2...10)) }
            #expect(forked?.code == "log-forked")
            let longer = TestLog.tree(2...20)
            #expect(throws: ClientError.self) { try advance(longer) }
            // A proof for another tree, and one for other sizes, prove nothing.
            #expect(throws: ClientError.self) { try advance(longer, from: TestLog.tree(1...20)) }
            #expect(throws: ClientError.self) {
                try pin.advance(to: try log.note(TestLog.tree(1...12)), signedBy: [[log.key]]) {
                    _, shown throws(ClientError) in
                    ConsistencyProof(from: 0, to: shown.size, path: [])
                }
            }
            #expect(try pin.head() == nine.head)
            // What was refused is kept: two signed heads that contradict each other.
            let kept = try store.run("ls", [pin.directory])
            #expect(kept.contains("refused-5-") && kept.contains("refused-19-"))
        }
    }

    @Test("a head that the log key did not sign, or of another log, is not taken")
    func signatures() async throws {
        try await withSoftHSM { store in
            let log = try TestLog(store)
            let pin = TrustPin(origin: TestDocuments.origin, below: store.directory + "/state")
            let note = try log.note(TestLog.tree(1...5))
            let unused: (TreeHead, TreeHead) throws(ClientError) -> ConsistencyProof = {
                _, _ throws(ClientError) in
                throw .usage("never asked", next: "")
            }
            for keys in [[[TestDocuments.logKey]], [[]], []] {
                let error = #expect(throws: ClientError.self) {
                    try pin.advance(to: note, signedBy: keys, consistency: unused)
                }
                #expect(error?.code == "checkpoint")
            }
            let other = TrustPin(origin: "example.org/other", below: store.directory + "/state")
            #expect(throws: ClientError.self) {
                try other.advance(to: note, signedBy: [[log.key]], consistency: unused)
            }
            #expect(try pin.head() == nil)
            try pin.advance(to: note, signedBy: [[log.key]], consistency: unused)
            #expect(try pin.head() != nil)
        }
    }

    @Test("a damaged memory is reported, never taken for an empty one")
    func damaged() async throws {
        try await withSoftHSM(tokens: []) { store in
            let alice = Custodian(store: store)
            let pin = TrustPin(origin: "example.org/x", below: store.directory)
            try pin.pin(genesis: Digest(of: [1]))
            for text in ["", "sha256:00\n", Digest(of: [1]).description] {
                try alice.write("example.org~x/genesis", text)
                let error = #expect(throws: ClientError.self) { try pin.genesis() }
                #expect(error?.status == .configuration)
            }
            try alice.write("example.org~x/checkpoint", "not a note\n")
            #expect(throws: ClientError.self) { try pin.head() }
        }
    }
}
