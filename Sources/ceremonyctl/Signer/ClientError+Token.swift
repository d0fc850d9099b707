// What a token or its module answered, in the words of the client. What became of a PIN try comes
// first, because a custodian who does not know it tries the same PIN again until the token locks.

import CeremonyTerminal
import PKCS11

extension ClientError {
    /// A call to a token that failed.
    init(_ error: PKCS11Error, on token: SeenToken) {
        if case .login(let failure) = error {
            self.init(failure, on: token)
            return
        }
        self.init(
            .token, error.category == .removed ? "token-gone" : "token-error",
            "The token \(token.name) failed: \(error).",
            meaning: "Nothing was signed with it that counts.",
            next: "Unplug it, plug it in again, and look at it with `ceremonyctl tokens`.")
    }

    private init(_ failure: LoginFailure, on token: SeenToken) {
        let meaning =
            switch failure.fate {
            case .notUsed: "Nothing was signed, and no PIN try was used."
            case .used: "Nothing was signed. One PIN try was used; it was not repeated."
            case .possiblyUsed:
                "Nothing was signed. A PIN try may have been used; it was not repeated."
            }
        switch failure.reason {
        case .pinLocked: self = .pinLocked(token)
        case .finalTry: self = .pinLastTry(token)
        case .pinNotInitialized: self = .pinUnset(token)
        case .wrongPIN:
            let warning = failure.stateAfter?.warning.map { " " + $0 } ?? ""
            self.init(
                .token, "pin-wrong", "The PIN of the token \(token.name) is wrong.",
                meaning: meaning + warning,
                next: "Make sure that it is the PIN of this very token before you try again.")
        case .impossiblePIN, .call:
            self.init(
                .token, "login-failed",
                "The login to the token \(token.name) failed: \(failure).", meaning: meaning,
                next: "Look at the token with `ceremonyctl tokens` before you try again.")
        }
    }

    /// The token is locked.
    static func pinLocked(_ token: SeenToken) -> ClientError {
        ClientError(
            .token, "pin-locked", "The PIN of the token \(token.name) is locked.",
            meaning: "Nothing was signed; no PIN was asked for.",
            next: "Unlock it with the vendor's tool and its PUK or SO PIN, or take another key.")
    }

    /// One wrong PIN more would lock the token.
    static func pinLastTry(_ token: SeenToken) -> ClientError {
        ClientError(
            .token, "pin-last-try", "The token \(token.name) has one PIN try left.",
            meaning: "Nothing was signed; the last try was not used.",
            next: "Be sure of the PIN, then add --last-try.")
    }

    /// The token has no PIN.
    static func pinUnset(_ token: SeenToken) -> ClientError {
        ClientError(
            .token, "pin-unset", "The token \(token.name) has no user PIN yet.",
            meaning: "Nothing was signed; no PIN was asked for.",
            next: "Set one with the vendor's tool; ceremonyctl never sets or changes a PIN.")
    }
}
