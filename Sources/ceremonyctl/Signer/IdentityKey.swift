// A custodian's own key: made in their token, once, under a label by which it is found again. What
// the token reports about it is checked before its public half is given to anybody.

import CeremonyRecord
import CeremonyTerminal
import PKCS11
import Sodium

/// The custodian's own Ed25519 key.
enum IdentityKey {
    /// `CKA_LABEL` of both halves.
    static let label = "ceremony-identity"

    /// The identity keys among those of a token: the labelled ones, else all.
    static func keys(of token: SeenToken) -> [TokenKey] {
        let labelled = token.keys.filter { $0.label.utf8.elementsEqual(label.utf8) }
        return labelled.isEmpty ? token.keys : labelled
    }

    /// Makes the key, reads it back, and has it sign a probe; a key that fails is destroyed.
    ///
    /// - Parameter id: `CKA_ID`, for tokens with fixed places; else 16 random bytes.
    /// - Throws: `identity-exists` (1) where the token holds one, `token-unable` (74), `key-gate`
    ///   (74) where the token made a key that is not as asked for.
    static func create(
        on token: SeenToken, in slot: Slot, login: TokenLogin, label: String, id: [UInt8],
        to purpose: String = "make the identity key"
    ) throws(ClientError) -> TokenKey {
        try refuseExisting(token, label)
        guard token.makesEd25519, !token.info.isWriteProtected else {
            throw ClientError(
                .token, "token-unable",
                "The token \(token.name) does not make Ed25519 keys through this module.",
                meaning: "Nothing was changed on it; no PIN was asked for.",
                next: "Make the key with the vendor's tool, or use another token.")
        }
        let outcome = try login.withSession(
            on: token, in: slot, .readWrite, to: purpose
        ) { session, secret throws(PKCS11Error) in
            try make(in: session, label: label, id: id, pin: secret, lastTry: login.lastTry)
        }
        switch outcome {
        case .made(let point):
            guard let key = SSHPublicKey(ed25519: point) else { throw gate(token, ["point"], true) }
            return TokenKey(key: key, id: id, label: label)
        case .exists: throw existing(token, label)
        case .failed(let gates, let destroyed): throw gate(token, gates, destroyed)
        }
    }

    /// Holds a key that is there to everything that a new one is held to.
    ///
    /// - Throws: `key-gate` (74) where it is not as it has to be, or its private half is not there.
    static func check(
        _ key: TokenKey, on token: SeenToken, in slot: Slot, login: TokenLogin, to purpose: String
    ) throws(ClientError) {
        let gates = try login.withSession(
            on: token, in: slot, .readOnly, to: purpose
        ) { session, secret throws(PKCS11Error) -> [String] in
            let found = try session.find(
                [.objectClass(.privateKey), .bytes(.id, key.id), .text(.label, key.label)],
                limit: 2)
            guard let half = found.first, found.count == 1 else { return ["one private half"] }
            let gates = try failedGates(session, half)
            guard gates.isEmpty else { return gates }
            return try proves(session, half, key.key.point, secret, login.lastTry) ? [] : ["probe"]
        }
        guard gates.isEmpty else {
            throw ClientError(
                .token, "key-gate",
                "The key \(Display.neutralised(key.label)) in \(token.name) is not as it has to be: "
                    + gates.joined(separator: ", ") + ".",
                meaning: "This client would not have made it so. Nothing was signed.",
                next:
                    "Look at it with the token's own tool: both halves carry that label, and count "
                    + "for nothing. When they are gone, another key is made.")
        }
    }

    private enum Outcome {
        case made(point: [UInt8])
        case exists
        case failed(gates: [String], destroyed: Bool)
    }

    private static func make(
        in session: borrowing Session, label: String, id: [UInt8], pin: SecretBytes?, lastTry: Bool
    ) throws(PKCS11Error) -> Outcome {
        // The public half can be deleted without a PIN; the private half tells the truth.
        guard
            try session.find([.objectClass(.privateKey), .text(.label, label)]).isEmpty
        else { return .exists }
        let pair = try session.generateEd25519KeyPair(id: id, label: label)
        let gates = try failedGates(session, pair.privateKey)
        var point: [UInt8] = []
        if gates.isEmpty {
            point = try session.ed25519PublicKey(of: pair.publicKey)
            if try proves(session, pair.privateKey, point, pin, lastTry) {
                return .made(point: point)
            }
        }
        var destroyed = true
        for half in [pair.privateKey, pair.publicKey] {
            do { try session.destroy(half) } catch { destroyed = false }
        }
        return .failed(gates: gates.isEmpty ? ["probe"] : gates, destroyed: destroyed)
    }

    private static func failedGates(_ session: borrowing Session, _ key: ObjectHandle)
        throws(PKCS11Error) -> [String]
    {
        let read = try session.attributes(
            [.local, .sensitive, .extractable, .private, .sign], of: key)
        var failed: [String] = []
        if read.isLocal.value == false { failed.append("local") }
        if read.isSensitive.value == false { failed.append("sensitive") }
        if read.isExtractable.value == true { failed.append("not extractable") }
        if read.isPrivate.value == false { failed.append("private") }
        if read.canSign.value == false { failed.append("sign") }
        return failed
    }

    /// Whether the private half signs for this public one: a probe, verified off the token.
    static func proves(
        _ session: borrowing Session, _ key: ObjectHandle, _ point: [UInt8], _ pin: SecretBytes?,
        _ lastTry: Bool
    ) throws(PKCS11Error) -> Bool {
        let probe = SSHSIG.signedBytes(namespace: .probe, message: randomBytes(32))
        let wantsPIN =
            try session.attributes([.alwaysAuthenticate], of: key)
            .alwaysAuthenticates.value == true
        let signature: [UInt8]
        if wantsPIN, let pin {
            signature = try unsafe pin.withBytes { bytes in
                Result { () throws(PKCS11Error) in
                    try unsafe session.sign(
                        probe, with: key, pin: bytes, allowFinalTry: lastTry)
                }
            }.get()
        } else {
            signature = try session.sign(probe, with: key)
        }
        return Ed25519.isValid(signature: signature, of: probe, by: point)
    }

    private static func refuseExisting(_ token: SeenToken, _ label: String) throws(ClientError) {
        if token.keys.contains(where: { $0.label.utf8.elementsEqual(label.utf8) }) {
            throw existing(token, label)
        }
    }

    private static func existing(_ token: SeenToken, _ label: String) -> ClientError {
        ClientError(
            .refused, "identity-exists", "The token \(token.name) holds a key \(label) already.",
            meaning: "Nothing was changed on it.",
            next: "`ceremonyctl identity show` prints its public key. A second key for the same "
                + "person belongs into a second token.")
    }

    private static func gate(_ token: SeenToken, _ gates: [String], _ destroyed: Bool)
        -> ClientError
    {
        ClientError(
            .token, "key-gate",
            "The token \(token.name) made a key that is not as it has to be: "
                + gates.joined(separator: ", ") + ".",
            meaning: destroyed
                ? "The key was destroyed; nothing is left of it."
                : "The key could not be destroyed and is still on the token. Do not enrol it.",
            next: "Use another token or another version of its module.")
    }
}
