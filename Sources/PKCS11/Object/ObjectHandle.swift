// A handle to an object (CK_OBJECT_HANDLE) that knows when it stopped meaning anything. Modules
// answer a handle that is destroyed, hidden by a logout, or of a vanished token with one and the
// same code, and may give the number to another object; so stale handles do not get that far.

/// An object in a session, valid in that session and until the next logout from its slot.
public struct ObjectHandle: Hashable, Sendable {
    /// The module's number.
    let rawValue: UInt
    /// The session that found or made the object.
    let session: UInt64
    /// How many logouts the slot had seen then.
    let logouts: UInt64
}
