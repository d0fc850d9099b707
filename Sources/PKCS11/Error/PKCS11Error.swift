// The one error of this module: either a PKCS#11 function failed (which one, with what number), or
// the wrapper refused something before asking the module. One type, so that typed throws compose.

/// A PKCS#11 function that was answered with something other than CKR_OK.
public struct FailedCall: Error, Hashable, Sendable {
    /// The function that was called.
    public let function: Function
    /// What it returned.
    public let code: ReturnCode

    init(_ function: Function, _ code: ReturnCode) {
        self.function = function
        self.code = code
    }
}

/// Everything that can go wrong between this module and a token.
public indirect enum PKCS11Error: Error, Equatable, Sendable {
    /// The module answered a call with an error.
    case failed(FailedCall)
    /// The module's file could not be loaded; `reason` is what the loader said.
    case notLoaded(path: String, reason: String)
    /// The module leaves out functions that are needed here.
    case functionsMissing(path: String, [Function])
    /// The module was finalised and answers no more.
    case finalized(path: String)
    /// The module cannot be finalised while sessions are open or calls are running.
    case moduleInUse(sessions: Int, calls: Int)
    /// The module's answer to a call contradicts the standard or itself.
    case malformed(Function, String)
    /// The handle was found in another session, or before a logout. Search for the object again.
    case staleHandle
    /// No session is open on this token.
    case noSession
    /// The system gave no thread for a token.
    case noThread(errno: Int32)
    /// A login did not happen.
    case login(LoginFailure)
    /// A key pair was not generated.
    case keyGeneration(KeyGenerationFailure)
    /// The object is not the public or private half of an Ed25519 key; the text says why.
    case notEd25519(String)
    /// More objects match than the caller was ready to take.
    case tooManyObjects(limit: Int)
    /// No token matches; slots that could not be read are listed with their errors.
    case tokenNotFound(TokenURI, unreadable: [UnreadableSlot])
    /// More than one token matches; they are listed.
    case tokenAmbiguous(TokenURI, matches: [TokenMatch])

    /// The PKCS#11 call that failed, where one did, also inside a failed login or generation.
    public var failedCall: FailedCall? {
        switch self {
        case .failed(let call): call
        case .login(let failure): failure.cause?.failedCall
        case .keyGeneration(let failure): failure.cause?.failedCall
        default: nil
        }
    }

    /// What the failure means for the caller; `nil` where no PKCS#11 call failed.
    public var category: ErrorCategory? { failedCall?.code.category }

    static func failed(_ function: Function, _ code: ReturnCode) -> PKCS11Error {
        .failed(FailedCall(function, code))
    }
}

extension PKCS11Error: CustomStringConvertible {
    /// What happened, in a sentence a person can act on.
    public var description: String {
        switch self {
        case .failed(let call):
            "\(call.function.rawValue) failed with \(call.code)"
        case .notLoaded(let path, let reason):
            "the PKCS#11 module \(path) cannot be loaded: \(reason)"
        case .functionsMissing(let path, let functions):
            "the PKCS#11 module \(path) does not offer "
                + functions.map(\.rawValue).joined(separator: ", ")
        case .finalized(let path):
            "the PKCS#11 module \(path) was shut down; load it again"
        case .moduleInUse(let sessions, let calls):
            "the PKCS#11 module is in use (\(sessions) open sessions, \(calls) running calls)"
        case .malformed(let function, let what):
            "the module's answer to \(function.rawValue) makes no sense: \(what)"
        case .staleHandle:
            "the object was found in another session or before a logout; look it up again"
        case .noSession:
            "no session is open on this token; open one first"
        case .noThread(let errno):
            "the system gives no thread for the token (error \(errno))"
        case .login(let failure):
            failure.description
        case .keyGeneration(let failure):
            failure.description
        case .notEd25519(let why):
            "the object is not an Ed25519 key: \(why)"
        case .tooManyObjects(let limit):
            "more than \(limit) objects match"
        case .tokenNotFound(let uri, let unreadable):
            "no token matches \(uri)"
                + unreadable.map { "; slot \($0.slot.id) could not be read: \($0.error)" }.joined()
        case .tokenAmbiguous(let uri, let matches):
            "\(matches.count) tokens match \(uri): "
                + matches.map { "\($0.uri) in \($0.slot.module.path)" }.joined(separator: ", ")
                + "; add the serial number"
        }
    }
}
