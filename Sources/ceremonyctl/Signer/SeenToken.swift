// What this client sees without any PIN: tokens and the public keys on them. Plain values, so that
// choosing among them needs no token.

import CeremonyRecord
import PKCS11

/// A key pair on a token, by its public half.
struct TokenKey: Hashable, Sendable {
    /// The public key.
    let key: SSHPublicKey
    /// `CKA_ID`.
    let id: [UInt8]
    /// `CKA_LABEL`, as the token gives it.
    let label: String
}

/// A token that is plugged in here.
struct SeenToken: Hashable, Sendable {
    /// The module behind which it was seen.
    let module: String
    /// What it said about itself then.
    let info: TokenInfo
    /// Whether it says that it signs with Ed25519.
    let signsEd25519: Bool
    /// Whether it says that it makes Ed25519 keys too.
    let makesEd25519: Bool
    /// The Ed25519 public keys that can be seen without a PIN.
    let keys: [TokenKey]

    /// The URI that names exactly this token.
    var uri: TokenURI { TokenURI(of: info) }

    /// Whether the token describes itself as the other does: one token seen twice.
    func isSameToken(as other: SeenToken) -> Bool { uri == other.uri }

    /// `label (serial ..., model)` for sentences and lists.
    var name: String { "\(info.label) (serial \(info.serial), \(info.model))" }

    /// The token as `--json` lists it.
    var json: JSON {
        .fields([
            "label": .string(info.label), "serial": .string(info.serial),
            "model": .string(info.model), "manufacturer": .string(info.manufacturer),
            "uri": .string(uri.description), "module": .string(module),
            "ed25519": .bool(signsEd25519), "ed25519_generate": .bool(makesEd25519),
            "pin_tries": .string(info.pinState(of: .user).word),
            "identities": .array(keys.map(\.json)),
        ])
    }
}

extension TokenKey {
    /// The key as `--json` lists it.
    var json: JSON {
        .fields([
            "fingerprint": .string(key.fingerprint.description), "public_key": .string(key.line),
            "label": .string(label), "key_id": .string(Hex.encode(id)),
        ])
    }
}

extension PINState {
    /// A stable word for scripts.
    var word: String {
        switch self {
        case .ok: "ok"
        case .low: "low"
        case .finalTry: "last"
        case .locked: "locked"
        }
    }

    /// A sentence for the PIN prompt and for lists; `nil` where there is nothing to say.
    var warning: String? {
        switch self {
        case .ok: nil
        case .low: "A wrong PIN was tried before: only a few tries are left."
        case .finalTry: "This is the LAST TRY: a wrong PIN locks the token."
        case .locked: "The PIN is locked."
        }
    }
}
