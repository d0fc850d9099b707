// What a return code means for whoever called. Modules disagree about codes (a lost token alone has
// ten of them), so callers that want to know "is the token gone" ask for the category.

/// The kind of trouble a return code stands for.
public enum ErrorCategory: String, Sendable, CaseIterable {
    /// The PIN was not right.
    case wrongPIN
    /// The PIN is locked; only the security officer or the vendor's own tool can help.
    case pinLocked
    /// The PIN cannot be used: expired, never set, or of an impossible length.
    case pinUnusable
    /// Nobody is logged in, and the call needs a login.
    case notLoggedIn
    /// Somebody is logged in already.
    case alreadyLoggedIn
    /// The token or its slot is not there.
    case removed
    /// The session does not exist any more.
    case sessionGone
    /// The object's handle means nothing to the module: destroyed, hidden by a logout, or the token
    /// is gone; modules use the same code for all three.
    case objectGone
    /// The module lost its footing; it has to be finalised and loaded again.
    case moduleBroken
    /// The token cannot do this.
    case notSupported
    /// The curve parameters or the mechanism's parameter were not accepted.
    case parameters
    /// An attribute of a template was not accepted.
    case template
    /// The token or the session is read-only.
    case readOnly
    /// The value of an attribute is not given out.
    case sensitive
    /// Another operation, session or user is in the way.
    case busy
    /// An error of the device or the module that says nothing about its cause.
    case device
    /// Anything else, also the vendor's own codes.
    case other
}

extension ReturnCode {
    /// What the code means for the caller.
    public var category: ErrorCategory {
        switch rawValue {
        case 0xa0: .wrongPIN
        case 0xa4: .pinLocked
        case 0xa1, 0xa2, 0xa3, 0x102, 0x1b0, 0x1b8: .pinUnusable
        case 0x101: .notLoggedIn
        case 0x100, 0x104, 0x105: .alreadyLoggedIn
        case 0x03, 0x32, 0xe0, 0xe1: .removed
        case 0xb0, 0xb3: .sessionGone
        case 0x60, 0x82: .objectGone
        case 0x02, 0x31, 0x190: .moduleBroken
        case 0x54, 0x70, 0x51, 0x120, 0x121: .notSupported
        case 0x71, 0x130, 0x140: .parameters
        case 0x10, 0x12, 0x13, 0xd0, 0xd1: .template
        case 0xb5, 0xe2: .readOnly
        case 0x11, 0x170: .sensitive
        case 0x90, 0xb1, 0xb6, 0xb7, 0xb8, 0x191, 0x201: .busy
        case 0x05, 0x06, 0x30: .device
        default: .other
        }
    }
}
