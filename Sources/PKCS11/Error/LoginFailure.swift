// Why a login, or the change of a PIN, did not happen, and above all what became of the PIN try: a
// token that locks after three of them makes that the question a custodian asks first.

/// A login or a change of a PIN that did not happen.
public struct LoginFailure: Equatable, Sendable {
    /// What became of the try that the token counts.
    public enum TryFate: String, Sendable {
        /// The token never saw a PIN.
        case notUsed
        /// The token saw a wrong PIN and counted it.
        case used
        /// The token may have counted a try: the module's answer leaves it open.
        case possiblyUsed
    }

    /// Why.
    public enum Reason: Equatable, Sendable {
        /// The token said that the PIN is wrong.
        case wrongPIN
        /// The PIN is locked; nothing was sent to the token.
        case pinLocked
        /// One wrong PIN more would lock the token, and the caller did not allow that try.
        case finalTry
        /// The token has no user PIN yet.
        case pinNotInitialized
        /// The PIN is empty or longer than any token takes; nothing was sent to the token.
        case impossiblePIN
        /// A PKCS#11 call failed.
        case call(PKCS11Error)
    }

    /// Why the login did not happen.
    public let reason: Reason
    /// What became of the try.
    public let fate: TryFate
    /// What the token says about its PIN after the failure; `nil` where it could not be asked.
    public let stateAfter: PINState?
    /// The function that the PIN was for: `C_Login` or `C_SetPIN`.
    public let function: Function

    /// A failure put together from its parts.
    public init(
        reason: Reason, fate: TryFate, stateAfter: PINState?, function: Function = .login
    ) {
        self.reason = reason
        self.fate = fate
        self.stateAfter = stateAfter
        self.function = function
    }

    /// The PKCS#11 error behind the failure; `nil` where the wrapper refused by itself.
    public var cause: PKCS11Error? {
        switch reason {
        case .call(let error): error
        case .wrongPIN: .failed(function, .pinIncorrect)
        default: nil
        }
    }
}

extension LoginFailure: CustomStringConvertible {
    /// What happened, what became of the try, and what the token says now.
    public var description: String {
        let what =
            switch reason {
            case .wrongPIN: "the PIN is wrong"
            case .pinLocked: "the PIN is locked"
            case .finalTry: "one more wrong PIN would lock the token, and this try was not allowed"
            case .pinNotInitialized: "the token has no user PIN yet"
            case .impossiblePIN: "the PIN is empty or too long"
            case .call(let error): error.description
            }
        let fateText =
            switch fate {
            case .notUsed: "no try was used"
            case .used: "one try was used"
            case .possiblyUsed: "a try may have been used"
            }
        let afterwards =
            switch stateAfter {
            case .low?: "; few tries are left"
            case .finalTry?: "; one try is left"
            case .locked?: "; the PIN is locked"
            case .ok?, nil: ""
            }
        return "\(what) (\(fateText)\(afterwards))"
    }
}
