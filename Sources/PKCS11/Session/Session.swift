// A session with a token (PKCS#11 v2.40 section 5.6). Two threads in one session end some modules
// with a segmentation fault, not with an error code: hence one owner, and no way to share.

import CPKCS11

/// A session: what logs in, searches, generates and signs.
///
/// It cannot be copied and is not `Sendable`: one owner, one thread at a time. It closes when it is
/// consumed or dropped. Every call blocks until the token has answered, which may take as long as a
/// person at a touch sensor does; ``Token`` runs one on a thread of its own.
public struct Session: ~Copyable {
    /// What the session may do.
    public enum Access: String, Sendable {
        /// Search, read and sign.
        case readOnly
        /// Also make and destroy token objects.
        case readWrite
    }

    /// The slot whose token this is a session with.
    public let slot: Slot
    /// What was asked for when it was opened.
    public let access: Access

    let handle: CK_SESSION_HANDLE
    private let number: UInt64
    private var isOpen = true

    /// Opens a session with the token in the slot (C_OpenSession).
    init(with slot: Slot, access: Access) throws(PKCS11Error) {
        var handle: CK_SESSION_HANDLE = 0
        let flags = UInt(CKF_SERIAL_SESSION) | (access == .readWrite ? UInt(CKF_RW_SESSION) : 0)
        try unsafe slot.module.call(.openSession) {
            unsafe $0.pointee.C_OpenSession(slot.id, flags, nil, nil, &handle)
        }
        self.slot = slot
        self.access = access
        self.handle = handle
        number = slot.module.sessionOpened()
    }

    deinit {
        // Nobody is left to tell; whoever wants to know calls close().
        if isOpen { _ = Self.close(handle, of: slot.module) }
    }

    /// Closes the session (C_CloseSession). With a token's last session its login ends too.
    ///
    /// - Throws: What the module answered; the session is gone in any case.
    public consuming func close() throws(PKCS11Error) {
        isOpen = false
        if let error = Self.close(handle, of: slot.module) { throw error }
    }

    private static func close(_ handle: CK_SESSION_HANDLE, of module: Module) -> PKCS11Error? {
        defer { module.sessionClosed() }
        do throws(PKCS11Error) {
            try unsafe module.call(.closeSession) { unsafe $0.pointee.C_CloseSession(handle) }
            return nil
        } catch {
            return error
        }
    }
}

@available(*, unavailable, message: "two threads in one session can crash the module")
extension Session: Sendable {}

extension Slot {
    /// Opens a session with the token in this slot (C_OpenSession).
    public func openSession(_ access: Session.Access) throws(PKCS11Error) -> Session {
        try Session(with: self, access: access)
    }
}

extension Session {
    /// The module behind the session.
    var module: Module { slot.module }

    /// What the session may do now, freshly asked (C_GetSessionInfo).
    public func state() throws(PKCS11Error) -> SessionState {
        var info = CK_SESSION_INFO()
        try unsafe module.call(.getSessionInfo) {
            unsafe $0.pointee.C_GetSessionInfo(handle, &info)
        }
        guard let state = SessionState(info.state) else {
            throw .malformed(.getSessionInfo, "session state \(info.state)")
        }
        return state
    }

    /// One more session with the same token, which may do the same.
    func another() throws(PKCS11Error) -> Session { try Session(with: slot, access: access) }

    /// Makes a handle that belongs to this session and the present login.
    func adopt(_ rawValue: CK_OBJECT_HANDLE) -> ObjectHandle {
        ObjectHandle(
            rawValue: rawValue, session: number, logouts: module.logouts(ofSlot: slot.id))
    }

    /// The number behind a handle, if it still means something here.
    func resolve(_ object: ObjectHandle) throws(PKCS11Error) -> CK_OBJECT_HANDLE {
        guard object.session == number, object.logouts == module.logouts(ofSlot: slot.id) else {
            throw .staleHandle
        }
        return object.rawValue
    }
}

/// The states of a session (CKS_, PKCS#11 v2.40 section 5.6.8).
public enum SessionState: UInt, Sendable {
    /// Nobody is logged in; reads public objects.
    case publicReadOnly = 0
    /// The user is logged in; reads and signs.
    case userReadOnly = 1
    /// Nobody is logged in; public objects can be written.
    case publicReadWrite = 2
    /// The user is logged in and may write.
    case userReadWrite = 3
    /// The security officer is logged in.
    case securityOfficer = 4

    init?(_ state: CK_STATE) {
        self.init(rawValue: UInt(state))
    }

    /// Who is logged in to the token.
    public var user: User? {
        switch self {
        case .publicReadOnly, .publicReadWrite: nil
        case .userReadOnly, .userReadWrite: .user
        case .securityOfficer: .securityOfficer
        }
    }
}
