// What a person hands in becomes the event that it asks for. Whether that event is legal here the
// fold says; what is refused already is a document that asks for none.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// The event that a person's document and the purpose of its signature come to.
    static func body(
        _ state: State, _ signed: SignedDocument, _ document: AnyDocument,
        _ namespace: SignatureNamespace, _ possession: [UInt8]?
    ) throws(Refusal) -> EventBody {
        switch (document, namespace) {
        case (.statement(let statement), .open):
            return .ceremonyOpened(
                CeremonyOpened(
                    ceremony: statement.ceremony, from: nil, to: .pending, signed: signed,
                    supersedes: statement.supersedes))
        case (.statement(let statement), .approve):
            let ceremony = try state.ceremony(statement.ceremony)
            try state.checkExactly(signed, ceremony.digest, "the statement of \(ceremony.id)")
            let name = try state.checkMayAnswer(ceremony, ceremony.approvals, by: signed.key)
            return .ceremonyWitnessed(
                CeremonyWitnessed(
                    ceremony: ceremony.id, from: ceremony.state, to: ceremony.state, witness: name,
                    key: signed.key, sshsig: signed.sshsig, count: ceremony.approvals.count + 1,
                    threshold: ceremony.approvals.threshold))
        case (.keyRecord(let record), .attest):
            let ceremony = try state.ceremony(record.ceremony)
            try state.checkExactly(
                signed, ceremony.record?.digest, "the key record of \(ceremony.id)")
            let name = try state.checkMayAnswer(ceremony, ceremony.attestations, by: signed.key)
            return .ceremonyAttested(
                CeremonyAttested(
                    ceremony: ceremony.id, from: .completed, to: .completed, witness: name,
                    key: signed.key, sshsig: signed.sshsig, count: ceremony.attestations.count + 1,
                    threshold: ceremony.attestations.threshold))
        case (.acceptance(let acceptance), .accept):
            let ceremony = try state.ceremony(acceptance.ceremony)
            return .ceremonyAccepted(
                CeremonyAccepted(
                    ceremony: ceremony.id, from: ceremony.state, to: ceremony.state,
                    set: acceptance.set, participant: acceptance.participant.name, signed: signed,
                    newKey: acceptance.newKey, possession: possession))
        case (.act(let act), .act): return try state.body(of: act, signed)
        default:
            throw Refusal(
                .wrongNamespace,
                "A \(type(of: document.document).title) is not signed under "
                    + "\(namespace.rawValue) to be submitted.",
                next: "ceremonyctl sign chooses the right purpose by itself.", requirement: "NFR18")
        }
    }

    private func body(of act: Act, _ signed: SignedDocument) throws(Refusal) -> EventBody {
        switch act.act {
        case .decline, .cancel:
            guard let id = act.ceremony else {
                throw Refusal(
                    .wrongDocument, "The act names no ceremony.",
                    next: "Draft it again with ceremonyctl, for one of those in: ceremonyctl list.")
            }
            let ceremony = try ceremony(id)
            if act.act == .decline {
                let participant = roster.member(holding: signed.key)?.member.name
                return .ceremonyDeclined(
                    CeremonyDeclined(
                        ceremony: id, from: ceremony.state, to: ceremony.state,
                        participant: participant ?? act.actor.name, signed: signed))
            }
            if ceremony.state == .approved {
                return .ceremonyExpired(
                    CeremonyExpired(
                        ceremony: id, from: .approved, to: .expired, reason: "cancelled",
                        signed: signed, by: nil, effective: nil))
            }
            guard ceremony.state == .pending else { throw leftState(ceremony) }
            return .ceremonyFailed(
                CeremonyFailed(
                    ceremony: id, from: .pending, to: .failed, reason: "cancelled", phase: nil,
                    detail: act.justification, pkcs11: nil, left: nil, signed: signed, by: nil,
                    effective: nil))
        case .halt: return .haltRaised(HaltRaised(signed: signed, invariant: nil, effective: nil))
        case .note: return .exceptionNoted(ExceptionNoted(ceremony: act.ceremony, signed: signed))
        case .tidy: return try tidying(act, signed)
        case .confirm:
            let peer = peer(act, by: signed.key)?.name ?? act.actor.name
            return .peerConfirmed(
                PeerConfirmed(ceremony: act.ceremony ?? "", peer: peer, signed: signed))
        case .execute, .recover:
            throw Refusal(
                .wrongDocument, "This act is not taken in this way.",
                next: "It is handed in by: ceremonyctl \(act.act.rawValue).")
        }
    }

    func execution(
        _ signed: SignedDocument, for namespace: SignatureNamespace, _ intent: JSON?
    ) throws(Refusal) -> EventBody {
        guard namespace == .act, let act = try? Act(lines: signed.lines), act.act == .execute,
            let id = act.ceremony
        else {
            throw Refusal(
                .wrongDocument, "This is not an order to execute a ceremony.",
                next: "Draft one with: ceremonyctl execute.")
        }
        return .ceremonyExecuting(
            CeremonyExecuting(
                ceremony: id, from: .approved, to: .executing, signed: signed, intent: intent))
    }

    func destruction(
        _ signed: SignedDocument, for namespace: SignatureNamespace, _ outcome: DestructionOutcome
    ) throws(Refusal) -> EventBody {
        guard namespace == .act, let act = try? Act(lines: signed.lines), act.act == .recover,
            let id = act.ceremony
        else {
            throw Refusal(
                .wrongDocument, "This is not an order to recover what was left.",
                next: "Draft one with: ceremonyctl recover.")
        }
        guard let object = try ceremony(id).announced else {
            throw nothingToRecover(try ceremony(id))
        }
        return .objectDestroyed(
            ObjectDestroyed(
                ceremony: id, tokenSerial: object.tokenSerial, keyID: object.keyID,
                outcome: outcome,
                signed: signed))
    }

    func checkExactly(_ signed: SignedDocument, _ digest: Digest?, _ what: String)
        throws(Refusal)
    {
        guard signed.digest == digest else {
            throw Refusal(
                .wrongDocument,
                "The document is not \(what): \(signed.digest) instead of "
                    + "\(digest.map { "\($0)" } ?? "none, for there is none yet").",
                next: "Sign exactly the bytes that ceremonyctl show --document prints.",
                requirement: "CT-12")
        }
    }

    /// A repeat proves the same thing again, so its signature must hold as well.
    func checkRepeat(
        _ signed: SignedDocument, _ signature: SSHSIG, _ namespace: SignatureNamespace
    ) throws(Refusal) {
        do {
            try signature.verify(message: signed.bytes, namespace: namespace, by: signature.key)
        } catch {
            throw Refusal(
                .badSignature, "The signature does not verify: \(error).",
                next: "What was taken before stands. Sign it again: ceremonyctl sign FILE.",
                requirement: "NFR18")
        }
    }

    static func unreadable(_ bytes: [UInt8]) -> Refusal {
        do {
            _ = try AnyDocument(bytes: bytes)
            return Refusal(
                .wrongDocument, "This document is not taken here.",
                next: "ceremonyctl submit knows where it belongs.")
        } catch {
            return Refusal(
                .malformed, "This is not a document that people sign here: \(error).",
                next: "Nothing was recorded.")
        }
    }
}
