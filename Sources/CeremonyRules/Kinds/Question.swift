// What an execution asks of a person: signatures by a key that the daemon does not hold. The
// person's client makes the bytes itself, from what the signed log says and the key that came out,
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
        /// The lines of one of our documents, where ``bytes`` are what an SSHSIG over it signs.
        public let lines: [String]?

        /// Bytes of another system, to be signed without a purpose of ours in front.
        public init(title: String, bytes: [UInt8]) {
            self.title = title
            self.bytes = bytes
            lines = nil
        }

        /// A document of ours, to be signed for a purpose.
        public init(title: String, _ document: some Document, for namespace: SignatureNamespace) {
            self.title = title
            bytes = SSHSIG.signedBytes(namespace: namespace, message: document.bytes)
            lines = document.lines
        }
    }

    /// The key that came out of the ceremony, for which somebody is asked to sign.
    public struct Made: Hashable, Sendable {
        /// The key, as its record will say it.
        public let record: KeyRecord
        /// The new key's SSHSIG over the record, so that nobody signs for a key that nobody has.
        public let possession: [UInt8]

        /// A key that came out.
        public init(record: KeyRecord, possession: [UInt8]) {
            self.record = record
            self.possession = possession
        }
    }

    /// Who is asked.
    public let person: String
    /// The key that is to sign.
    public let key: SSHPublicKey
    /// The key that came out, where it is signed for one.
    public let made: Made?
    /// The share that they put into their token before, where they are given one: what they sign
    /// for.
    public let share: ShareReceipt?
    /// What is to be signed, in order.
    public let messages: [Message]

    /// A question of its parts.
    public init(
        person: String, key: SSHPublicKey, made: Made?, share: ShareReceipt? = nil,
        messages: [Message]
    ) {
        self.person = person
        self.key = key
        self.made = made
        self.share = share
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
