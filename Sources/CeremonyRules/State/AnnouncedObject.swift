// What an execution announced before it touched a token: the one object that it was to make, by
// everything that tells it from others. All that recovery does, it does to this object alone.

public import CeremonyRecord

/// The object that an intent announced.
public struct AnnouncedObject: Hashable, Sendable {
    /// The token's manufacturer.
    public let manufacturer: String
    /// The token's model.
    public let model: String
    /// The token's serial.
    public let serial: String
    /// CKA_ID.
    public let keyID: [UInt8]
    /// CKA_LABEL.
    public let label: String
    /// The digest over what was on the token before.
    public let inventory: Digest

    /// Reads an intent; `nil` for one that makes no key.
    public init?(intent: JSON?) {
        guard let intent, let key = try? KeyIntent(intent) else { return nil }
        manufacturer = key.manufacturer
        model = key.model
        serial = key.tokenSerial
        keyID = key.keyID
        label = key.label
        inventory = key.inventory
    }

    /// Whether that token is the one: by manufacturer, model and serial. A token's own label may be
    /// changed, and is not asked.
    public func isOn(_ token: TokenReference) -> Bool {
        token.manufacturer.utf8.elementsEqual(manufacturer.utf8)
            && token.model.utf8.elementsEqual(model.utf8)
            && token.serial.utf8.elementsEqual(serial.utf8)
    }

    /// Whether an object with that CKA_ID and CKA_LABEL carries both of its names.
    public func isNamed(id: [UInt8], label: [UInt8]) -> Bool {
        id == keyID && label.elementsEqual(self.label.utf8)
    }

    /// What an order to recover says of it, so that the person who signs has typed it: the digest
    /// of the CKA_ID's bytes.
    public var keyEvidence: Evidence {
        Evidence(what: AnnouncedObject.keyEvidenceName, digest: Digest(of: keyID))
    }

    /// What the order says besides where the token is lost for good: the digest of its serial.
    public var lossEvidence: Evidence {
        Evidence(what: AnnouncedObject.lossEvidenceName, digest: Digest(of: Array(serial.utf8)))
    }

    static let keyEvidenceName = "key-id"
    static let lossEvidenceName = "token-lost"

    /// What may be on the token after an execution that did not report.
    var trace: String {
        "key-id \(Hex.encode(keyID)) label \(label) on token \(serial): not known whether it is "
            + "there"
    }
}
