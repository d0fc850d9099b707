// Objects on a token as the engine speaks of them: class, id, label, and the public key of those
// that show one.

import CeremonyRules
import PKCS11

extension Session {
    /// What is on the token, with the handles.
    func described(_ which: ObjectSearch) throws(PKCS11Error)
        -> [(handle: ObjectHandle, object: TokenObject)]
    {
        var handles: Set<ObjectHandle> = []
        switch which {
        case .all: handles = Set(try find([.flag(.token, true)]))
        case .named(let id, let label):
            // An empty name is no name; a module may take it for a match with everything.
            for (type, value) in [(AttributeType.id, id), (.label, label)] where !value.isEmpty {
                handles.formUnion(try find([.flag(.token, true), .bytes(type, value)]))
            }
        }
        var found: [(handle: ObjectHandle, object: TokenObject)] = []
        for handle in handles {
            let read = try attributes([.class, .id, .label], of: handle)
            let objectClass = read.objectClass.value
            let isKey = objectClass == .publicKey || objectClass == .privateKey
            // Some tokens show the point on both halves; a key of another sort has none.
            let point = isKey ? try? ed25519PublicKey(of: handle) : nil
            found.append(
                (
                    handle,
                    TokenObject(
                        objectClass: objectClass.map { "\($0)" } ?? "unknown",
                        id: read.id.value ?? [], label: read.label.value ?? [], point: point)
                ))
        }
        return found
    }
}

extension TokenObject {
    /// One line, for order.
    var line: String {
        [[UInt8](objectClass.utf8), id, label, point ?? []].map { "\($0.count) \($0)" }
            .joined(separator: " ")
    }
}
