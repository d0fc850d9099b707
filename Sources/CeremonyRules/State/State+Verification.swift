// The only ways from bytes and a signature to a person's word. Nothing else in the rules looks at a
// signature, and nothing believes a document that did not come through here.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// A document of its type, and the member whose key signed it for that purpose.
    ///
    /// - Throws: ``Refusal`` (`malformed`, `not-on-roster`, `wrong-namespace`, `bad-signature`).
    func verified<D: Document>(
        _ signed: SignedDocument, as type: D.Type, for namespace: SignatureNamespace
    ) throws(Refusal) -> (document: D, member: Member) {
        let document = try read(signed, as: type)
        return (
            document, try signer(of: signed.bytes, by: signed.key, signed.sshsig, for: namespace)
        )
    }

    /// A document of its type, of which nothing is checked yet.
    ///
    /// - Throws: ``Refusal`` (`malformed`).
    func read<D: Document>(_ signed: SignedDocument, as type: D.Type) throws(Refusal) -> D {
        do { return try D(lines: signed.lines) } catch {
            throw Refusal(
                .malformed, "This is not a document of its kind: \(error).",
                next: "Draft it again with ceremonyctl.")
        }
    }

    /// The member whose key made the signature over the bytes for that purpose.
    ///
    /// - Throws: ``Refusal`` (`not-on-roster`, `wrong-namespace`, `bad-signature`).
    func signer(
        of bytes: [UInt8], by fingerprint: Fingerprint, _ sshsig: [UInt8],
        for namespace: SignatureNamespace
    ) throws(Refusal) -> Member {
        guard let (member, key) = roster.member(holding: fingerprint) else {
            throw Refusal(
                .notOnRoster, "The key \(fingerprint) belongs to nobody on the roster.",
                next: "The roster is shown by: ceremonyctl roster.", requirement: "CT-12")
        }
        try check(sshsig, over: bytes, by: key, of: member.name, for: namespace)
        return member
    }

    /// Refuses a signature that the key has not made over the bytes for that purpose.
    ///
    /// - Throws: ``Refusal`` (`wrong-namespace`, `bad-signature`).
    func check(
        _ sshsig: [UInt8], over bytes: [UInt8], by key: SSHPublicKey, of name: String,
        for namespace: SignatureNamespace
    ) throws(Refusal) {
        do {
            try SSHSIG(blob: sshsig).verify(message: bytes, namespace: namespace, by: key)
        } catch .otherNamespace(let other) {
            throw Refusal(
                .wrongNamespace,
                "The signature was made for \(other), and this needs \(namespace.rawValue).",
                next: "Sign again, with: ssh-keygen -Y sign -n \(namespace.rawValue).",
                requirement: "NFR18")
        } catch {
            throw Refusal(
                .badSignature, "The signature by \(name) does not verify: \(error).",
                next: "Sign exactly the bytes that --document shows.",
                requirement: "NFR18")
        }
    }

    /// Refuses a document of another log or mode.
    ///
    /// - Throws: ``Refusal`` (`wrong-document`).
    func checkLog(_ origin: String, _ mode: LogMode) throws(Refusal) {
        guard origin == log.origin, mode == log.mode else {
            throw Refusal(
                .wrongDocument,
                "The document is for \(origin) (\(mode.rawValue)), "
                    + "and this is \(log.origin) (\(log.mode.rawValue)).",
                next: "Hand it in at its own log, or draft it again from this one.")
        }
    }

    /// The ceremony of that name.
    ///
    /// - Throws: ``Refusal`` (`unknown-ceremony`).
    func ceremony(_ id: String) throws(Refusal) -> Ceremony {
        guard let ceremony = ceremonies[id] else {
            throw Refusal(
                .unknownCeremony, "There is no ceremony \(id) in this log.",
                next: "Those there are: ceremonyctl list.")
        }
        return ceremony
    }

    /// An act and its actor, checked in everything that does not depend on what is done.
    ///
    /// - Throws: ``Refusal``: form, signature, log, prefix, age, nonce, role.
    mutating func verifiedAct(
        _ signed: SignedDocument, _ name: ActName, at time: Timestamp
    ) throws(Refusal) -> (act: Act, actor: String, ceremony: Ceremony?) {
        let act = try read(signed, as: Act.self)
        let (actor, member) = try actor(of: act, signed)
        try checkLog(act.log, act.mode)
        guard act.act == name, act.actor.name == actor, act.actor.fingerprint == signed.key
        else {
            throw Refusal(
                .wrongDocument, "The document is not \(actor)'s order to \(name.rawValue).",
                next: "Draft it again with: ceremonyctl \(name.rawValue).")
        }
        try checkPrefix(size: act.treeSize, root: act.treeRoot)
        let ceremony = try act.ceremony.map { id throws(Refusal) in
            // What peers are to confirm outlives its log, and so do keys in people's tokens.
            if [.confirm, .tidy].contains(act.act), let earlier = inherited[id] { return earlier }
            return try self.ceremony(id)
        }
        try checkAge(of: act, at: time)
        if let member { try checkPermission(act, by: member, on: ceremony) }
        try use(act.nonce, by: actor)
        return (act, actor, ceremony)
    }

    /// Who signed an act; besides the name, the member, but for a participant's no.
    private func actor(of act: Act, _ signed: SignedDocument) throws(Refusal) -> (String, Member?) {
        if let peer = peer(act, by: signed.key) {
            _ = try signer(peer, of: signed, for: .act)
            return (peer.name, nil)
        }
        if isParticipants(act, by: signed.key), let ceremony = act.ceremony.flatMap(committed) {
            return (try participant(of: ceremony, by: signed, for: .act).name, nil)
        }
        let member = try signer(of: signed.bytes, by: signed.key, signed.sshsig, for: .act)
        return (member.name, member)
    }

    /// A nonce is its person's once, for ever.
    ///
    /// - Throws: ``Refusal`` (`nonce-used`).
    mutating func use(_ nonce: String, by name: String) throws(Refusal) {
        guard nonces.insert("\(name) \(nonce)").inserted else {
            throw Refusal(
                .nonceUsed, "\(name) has used the nonce \(nonce) before.",
                next: "Draft the document again.")
        }
    }

    /// Acts on a statement hold until its ceremony expires, on a record while its key is
    /// registered; every other act for an hour. One that only says no holds however far ahead of
    /// this log's clock it is dated: that clock may be the wrong one.
    private func checkAge(of act: Act, at time: Timestamp) throws(Refusal) {
        let age = time - act.at
        let bounded = [.execute, .cancel, .decline].contains(act.act)
        let saysNo = [.halt, .cancel, .decline].contains(act.act)
        guard saysNo || age >= -Limits.clockLead, bounded || age <= Limits.actAge else {
            throw Refusal(
                .stale, "The act is dated \(act.at), and it is \(time) now.",
                next: "Draft it again and sign it now.")
        }
    }

    /// Remembers where a document was taken, so that an exact repeat gets the same answer.
    mutating func remember(
        _ document: Digest, by key: Fingerprint, for namespace: SignatureNamespace,
        at moment: KeyEntry.Moment, ceremony: String?
    ) {
        receipts[State.receiptKey(document, key, namespace)] = Receipt(
            seq: moment.seq, ceremony: ceremony)
    }

    /// Where exactly this was taken before: the same bytes by the same key for the same purpose.
    func receipt(
        _ document: Digest, by key: Fingerprint, for namespace: SignatureNamespace
    ) -> Receipt? {
        receipts[State.receiptKey(document, key, namespace)]
    }

    private static func receiptKey(
        _ document: Digest, _ key: Fingerprint, _ namespace: SignatureNamespace
    ) -> Digest {
        Digest(of: document.bytes + key.bytes + Array(namespace.rawValue.utf8))
    }
}
