// Shares go out while a ceremony is carried out, to whoever has the key that they belong to; and
// their holders show, whenever that is asked of them, that they have them, without giving them
// away.

public import CeremonyRecord
import CeremonyRules
public import Sodium

extension Engine {
    /// The share of a new PIN that belongs to a key, for whoever shows that they have that key,
    /// while the ceremony asks them to sign for it.
    ///
    /// - Parameters:
    ///   - nonce: What the request is about, used once.
    ///   - signature: 64 bytes by the key over the ``ShareRequest`` with that nonce.
    /// - Throws: ``EngineError`` (`halted`, `not-yet`, `bad-signature`).
    public func share(
        for key: Fingerprint, of ceremony: String, nonce: String, signature: [UInt8]
    ) throws(EngineError) -> SecretBytes {
        guard !snapshot.isHalted else { throw EngineError(.haltedByFile) }
        let asked = executor.questions.questions(of: ceremony).first { $0.key.fingerprint == key }
        guard let asked, let receipt = asked.share,
            let share = executor.custody.share(receipt.number, of: ceremony)
        else {
            throw EngineError(
                Refusal(
                    .notYet, "No share of \(ceremony) waits for the key \(key) now.",
                    next: "How it stands: ceremonyctl show \(ceremony)."))
        }
        let request = ShareRequest(
            log: receipt.log, mode: receipt.mode, ceremony: ceremony, key: asked.key, nonce: nonce)
        try Engine.check(signature, over: request, for: .shareRequest, by: asked.key, ceremony)
        return share
    }

    /// Takes it for shown that somebody has their share: the key that they have in the authority
    /// has signed for it now. The share itself stays where it is. Written down at most once an hour
    /// for each of them, at once or when the log is opened.
    ///
    /// - Parameters:
    ///   - name: The token's name in the configuration.
    ///   - ceremony: The one in which the PIN was split.
    ///   - nonce: What the proof is about, used once.
    ///   - signature: 64 bytes by the key over the ``ShareProof`` with that nonce.
    /// - Returns: Whose share it is.
    /// - Throws: ``EngineError`` (`not-guarded`, `bad-share`, `bad-signature`, `unseal-file`).
    public func prove(
        by key: Fingerprint, of ceremony: String, guarding name: String, nonce: String,
        signature: [UInt8]
    ) async throws(EngineError) -> String {
        let known = try await guardianship(of: name)
        guard let epoch = known.epochs.first(where: { $0.ceremony == ceremony }),
            let split = epoch.split,
            let number = epoch.members.firstIndex(where: { $0.key.fingerprint == key })
        else {
            throw EngineError(
                .badShare, "The key \(key) belongs to nobody who holds a share of \(ceremony).",
                next: "Whose shares open it: ceremonyctl tokens.")
        }
        let member = epoch.members[number]
        let proof = ShareProof(
            log: snapshot.state.log.origin, mode: snapshot.state.log.mode, ceremony: ceremony,
            member: member.name, share: split.digests.shares[number], nonce: nonce)
        try Engine.check(signature, over: proof, for: .share, by: member.key, ceremony)
        let now = watch.reads
        guard executor.custody.isNews(member.name, of: ceremony, at: now) else {
            return member.name
        }
        try unsealFile.note(
            UnsealTry(time: now, ceremony: ceremony, shares: [member.name], result: .proved),
            on: split.token.uri)
        if !snapshot.isSealed { try await recordTries() }
        return member.name
    }

    private static func check(
        _ signature: [UInt8], over document: some Document, for namespace: SignatureNamespace,
        by key: SSHPublicKey, _ ceremony: String
    ) throws(EngineError) {
        let bytes = SSHSIG.signedBytes(namespace: namespace, message: document.bytes)
        guard key.verifies(signature, of: bytes) else {
            throw EngineError(
                Refusal(
                    .badSignature,
                    "This is not signed by the key \(key.fingerprint) for \(ceremony).",
                    next: "Nothing was handed out or recorded. Sign again.",
                    requirement: "NFR18"))
        }
    }
}
