// What an execution announced before it touched a token is one object, told from all others by the
// names in its intent. All that recovery does, it does to this object alone.

public import CeremonyRecord

extension KeyIntent {
    /// Whether that token is the one: by manufacturer, model and serial. A token's own label may be
    /// changed, and is not asked.
    public func isOn(_ token: TokenReference) -> Bool {
        token.manufacturer.utf8.elementsEqual(manufacturer.utf8)
            && token.model.utf8.elementsEqual(model.utf8)
            && token.serial.utf8.elementsEqual(tokenSerial.utf8)
    }

    /// Whether an object with that CKA_ID and CKA_LABEL carries both of its names.
    public func isNamed(id: [UInt8], label: [UInt8]) -> Bool {
        id == keyID && label.elementsEqual(self.label.utf8)
    }

    /// What an order to recover says of it, so that the person who signs has typed it: the digest
    /// of the CKA_ID's bytes.
    public var keyEvidence: Evidence {
        Evidence(what: KeyIntent.keyEvidenceName, digest: Digest(of: keyID))
    }

    /// What the order says besides where the token is lost for good: the digest of its serial.
    public var lossEvidence: Evidence {
        Evidence(what: KeyIntent.lossEvidenceName, digest: Digest(of: Array(tokenSerial.utf8)))
    }

    static let keyEvidenceName = "key-id"
    static let lossEvidenceName = "token-lost"

    /// What may be on the token after an execution that did not report.
    var trace: String {
        "key-id \(Hex.encode(keyID)) label \(label) on token \(tokenSerial): not known whether it "
            + "is there"
    }
}
