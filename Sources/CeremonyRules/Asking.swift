// Asking without deciding: what whoever works on tokens has to know before touching one. The
// answers are those of the fold; nothing is appended, and the decision asks it all again.

public import CeremonyRecord

extension State {
    /// Where exactly this document stands in the log, if it was taken before.
    ///
    /// Whoever works on tokens asks this first: a repeated order is answered, not carried out
    /// again.
    ///
    /// - Returns: `nil` where it was not taken, or cannot be read; then it is to be decided.
    /// - Throws: ``Refusal`` (`bad-signature`) where the document was taken, but this
    ///   signature over it does not hold.
    public func receipt(document: [UInt8], sshsig: [UInt8]) throws(Refusal) -> Receipt? {
        guard let any = try? AnyDocument(bytes: document),
            let signature = try? SSHSIG(blob: sshsig),
            let namespace = SignatureNamespace(rawValue: signature.namespace)
        else { return nil }
        let signed = SignedDocument(
            lines: any.document.lines, key: signature.key.fingerprint, sshsig: sshsig)
        guard let receipt = receipt(signed.digest, by: signed.key, for: namespace) else {
            return nil
        }
        try checkRepeat(signed, signature, namespace)
        return receipt
    }

    /// Refuses an order to execute for everything but its intent, before any token is touched.
    ///
    /// - Parameter clock: What is known of the clock besides what the log shows of it.
    /// - Returns: The ceremony, as it stands.
    /// - Throws: ``Refusal``.
    public func preflight(
        document: [UInt8], sshsig: [UInt8], now: Timestamp, clock: ClockStanding = .right
    ) throws(Refusal) -> Ceremony {
        let (signed, id) = try order(document, sshsig, now: now, clock: clock)
        var scratch = self
        _ = try scratch.checkExecute(signed, ceremony: id, at: max(now, head.time))
        return try ceremony(id)
    }

    /// A person's order about a ceremony, read before anything is done for it: halt and clock come
    /// first, everywhere.
    func order(
        _ document: [UInt8], _ sshsig: [UInt8], now: Timestamp, clock: ClockStanding
    ) throws(Refusal) -> (signed: SignedDocument, ceremony: String) {
        guard !isHalted else { throw haltedRefusal }
        if let doubt = refusal(of: clock, at: now) { throw doubt }
        guard let any = try? AnyDocument(bytes: document), case .act(let act) = any,
            let id = act.ceremony
        else { throw State.unreadable(document) }
        let signature: SSHSIG
        do { signature = try SSHSIG(blob: sshsig) } catch {
            throw Refusal(
                .badSignature, "The signature cannot be read: \(error).",
                next: "Sign it again: ceremonyctl sign FILE.",
                requirement: "NFR18")
        }
        let signed = SignedDocument(
            lines: any.document.lines, key: signature.key.fingerprint, sshsig: sshsig)
        return (signed, id)
    }
}
