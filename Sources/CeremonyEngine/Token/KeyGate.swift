// The gate that a new key must pass (DESIGN section 3, step 3): what the module says of it is read
// back, attribute by attribute, and a key that fails is destroyed by the very handles it came with.

import CeremonyRecord
import CeremonyRules
import PKCS11

/// What a new private key must be.
struct KeyGate: Sendable {
    enum Outcome: Sendable {
        case passed(VaultKey)
        case failed(String)
    }

    let id: [UInt8]
    let label: String

    /// Reads the pair back and judges it.
    func check(_ pair: KeyPair, in session: borrowing Session) -> Outcome {
        let complaint: String?
        let point: [UInt8]
        do throws(PKCS11Error) {
            let read = try session.attributes(.gate, of: pair.privateKey)
            let there = try session.keys(withID: id)
            complaint = self.complaint(read) ?? self.complaint(there)
            point = try session.ed25519PublicKey(of: pair.publicKey)
        } catch {
            return reject(pair, "the key could not be read back: \(error)", in: session)
        }
        if let complaint { return reject(pair, complaint, in: session) }
        guard SSHPublicKey(ed25519: point) != nil else {
            return reject(pair, "its public key is not a sound point", in: session)
        }
        return .passed(VaultKey(point: point, attributes: KeyMaking.attributes))
    }

    private func complaint(_ read: Attributes) -> String? {
        let demanded: [(String, AttributeOutcome<Bool>, Bool)] = [
            ("local", read.isLocal, true), ("sensitive", read.isSensitive, true),
            ("always-sensitive", read.wasAlwaysSensitive, true),
            ("never-extractable", read.wasNeverExtractable, true),
            ("extractable", read.isExtractable, false),
            ("private", read.isPrivate, true), ("sign", read.canSign, true),
        ]
        for (name, outcome, wanted) in demanded where outcome.value != wanted {
            return "the module says of the new key: \(name) is \(outcome)"
        }
        for (name, type) in [
            ("decrypt", AttributeType.decrypt), ("unwrap", .unwrap), ("derive", .derive),
            ("sign-recover", .signRecover),
        ] where read.flag(type).value == true {
            return "the new key may \(name), and it is to sign only"
        }
        guard read.id.value == id, read.label.value == Array(label.utf8) else {
            return "the new key has another id or label than it was given"
        }
        return nil
    }

    /// Modules take a second object with the same id without a word; uniqueness is our check.
    private func complaint(_ there: [ObjectHandle]) -> String? {
        there.count <= 2
            ? nil : "the token holds \(there.count) key objects with the id of the new key"
    }

    private func reject(_ pair: KeyPair, _ why: String, in session: borrowing Session) -> Outcome {
        var left: [String] = []
        for (half, handle) in [("private", pair.privateKey), ("public", pair.publicKey)] {
            do throws(PKCS11Error) {
                try session.destroy(handle)
            } catch {
                left.append("\(half) key-id \(Hex.encode(id)): \(error)")
            }
        }
        return .failed(
            why + (left.isEmpty ? "" : "; not destroyed: \(left.joined(separator: ", "))"))
    }
}

extension [AttributeType] {
    fileprivate static let gate: [AttributeType] = [
        .local, .sensitive, .alwaysSensitive, .neverExtractable, .extractable, .private, .sign,
        .decrypt, .unwrap, .derive, .signRecover, .id, .label,
    ]
}
