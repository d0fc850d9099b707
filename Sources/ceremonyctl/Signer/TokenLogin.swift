// The one place where a PIN meets a token: the token's state is read first, a person is told which
// token and how many tries, there is one try, and what became of it is said exactly.

import CeremonyRecord
import CeremonyTerminal
import PKCS11
import Sodium

/// How this run of the client logs in to tokens.
struct TokenLogin {
    /// Where PINs come from.
    let origin: PINOrigin
    /// Whether a token's last try may be used.
    let lastTry: Bool

    /// The tokens that a PIN was taken for; a file holds the PIN of one.
    private let used = UsedTokens()

    init(_ options: PINOptions) {
        origin = options.source
        lastTry = options.lastTry
    }

    /// Refuses a token that no PIN should be asked for, before anybody is asked for anything.
    ///
    /// - Throws: `pin-locked`, `pin-last-try`, `pin-unset` (74).
    func check(_ token: SeenToken, in slot: Slot) throws(ClientError) {
        let info: TokenInfo
        do {
            info = try slot.tokenInfo()
        } catch {
            throw ClientError(error, on: token)
        }
        guard info.isLoginRequired else { return }
        switch info.pinState(of: .user) {
        case .locked: throw .pinLocked(token)
        case .finalTry where !lastTry: throw .pinLastTry(token)
        default: break
        }
        guard info.isUserPINInitialized else { throw .pinUnset(token) }
    }

    /// Opens a session, logs in once, and runs the calls in it.
    ///
    /// - Parameters:
    ///   - purpose: for the prompt, behind "PIN to ".
    ///   - body: gets the session and the PIN, for keys that want it for every signature.
    /// - Throws: what ``check(_:in:)`` and ``PINOrigin/pin(prompt:)`` throw, `pin-wrong` and
    ///   `token-error` (74), and what the body throws.
    func withSession<R>(
        on token: SeenToken, in slot: Slot, _ access: Session.Access, to purpose: String,
        _ body: (borrowing Session, SecretBytes?) throws(PKCS11Error) -> R
    ) throws(ClientError) -> R {
        try check(token, in: slot)
        let secret = try pin(for: token, in: slot, to: purpose)
        do throws(PKCS11Error) {
            let session = try slot.openSession(access)
            try logIn(session, secret, on: token)
            let result = try body(session, secret)
            // The signature is made; a logout that fails takes nothing back, and closing follows.
            if token.info.isLoginRequired { try? session.logout() }
            return result
        } catch {
            throw ClientError(error, on: token)
        }
    }

    private func pin(for token: SeenToken, in slot: Slot, to purpose: String)
        throws(ClientError) -> SecretBytes?
    {
        guard token.info.isLoginRequired, !token.info.hasProtectedAuthenticationPath else {
            return nil
        }
        if case .file(let path) = origin {
            guard used.isFirst(token) else {
                throw .usage(
                    "The PIN file \(path) is for one token, and \(token.name) is another.",
                    next: "Use --pin-fd with one line for each token, or sign with one at a time.")
            }
        }
        let state = (try? slot.tokenInfo())?.pinState(of: .user) ?? .ok
        let warning = state.warning.map { "\($0)\n" } ?? ""
        return try origin.pin(
            prompt: "\n" + warning + "PIN to \(purpose), token "
                + Display.neutralised(token.name) + ": ")
    }

    private func logIn(_ session: borrowing Session, _ secret: SecretBytes?, on token: SeenToken)
        throws(PKCS11Error)
    {
        guard token.info.isLoginRequired else { return }
        guard let secret else {
            Talk.say("Enter the PIN on the token \(Display.neutralised(token.name)) itself.")
            try session.loginOnDevice(allowFinalTry: lastTry)
            return
        }
        let outcome = unsafe secret.withBytes { bytes in
            Result { () throws(PKCS11Error) in
                try unsafe session.login(pin: bytes, allowFinalTry: lastTry)
            }
        }
        try outcome.get()
    }

    private final class UsedTokens {
        private var first: SeenToken?
        func isFirst(_ token: SeenToken) -> Bool {
            if first == nil { first = token }
            return first?.isSameToken(as: token) == true
        }
    }
}
