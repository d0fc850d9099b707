// A token as concurrent code sees it: an actor whose thread is the token's own, with one session.

/// A token in a slot, with a thread of its own on which all its calls run, and at most one session.
///
/// The session is the anchor: it keeps the login and the meaning of handles for as long as it is
/// open. It closes on the token's thread, by ``close()`` or when the actor goes.
public actor Token {
    /// Where the token is.
    public nonisolated let slot: Slot

    private nonisolated let thread: TokenThread
    private var session: Session?

    /// A token in a slot, with a thread of its own. Nothing is asked of the token yet.
    ///
    /// - Throws: ``PKCS11Error/noThread(errno:)``.
    public init(_ slot: Slot) throws(PKCS11Error) {
        self.slot = slot
        thread = try TokenThread()
    }

    isolated deinit {
        session = nil
    }

    /// The token's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// What the token says about itself now.
    public func info() throws(PKCS11Error) -> TokenInfo {
        try slot.tokenInfo()
    }

    /// Opens the session. One that is open already is closed first; its handles are stale then.
    public func open(_ access: Session.Access) throws(PKCS11Error) {
        try close()
        session = try slot.openSession(access)
    }

    /// Closes the session, if one is open. The login ends with the token's last session.
    public func close() throws(PKCS11Error) {
        try session.take()?.close()
    }

    /// Puts a fresh session in the place of the one that is open; a login stays.
    ///
    /// An answer that was lost can leave an operation in the session's way, and PKCS#11 before 3.0
    /// has no call to give one up. The old session's handles are stale then.
    ///
    /// - Throws: ``PKCS11Error/noSession``, or what C_OpenSession answered: then all is as it was.
    public func renew() throws(PKCS11Error) {
        guard session != nil else { throw .noSession }
        // The login ends with the last session, so the new one comes first.
        let fresh = try session!.another()
        if let old = session.take() { try? old.close() }
        session = consume fresh
    }

    /// Whether a session is open. Whether the token still answers shows only when it is asked.
    public var isOpen: Bool { session != nil }

    /// Runs some calls one after the other in the session, on the token's thread.
    ///
    /// - Throws: ``PKCS11Error/noSession``, or what the body throws.
    public func withSession<R: Sendable>(
        _ body: sending (borrowing Session) throws(PKCS11Error) -> R
    ) throws(PKCS11Error) -> R {
        guard session != nil else { throw .noSession }
        return try body(session!)
    }

    /// Logs in with a PIN that its owner lends; see ``Session/login(_:pin:allowFinalTry:)``.
    public func login(
        _ user: User = .user, pin: some PINSource, allowFinalTry: Bool = false
    ) throws(PKCS11Error) {
        try withSession { session throws(PKCS11Error) in
            try unsafe pin.withBytes { bytes in
                Result { () throws(PKCS11Error) in
                    try unsafe session.login(user, pin: bytes, allowFinalTry: allowFinalTry)
                }
            }.get()
        }
    }

    /// Logs in on the device itself; see ``Session/loginOnDevice(_:allowFinalTry:)``.
    public func loginOnDevice(_ user: User = .user, allowFinalTry: Bool = false)
        throws(PKCS11Error)
    {
        try withSession { session throws(PKCS11Error) in
            try session.loginOnDevice(user, allowFinalTry: allowFinalTry)
        }
    }

    /// Changes the user's PIN; see ``Session/changePIN(from:to:allowFinalTry:)``.
    public func changePIN(
        from old: some PINSource, to new: some PINSource, allowFinalTry: Bool = false
    ) throws(PKCS11Error) {
        try withSession { session throws(PKCS11Error) in
            try unsafe old.withBytes { old in
                unsafe new.withBytes { new in
                    Result { () throws(PKCS11Error) in
                        try unsafe session.changePIN(
                            from: old, to: new, allowFinalTry: allowFinalTry)
                    }
                }
            }.get()
        }
    }

    /// Logs out.
    public func logout() throws(PKCS11Error) {
        try withSession { session throws(PKCS11Error) in try session.logout() }
    }
}

/// Something that keeps a PIN in memory of its own (locked, best of all) and lends it for a call.
public protocol PINSource: Sendable {
    /// Lends the bytes for the length of the call; nothing may keep them.
    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R
}
