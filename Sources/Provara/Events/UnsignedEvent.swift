// An event that is ready to be signed. Its id and its bytes follow from what it says, so whoever
// signs can rebuild them from the same facts and compare.

import Sodium

/// An event without its signature.
public struct UnsignedEvent: Sendable {
    /// What an event says besides its payload.
    public struct Envelope: Sendable {
        /// The type, such as ``EventType/revocation``.
        public var type: String
        /// The namespace, such as ``EventNamespace/canonical``.
        public var namespace: String
        /// Who speaks. Chains and logical times are kept for each actor.
        public var actor: String
        /// The key that will sign.
        public var signer: KeyID
        /// The actor's logical time: one more than the highest before, from 1.
        public var logicalTime: Int
        /// The actor's event before this one; `nil` for the actor's first.
        public var previous: EventID?
        /// When.
        public var time: VaultTime

        /// An envelope by its parts.
        public init(
            type: String, namespace: String, actor: String, signer: KeyID, logicalTime: Int,
            previous: EventID?, time: VaultTime
        ) {
            self.type = type
            self.namespace = namespace
            self.actor = actor
            self.signer = signer
            self.logicalTime = logicalTime
            self.previous = previous
            self.time = time
        }
    }

    /// The signature is not that of the key over these bytes.
    public struct SignatureMismatch: Error, Hashable, Sendable, CustomStringConvertible {
        /// The key that should have signed.
        public let signer: KeyID
        /// The sentence for a person.
        public var description: String {
            "The signature is not one that \(signer) made over these bytes. Nothing was written; have "
                + "the right key sign the bytes that were shown."
        }
    }

    /// Everything but the payload.
    public let envelope: Envelope
    /// The id, in the form of the profile: it covers everything but itself and the signature.
    public let id: EventID
    /// The bytes that Ed25519 signs, as they are and not their digest.
    public let bytesToSign: [UInt8]
    private let object: PythonObject

    /// An event that says this.
    public init(_ envelope: Envelope, payload: PythonObject) {
        var object: PythonObject = [
            "type": .string(envelope.type),
            "namespace": .string(envelope.namespace),
            "actor": .string(envelope.actor),
            "actor_key_id": .string(envelope.signer.description),
            "ts_logical": .integer(envelope.logicalTime),
            "prev_event_hash": .optional(envelope.previous?.description),
            "timestamp_utc": .string(envelope.time.description),
            "payload": .object(payload),
        ]
        id = EventID(content: PythonJSON.object(object).canonicalBytes)
        object["event_id"] = .string(id.description)
        bytesToSign = PythonJSON.object(object).canonicalBytes
        self.envelope = envelope
        self.object = object
    }

    /// The event's line in a log, with its line feed.
    ///
    /// - Parameter signature: the 64 bytes that the key made over ``bytesToSign``.
    /// - Throws: ``SignatureMismatch``, also when the key is not the one that the event names.
    public func line(signature: [UInt8], by key: VaultPublicKey) throws(SignatureMismatch)
        -> [UInt8]
    {
        guard key.id == envelope.signer,
            Ed25519.isValid(signature: signature, of: bytesToSign, by: key.bytes)
        else { throw SignatureMismatch(signer: envelope.signer) }
        var signed = object
        signed["sig"] = .string(Base64.encode(signature))
        return PythonJSON.object(signed).canonicalBytes + [UInt8(ascii: "\n")]
    }
}
