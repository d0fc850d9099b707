// Taking a share of a new PIN while a ceremony is carried out: the daemon hands it to whoever has
// the member's key, it goes into their own token, is read back from there, and only then do they
// sign for it.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11
import Sodium

/// A share that waits for its holder.
struct ShareTaking {
    /// What the holder signs for.
    let receipt: ShareReceipt
    /// The holder's key.
    let key: SSHPublicKey
    let log: TrustedLog

    /// The share that a question is about; `nil` where it is about none.
    init?(_ asked: CheckedQuestion, _ log: TrustedLog) {
        guard let receipt = asked.question.share else { return nil }
        self.receipt = receipt
        key = asked.question.key
        self.log = log
    }

    /// What is told before.
    var sentence: String {
        let token = TokenReference(uri: receipt.token)?.label ?? receipt.token
        return "\(receipt.member) is given share \(receipt.number) of the new PIN of "
            + "\(Display.neutralised(token)), of which \(receipt.threshold) open it. It is kept in "
            + "this token, behind its PIN, and is read back before anything is signed."
    }

    /// Fetches it, keeps it and reads it back.
    ///
    /// - Returns: What kept it from being there: `share-differs`, `share-not-kept` (74), what the
    ///   daemon refuses. `nil` where it is there.
    func keep(
        in session: borrowing Session, on token: SeenToken, with key: TokenKey, pin: SecretBytes?,
        lastTry: Bool
    ) throws(PKCS11Error) -> ClientError? {
        let place = ShareObject(origin: receipt.log, ceremony: receipt.ceremony)
        // Asked a second time, a token may hold it already.
        if try session.share(place, receipt.share) != nil { return nil }
        let ticket: SecretTicket
        do throws(ClientError) {
            ticket = try SecretTicket(
                log, "TakeShare",
                [
                    "ceremony": .string(receipt.ceremony),
                    "key": .string("\(self.key.fingerprint)"),
                ])
        } catch {
            return error
        }
        let request = ShareRequest(
            log: receipt.log, mode: receipt.mode, ceremony: receipt.ceremony, key: self.key,
            nonce: ticket.nonce)
        let signature = try session.signature(
            over: SSHSIG.signedBytes(namespace: .shareRequest, message: request.bytes), by: key,
            pin: pin, lastTry: lastTry)
        let share: SecretBytes
        do throws(ClientError) { share = try fetch(ticket, signature) } catch { return error }
        guard try session.keep(share, at: place) else {
            return ClientError(
                .token, "share-not-kept",
                "The token \(token.name) does not give back the share that it was to keep.",
                meaning: "Nothing was signed for it.",
                next: "A guardian needs a token that keeps private data objects. Say no: "
                    + "ceremonyctl decline \(receipt.ceremony) --part.")
        }
        return nil
    }

    /// Has the share handed over, and holds it to what the signed log announces.
    private func fetch(_ ticket: SecretTicket, _ signature: [UInt8]) throws(ClientError)
        -> SecretBytes
    {
        let share = try ticket.fetch(sending: try SecretTicket.message(signature))
        guard Digest(ofShare: share) == receipt.share else {
            throw ClientError(
                .refused, "share-differs",
                "What the daemon handed over is not the share that the signed log announces.",
                meaning: "It was thrown away, and nothing was signed for it.",
                next: "Tell the other guardians, and say no: ceremonyctl decline "
                    + "\(receipt.ceremony) --part.", requirement: "VAL-2")
        }
        return share
    }
}
