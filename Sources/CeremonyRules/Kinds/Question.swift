// What an execution asks of a person: signatures by a key that the daemon does not hold. The
// person's client makes the bytes itself, from the statement, the intent and the key that came out,
// shows what they say, and signs those; it takes no bytes from the daemon (DESIGN 2.3).

public import CeremonyRecord

/// A person is asked to sign during an execution.
public struct Question: Hashable, Sendable {
    /// One thing to be signed.
    public struct Message: Hashable, Sendable {
        /// What it is, for people.
        public let title: String
        /// The bytes that Ed25519 signs, as they are.
        public let bytes: [UInt8]

        /// A thing to be signed.
        public init(title: String, bytes: [UInt8]) {
            self.title = title
            self.bytes = bytes
        }
    }

    /// Who is asked.
    public let person: String
    /// The key that is to sign.
    public let key: SSHPublicKey
    /// The key that came out, as its record will say it.
    public let record: KeyRecord
    /// The new key's SSHSIG over the record, so that nobody signs for a key that nobody has.
    public let possession: [UInt8]
    /// What is to be signed, in order.
    public let messages: [Message]

    /// A question of its parts.
    public init(
        person: String, key: SSHPublicKey, record: KeyRecord, possession: [UInt8],
        messages: [Message]
    ) {
        self.person = person
        self.key = key
        self.record = record
        self.possession = possession
        self.messages = messages
    }

    /// Whether so many signatures are the answer.
    public func isAnswered(by signatures: [[UInt8]]) -> Bool {
        signatures.count == messages.count
            && zip(messages, signatures).allSatisfy { message, signature in
                key.verifies(signature, of: message.bytes)
            }
    }
}
