// Signatures against what OpenSSH 9.2 wrote (Vectors/sshsig.json), and against every damage of one
// byte. The FIDO ones were put together by PROTOCOL.u2f and accepted by `ssh-keygen -Y verify`.

import CeremonyRecord
import Sodium
import Testing

@Suite("SSH signatures")
struct SSHSIGTests {
    let document: [UInt8]
    let key: SSHPublicKey
    let vectors: JSONFields

    init() throws {
        var vectors = try Vectors.fields("sshsig.json")
        document = Array(try vectors.string("document").utf8)
        key = try #require(SSHPublicKey(line: try vectors.string("line")))
        self.vectors = vectors
    }

    @Test("What ssh-keygen signed is read, verified and written again byte for byte")
    func plain() throws {
        var vectors = vectors
        var seen: Set<String> = []
        for var vector in try vectors.objects("plain") {
            let name = try vector.string("namespace")
            let namespace = try #require(SignatureNamespace(rawValue: name))
            let message = Array(try vector.string("message").utf8)
            let armored = try vector.string("armored")
            let key = try vector.optionalString("line").flatMap { SSHPublicKey(line: $0) } ?? key
            let read = try SSHSIG(armored: Array(armored.utf8))
            try read.verify(message: message, namespace: namespace, by: key)
            #expect(read.armored == armored)
            #expect(try SSHSIG(blob: read.blob) == read)
            let built = try SSHSIG(signature: read.signature, key: key, namespace: namespace)
            #expect(built.armored == armored)
            seen.insert(name)
        }
        #expect(seen == Set(SignatureNamespace.allCases.map(\.rawValue)))
    }

    @Test("The key's fingerprint is the one that ssh-keygen -l prints")
    func fingerprint() throws {
        var vectors = vectors
        #expect(key.fingerprint.description == (try vectors.string("fingerprint")))
    }

    @Test("A token signs fewer than 130 bytes whatever the length of the document")
    func short() {
        for namespace in SignatureNamespace.allCases {
            let signed = SSHSIG.signedBytes(
                namespace: namespace, message: [UInt8](repeating: 7, count: 60_000))
            #expect(signed.count < 130)
        }
    }

    @Test("A signature holds for its purpose, its key and its bytes only")
    func pinned() throws {
        let signature = try first()
        let other = try #require(SSHPublicKey(line: fidoLine()))
        #expect(throws: SSHSIGError.otherNamespace("ceremonyd-open-v1")) {
            try signature.verify(message: document, namespace: .approve, by: key)
        }
        #expect(throws: SSHSIGError.otherKey(key.fingerprint)) {
            try signature.verify(message: document, namespace: .open, by: other)
        }
        #expect(throws: SSHSIGError.signatureInvalid) {
            try signature.verify(message: document + [0x0a], namespace: .open, by: key)
        }
    }

    @Test("A FIDO signature is accepted with a touch and refused without")
    func fido() throws {
        let key = try #require(SSHPublicKey(line: fidoLine()))
        for (name, flags, counter) in [("touched", 1, 7), ("verified", 5, 0x0102_0304)] {
            let signature = try fido(name)
            try signature.verify(message: document, namespace: .approve, by: key)
            #expect(signature.tokenState?.flags == UInt8(flags))
            #expect(signature.tokenState?.counter == UInt32(counter))
            #expect(try SSHSIG(blob: signature.blob) == signature)
        }
        #expect(throws: SSHSIGError.noUserPresence) {
            try fido("untouched").verify(message: document, namespace: .approve, by: key)
        }
        #expect(throws: SSHSIGError.malformed("a FIDO key signs with a counter")) {
            try SSHSIG(
                signature: [UInt8](repeating: 0, count: 64), key: key, namespace: .approve)
        }
    }

    @Test("The flags and the counter are under a FIDO signature", arguments: [4, 3, 2, 1])
    func tokenStateIsSigned(fromEnd: Int) throws {
        var blob = try fido("touched").blob
        blob[blob.count - fromEnd] ^= 4
        let key = try #require(SSHPublicKey(line: fidoLine()))
        let signature = try SSHSIG(blob: blob)
        #expect(throws: SSHSIGError.signatureInvalid) {
            try signature.verify(message: document, namespace: .approve, by: key)
        }
    }

    @Test("SHA-256 and other key types are refused by name")
    func unsupported() throws {
        var vectors = vectors
        let sha256 = Array(try vectors.string("sha256").utf8)
        let ecdsa = Array(try vectors.string("ecdsa").utf8)
        #expect(throws: SSHSIGError.hashNotSHA512) { try SSHSIG(armored: sha256) }
        #expect(throws: SSHSIGError.keyNotAccepted) { try SSHSIG(armored: ecdsa) }
    }

    @Test("Version, reserved field and trailing bytes are pinned")
    func layout() throws {
        let blob = try first().blob
        var version = blob
        version[9] = 2
        #expect(throws: SSHSIGError.version(2)) { try SSHSIG(blob: version) }
        #expect(throws: SSHSIGError.malformed("bytes behind its end")) {
            try SSHSIG(blob: blob + [0])
        }
        // The reserved field stands behind magic, version, key and namespace.
        let place = 6 + 4 + 4 + key.blob.count + 4 + "ceremonyd-open-v1".utf8.count
        var reserved = blob
        reserved.replaceSubrange(place..<place + 4, with: [0, 0, 0, 1, 0x78])
        #expect(throws: SSHSIGError.reservedNotEmpty) { try SSHSIG(blob: reserved) }
    }

    @Test("No single damaged byte and no shortened blob verifies")
    func damage() throws {
        for (original, namespace) in [
            (try first(), SignatureNamespace.open), (try fido("touched"), .approve),
        ] {
            let blob = original.blob
            for index in blob.indices {
                var damaged = blob
                damaged[index] ^= 1
                #expect(throws: SSHSIGError.self) {
                    try SSHSIG(blob: damaged)
                        .verify(message: document, namespace: namespace, by: original.key)
                }
                #expect(throws: SSHSIGError.self) { try SSHSIG(blob: Array(blob[..<index])) }
            }
        }
    }

    @Test("Armour is read with other line lengths and without the last LF, and otherwise exactly")
    func armor() throws {
        let signature = try first()
        let digits = Base64.encode(signature.blob)
        func wrapped(_ width: Int) -> String {
            var text = "-----BEGIN SSH SIGNATURE-----\n"
            var rest = digits[...]
            while !rest.isEmpty {
                text += rest.prefix(width) + "\n"
                rest = rest.dropFirst(width)
            }
            return text + "-----END SSH SIGNATURE-----"
        }
        for width in [64, 70, 76] {
            #expect(try SSHSIG(armored: Array(wrapped(width).utf8)) == signature)
            #expect(try SSHSIG(armored: Array((wrapped(width) + "\n").utf8)) == signature)
        }
        let good = signature.armored
        let bad = [
            "", "\n" + good, good + "\n", good + "x", " " + good, wrapped(77),
            good.replacing("\n", with: "\r\n"),
            good.replacing("SSH SIGNATURE", with: "PGP MESSAGE"),
            good.replacing("=", with: ""), good.replacing("-----END", with: "\n-----END"),
            "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        ]
        for text in bad {
            #expect(throws: SSHSIGError.self) { try SSHSIG(armored: Array(text.utf8)) }
        }
    }

    @Test("A key of small order is no key")
    func smallOrder() throws {
        var blob = try first().blob
        let place = 6 + 4 + 4 + key.blob.count - 32
        blob.replaceSubrange(place..<place + 32, with: [1] + [UInt8](repeating: 0, count: 31))
        #expect(throws: SSHSIGError.keyNotAccepted) { try SSHSIG(blob: blob) }
    }

    private func first() throws -> SSHSIG {
        var vectors = vectors
        var plain = try vectors.objects("plain")
        return try SSHSIG(armored: Array(try plain[0].string("armored").utf8))
    }

    private func fidoLine() throws -> String {
        var vectors = vectors
        var fido = try vectors.object("fido")
        return try fido.string("line")
    }

    private func fido(_ name: String) throws -> SSHSIG {
        var vectors = vectors
        var fido = try vectors.object("fido")
        return try SSHSIG(armored: Array(try fido.string(name).utf8))
    }
}
