// A ticket for the socket for secrets: asked for on the one socket, redeemed on the other.

import CeremonyRecord
import CeremonyTerminal
import CeremonyWire
import Sodium

/// A ticket, and what the daemon said with it.
struct SecretTicket {
    private let digits: String
    private let path: String
    private let listener: UInt32
    /// What the daemon has chosen for what is signed; empty where nothing is.
    let nonce: String

    /// Asks for one.
    init(_ log: TrustedLog, _ method: String, _ parameters: [String: JSON]) throws(ClientError) {
        let reply = try log.call(method, parameters)
        (digits, path, nonce) = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(reply))
            return (
                try fields.string("ticket"), try fields.string("path"),
                try fields.optionalString("nonce") ?? ""
            )
        }
        listener = log.connection.listener
    }

    /// Redeems it, and returns what the daemon answers.
    func redeem(_ secret: SecretBytes) throws(ClientError) -> [String: JSON] {
        do {
            return try UnlockClient.redeem(
                ticket: digits, secret: secret, path: path, listener: listener)
        } catch {
            throw ClientError(error)
        }
    }

    /// Redeems it for a secret.
    func fetch(sending message: SecretBytes) throws(ClientError) -> SecretBytes {
        do {
            return try UnlockClient.fetch(
                ticket: digits, sending: message, path: path, listener: listener)
        } catch {
            throw ClientError(error)
        }
    }

    /// A signature, as what follows a ticket is sent.
    static func message(_ signature: [UInt8]) throws(ClientError) -> SecretBytes {
        guard let message = try? SecretBytes(capacity: max(signature.count, 1)) else {
            throw .noLockedMemory
        }
        _ = unsafe message.fill { free in
            unsafe free.copyBytes(from: signature)
            return signature.count
        }
        message.seal()
        return message
    }
}

extension ClientError {
    /// Nothing secret is read where memory cannot be locked.
    static var noLockedMemory: ClientError {
        ClientError(
            .token, "memory-not-locked", "No memory could be locked for a secret.",
            meaning: "None was read.", next: "Raise RLIMIT_MEMLOCK (ulimit -l), and try again.")
    }
}
