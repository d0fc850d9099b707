// What a kind that makes a key announces before it does anything: field `intent` of
// `ceremony.executing`. Recovery looks for exactly this on the token. FORMATS section 2.

/// The announcement of a key that is about to be made in a token.
public struct KeyIntent: Sendable, Hashable {
    /// The token's manufacturer.
    public var manufacturer: String
    /// Its model.
    public var model: String
    /// Its serial.
    public var tokenSerial: String
    /// The `CKA_ID` that the key will have, chosen beforehand.
    public var keyID: [UInt8]
    /// The `CKA_LABEL` that it will have.
    public var label: String
    /// Over everything that was on the token before.
    public var inventory: Digest
    /// An object with what the kind announces besides the key (field `also`).
    public var also: JSON?

    /// An announcement of its parts.
    public init(
        manufacturer: String, model: String, tokenSerial: String, keyID: [UInt8], label: String,
        inventory: Digest, also: JSON? = nil
    ) {
        self.manufacturer = manufacturer
        self.model = model
        self.tokenSerial = tokenSerial
        self.keyID = keyID
        self.label = label
        self.inventory = inventory
        self.also = also
    }

    /// Reads an intent.
    ///
    /// - Throws: ``JSONError`` for anything that ``json`` does not write.
    public init(_ intent: JSON) throws(JSONError) {
        self = try ValueForm.nested(Self.schema).read(intent, "intent")
    }

    /// What it says of the key alone.
    public var names: KeyIntent {
        var names = self
        names.also = nil
        return names
    }

    /// As it stands in the event.
    public var json: JSON { .object(Self.schema.fields(of: self)) }

    private static let schema = BodySchema(
        KeyIntent.init(manufacturer:model:tokenSerial:keyID:label:inventory:also:),
        .required("manufacturer", \.manufacturer, .string(.recordable)),
        .required("model", \.model, .string(.recordable)),
        .required("token_serial", \.tokenSerial, .string(.recordable)),
        .required("key_id", \.keyID, .hex),
        .required("label", \.label, .string(.recordable)),
        .required("inventory", \.inventory, .hexDigest),
        .optional("also", \.also, .object))
}
