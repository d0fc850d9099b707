// Ed25519 on a token: public keys read back, messages signed (CKM_EDDSA, PKCS#11 v3.0 Current
// Mechanisms section 2.3.5).

import CPKCS11

extension Session {
    /// The 32 bytes of the public key that an object holds.
    ///
    /// Some tokens show them only on the public half, some on both. The object must say that it is
    /// an Edwards key and on which curve: X25519 keys have points of the same length, and some
    /// modules call them Edwards keys too. Whether the bytes are a sound point is the caller's
    /// check, and whether the private half belongs to them shows only in a signature.
    ///
    /// - Throws: ``PKCS11Error/notEd25519(_:)``.
    public func ed25519PublicKey(of object: ObjectHandle) throws(PKCS11Error) -> [UInt8] {
        let attributes = try attributes([.keyType, .ecParams, .ecPoint], of: object)
        guard attributes.keyType == .value(.ecEdwards) else {
            throw .notEd25519("its key type is \(attributes.keyType.map(\.rawValue))")
        }
        guard case .value(let parameters) = attributes.ecParams,
            Ed25519Encoding.isEd25519(parameters: parameters)
        else { throw .notEd25519("its curve parameters are \(attributes.ecParams)") }
        guard case .value(let point) = attributes.ecPoint,
            let key = Ed25519Encoding.publicKey(fromPoint: point)
        else { throw .notEd25519("its point is \(attributes.ecPoint)") }
        return key
    }

    /// Signs a message with an Ed25519 private key: 64 bytes (RFC 8032 section 5.1.6).
    ///
    /// The message goes to the token whole; some take no more than 2 to 4 KiB. The mechanism's
    /// parameter is always absent, which means plain Ed25519 to every module known. The result is
    /// unproven until it was verified off the token.
    public func sign(_ message: [UInt8], with key: ObjectHandle) throws(PKCS11Error) -> [UInt8] {
        try beginSignature(with: key)
        return try finishSignature(of: message)
    }

    /// Signs with a key that wants its PIN for every signature (CKA_ALWAYS_AUTHENTICATE).
    ///
    /// The PIN is treated as in ``login(_:pin:allowFinalTry:)``. Where the token refused it, the
    /// begun signature may stay in the session's way, for PKCS#11 before 3.0 has no call to give
    /// one up: close the session and open another.
    public func sign(
        _ message: [UInt8], with key: ObjectHandle, pin: UnsafeRawBufferPointer,
        allowFinalTry: Bool = false
    ) throws(PKCS11Error) -> [UInt8] {
        try unsafe check(pin, of: .user, allowFinalTry: allowFinalTry)
        try beginSignature(with: key)
        try unsafe loginForOperation(pin: pin)
        return try finishSignature(of: message)
    }

    private func beginSignature(with key: ObjectHandle) throws(PKCS11Error) {
        let number = try resolve(key)
        try unsafe module.call(.signInit) {
            var mechanism = unsafe CK_MECHANISM(
                mechanism: Mechanism.eddsa.rawValue, pParameter: nil, ulParameterLen: 0)
            return unsafe $0.pointee.C_SignInit(handle, &mechanism, number)
        }
    }

    private func finishSignature(of message: [UInt8]) throws(PKCS11Error) -> [UInt8] {
        // Room for an Ed448 signature, so that a key of the wrong curve ends its operation too.
        var signature = [UInt8](repeating: 0, count: 128)
        var length = CK_ULONG(signature.count)
        // An empty array may have no address, and modules take that for a missing argument.
        var data = message.isEmpty ? [0] : message
        try unsafe module.call(.sign) { functions in
            unsafe functions.pointee.C_Sign(
                handle, &data, CK_ULONG(message.count), &signature, &length)
        }
        guard length == 64 else { throw .malformed(.sign, "a signature of \(length) bytes") }
        return Array(signature.prefix(64))
    }
}
