// A share of a guarded token's PIN as it lies in a guardian's own token: a private data object. Its
// bytes go between the token and locked memory and nowhere else.

import CeremonyRecord
import PKCS11
import Sodium

/// Where shares of a log's splits lie in a token.
struct ShareObject: Hashable {
    /// CKA_APPLICATION of every share.
    static let application = "ceremonyd share"
    /// Bytes of a share: its number, and as many as what was split.
    static let size = 65

    /// The log.
    let origin: String
    /// The ceremony in which the PIN was split.
    let ceremony: String

    /// CKA_LABEL: the log and the ceremony.
    var label: String { "\(origin) \(ceremony)" }
}

extension ShareObject {
    /// Reads a label; `nil` for one that is none of ours.
    init?(label: [UInt8]) {
        let parts = label.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(
            origin: String(decoding: parts[0], as: UTF8.self),
            ceremony: String(decoding: parts[1], as: UTF8.self))
    }
}

extension Session {
    /// The share under these names that is meant; `nil` where there is none. What else lies there
    /// is passed over.
    func share(_ place: ShareObject, where isMeant: (SecretBytes) -> Bool)
        throws(PKCS11Error) -> SecretBytes?
    {
        for object in try shares(place) {
            if let share = try? read(object), share.count == ShareObject.size, isMeant(share) {
                return share
            }
        }
        return nil
    }

    /// The share of that digest.
    func share(_ place: ShareObject, _ digest: Digest) throws(PKCS11Error) -> SecretBytes? {
        try share(place) { Digest(ofShare: $0) == digest }
    }

    /// Keeps a share, unless it is there already, and reads it back.
    ///
    /// - Returns: Whether the token gives back what it was given, to nobody but its user.
    func keep(_ share: SecretBytes, at place: ShareObject) throws(PKCS11Error) -> Bool {
        let digest = Digest(ofShare: share)
        if try self.share(place, digest) != nil { return true }
        _ = try unsafe share.withBytes { bytes in
            Result { () throws(PKCS11Error) in
                try unsafe createSecretDataObject(
                    label: place.label, application: ShareObject.application, secret: bytes)
            }
        }.get()
        return try self.share(place, digest) != nil
    }

    /// Destroys every share under these names.
    func dropShares(at place: ShareObject) throws(PKCS11Error) {
        for object in try shares(place) { try destroy(object) }
    }

    /// Under which names shares lie in the token.
    func sharePlaces() throws(PKCS11Error) -> Set<ShareObject> {
        let objects = try find([
            .objectClass(.data), .text(.application, ShareObject.application),
        ])
        var places: Set<ShareObject> = []
        for object in objects {
            let label = try attributes([.label], of: object)[.label].value ?? []
            if let place = ShareObject(label: label) { places.insert(place) }
        }
        return places
    }

    /// The private objects under these names. One that everybody could read is no share.
    private func shares(_ place: ShareObject) throws(PKCS11Error) -> [ObjectHandle] {
        try find([
            .objectClass(.data), .flag(.private, true), .text(.label, place.label),
            .text(.application, ShareObject.application),
        ])
    }

    private func read(_ object: ObjectHandle) throws(PKCS11Error) -> SecretBytes {
        guard let share = try? SecretBytes(capacity: ShareObject.size) else {
            throw .malformed(.getAttributeValue, "no memory could be locked for it")
        }
        var result: Result<Int, PKCS11Error> = .success(0)
        _ = unsafe share.fill { free in
            do throws(PKCS11Error) {
                result = .success(try unsafe readSecretDataObject(object, into: free))
            } catch {
                result = .failure(error)
            }
            return (try? result.get()) ?? 0
        }
        _ = try result.get()
        share.seal()
        return share
    }
}

extension SecretBytes {
    /// The number that a share begins with.
    var shareNumber: Int { unsafe withBytes { unsafe $0.isEmpty ? 0 : Int($0[0]) } }
}
