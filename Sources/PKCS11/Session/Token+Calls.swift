// The session's calls, one by one, for callers who need no more than one at a time. What each does
// and throws stands at the method of the same name in ``Session``.

extension Token {
    /// What the session may do now; see ``Session/state()``.
    public func state() throws(PKCS11Error) -> SessionState {
        try withSession { session throws(PKCS11Error) in try session.state() }
    }

    /// Generates an Ed25519 key pair; see ``Session/generateEd25519KeyPair(id:label:)``.
    public func generateEd25519KeyPair(id: [UInt8], label: String) throws(PKCS11Error) -> KeyPair {
        try withSession { session throws(PKCS11Error) in
            try session.generateEd25519KeyPair(id: id, label: label)
        }
    }

    /// The 32 bytes of a public key; see ``Session/ed25519PublicKey(of:)``.
    public func ed25519PublicKey(of object: ObjectHandle) throws(PKCS11Error) -> [UInt8] {
        try withSession { session throws(PKCS11Error) in
            try session.ed25519PublicKey(of: object)
        }
    }

    /// Signs a message: 64 bytes; see ``Session/sign(_:with:)``.
    public func sign(_ message: [UInt8], with key: ObjectHandle) throws(PKCS11Error) -> [UInt8] {
        try withSession { session throws(PKCS11Error) in try session.sign(message, with: key) }
    }

    /// Signs with a key that wants its PIN each time; see
    /// ``Session/sign(_:with:pin:allowFinalTry:)``.
    public func sign(
        _ message: [UInt8], with key: ObjectHandle, pin: some PINSource, allowFinalTry: Bool = false
    ) throws(PKCS11Error) -> [UInt8] {
        try withSession { session throws(PKCS11Error) in
            try unsafe pin.withBytes { bytes in
                Result { () throws(PKCS11Error) in
                    try unsafe session.sign(
                        message, with: key, pin: bytes, allowFinalTry: allowFinalTry)
                }
            }.get()
        }
    }

    /// Attributes of an object; see ``Session/attributes(_:of:)``.
    public func attributes(_ types: [AttributeType], of object: ObjectHandle)
        throws(PKCS11Error) -> Attributes
    {
        try withSession { session throws(PKCS11Error) in
            try session.attributes(types, of: object)
        }
    }

    /// The objects that match; see ``Session/find(_:limit:)``.
    public func find(_ template: [Attribute], limit: Int = 1024) throws(PKCS11Error)
        -> [ObjectHandle]
    {
        try withSession { session throws(PKCS11Error) in
            try session.find(template, limit: limit)
        }
    }

    /// Destroys an object; see ``Session/destroy(_:)``.
    public func destroy(_ object: ObjectHandle) throws(PKCS11Error) {
        try withSession { session throws(PKCS11Error) in try session.destroy(object) }
    }

    /// Random bytes; see ``Session/random(_:)``.
    public func random(_ count: Int) throws(PKCS11Error) -> [UInt8] {
        try withSession { session throws(PKCS11Error) in try session.random(count) }
    }
}
