// Logging in (PKCS#11 v2.40 section 5.6.11). A token counts wrong PINs and locks for ever, so every
// login asks the token first, happens once, and says what became of the try.

import CPKCS11

extension Session {
    /// Logs in with a PIN.
    ///
    /// The PIN's flags are read afresh before. There is exactly one try: this never repeats one,
    /// and no caller should without a person who typed the PIN again. Login belongs to the token:
    /// all sessions that this process has with it are logged in.
    ///
    /// - Parameters:
    ///   - user: Who.
    ///   - pin: Borrowed for the length of the call; nothing is copied here (the module may). A
    ///     zero byte behind the last one, outside the count, helps modules that look for it.
    ///   - allowFinalTry: Whether to try even when one wrong PIN more locks the token.
    /// - Throws: ``PKCS11Error/login(_:)``.
    public func login(
        _ user: User = .user, pin: UnsafeRawBufferPointer, allowFinalTry: Bool = false
    ) throws(PKCS11Error) {
        try unsafe check(pin, of: user, allowFinalTry: allowFinalTry)
        try unsafe sendPIN(of: user.type, from: pin.baseAddress, count: pin.count, user)
    }

    /// Changes the user's PIN (C_SetPIN, PKCS#11 v2.40 section 5.5).
    ///
    /// The old one is tried, once, and counted like a login's; a login that is there stays. Both
    /// are borrowed for the length of the call.
    ///
    /// - Parameter new: As long as the token allows, see ``TokenInfo/pinLengthMin`` and
    ///   ``TokenInfo/pinLengthMax``.
    /// - Throws: ``PKCS11Error/login(_:)``; unless a try may have been used, the old PIN holds.
    public func changePIN(
        from old: UnsafeRawBufferPointer, to new: UnsafeRawBufferPointer,
        allowFinalTry: Bool = false
    ) throws(PKCS11Error) {
        try unsafe check(new, of: .user, allowFinalTry: allowFinalTry)
        try unsafe check(old, of: .user, allowFinalTry: allowFinalTry)
        do throws(PKCS11Error) {
            try unsafe module.call(.setPIN) {
                unsafe $0.pointee.C_SetPIN(
                    handle, Self.mutable(old), CK_ULONG(old.count), Self.mutable(new),
                    CK_ULONG(new.count))
            }
        } catch {
            throw .login(failure(of: .setPIN, from: error, of: .user))
        }
    }

    /// Logs in where the PIN, or a finger, is taken by the device itself.
    ///
    /// Blocks until the person has acted. For tokens with
    /// ``TokenInfo/hasProtectedAuthenticationPath``, and for those that take a fingerprint without
    /// saying so. The rest is as in ``login(_:pin:allowFinalTry:)``.
    public func loginOnDevice(_ user: User = .user, allowFinalTry: Bool = false)
        throws(PKCS11Error)
    {
        try checkTries(of: user, allowFinalTry: allowFinalTry)
        try unsafe sendPIN(of: user.type, from: nil, count: 0, user)
    }

    /// Logs out (C_Logout). Every handle found in any session with this token so far is stale.
    public func logout() throws(PKCS11Error) {
        module.loggedOut(ofSlot: slot.id)
        try unsafe module.call(.logout) { unsafe $0.pointee.C_Logout(handle) }
    }

    /// Refuses where nobody is logged in any more, freshly asked (C_GetSessionInfo).
    ///
    /// Somebody else in the process may log out, and a module may forget. A search without a login
    /// does not see private objects, which looks as if they were not there.
    public func requireLogin() throws(PKCS11Error) {
        guard try state().user != nil else { throw .failed(.getSessionInfo, .userNotLoggedIn) }
    }

    /// Authenticates the signature that was just begun, for keys with CKA_ALWAYS_AUTHENTICATE.
    /// The PIN was checked before the signature began: a refusal would leave that in the way.
    func loginForOperation(pin: UnsafeRawBufferPointer) throws(PKCS11Error) {
        let contextSpecific = CK_USER_TYPE(CKU_CONTEXT_SPECIFIC)
        try unsafe sendPIN(of: contextSpecific, from: pin.baseAddress, count: pin.count, .user)
    }

    /// Refuses what cannot be a PIN (a NULL one would mean the device's own keypad), and then a try
    /// that is not there or not allowed.
    func check(_ pin: UnsafeRawBufferPointer, of user: User, allowFinalTry: Bool)
        throws(PKCS11Error)
    {
        guard unsafe pin.baseAddress != nil, (1...255).contains(pin.count) else {
            throw .login(LoginFailure(reason: .impossiblePIN, fate: .notUsed, stateAfter: nil))
        }
        try checkTries(of: user, allowFinalTry: allowFinalTry)
    }

    /// Asks the token whether a try is left, and refuses where none is or only the final one.
    private func checkTries(of user: User, allowFinalTry: Bool) throws(PKCS11Error) {
        let info: TokenInfo
        do throws(PKCS11Error) {
            info = try slot.tokenInfo()
        } catch {
            throw .login(LoginFailure(reason: .call(error), fate: .notUsed, stateAfter: nil))
        }
        let state = info.pinState(of: user)
        let refusal: LoginFailure.Reason? =
            if state == .locked {
                .pinLocked
            } else if state == .finalTry, !allowFinalTry {
                .finalTry
            } else if user == .user, !info.isUserPINInitialized {
                .pinNotInitialized
            } else {
                nil
            }
        if let refusal {
            throw .login(LoginFailure(reason: refusal, fate: .notUsed, stateAfter: state))
        }
    }

    private func sendPIN(
        of type: CK_USER_TYPE, from base: UnsafeRawPointer?, count: Int, _ user: User
    ) throws(PKCS11Error) {
        do throws(PKCS11Error) {
            try unsafe module.call(.login) {
                let pin = unsafe UnsafeRawBufferPointer(start: base, count: count)
                return unsafe $0.pointee.C_Login(handle, type, Self.mutable(pin), CK_ULONG(count))
            }
        } catch {
            throw .login(failure(of: .login, from: error, of: user))
        }
    }

    /// The signatures lack a const; modules do not write here.
    private static func mutable(_ pin: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        unsafe pin.baseAddress.map {
            unsafe UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: UInt8.self)
        }
    }

    /// What a failed C_Login or C_SetPIN means. Only the codes whose meaning is beyond doubt say
    /// more than "possibly": modules translate a wrong PIN into nearly anything.
    private func failure(of function: Function, from error: PKCS11Error, of user: User)
        -> LoginFailure
    {
        let stateAfter = (try? slot.tokenInfo())?.pinState(of: user)
        let (reason, fate): (LoginFailure.Reason, LoginFailure.TryFate) =
            switch error.failedCall?.code {
            case .pinIncorrect?: (.wrongPIN, .used)
            case .userAlreadyLoggedIn?, .userAnotherAlreadyLoggedIn?, nil:
                (.call(error), .notUsed)
            // The new PIN is none that the token takes, or it takes none at all.
            case .pinInvalid? where function == .setPIN, .pinTooWeak? where function == .setPIN,
                .pinLengthRange? where function == .setPIN,
                .functionNotSupported? where function == .setPIN,
                .sessionReadOnly? where function == .setPIN,
                .tokenWriteProtected? where function == .setPIN:
                (.call(error), .notUsed)
            default: (.call(error), .possiblyUsed)
            }
        return LoginFailure(
            reason: reason, fate: fate, stateAfter: stateAfter, function: function)
    }
}
