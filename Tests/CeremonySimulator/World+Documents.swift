// What people write and sign, as their clients draft it from the log that they see.

import CeremonyRecord
import CeremonyRules
import TestSupport

extension World {
    /// A signatory by the first of their keys, or another one.
    func signatory(_ name: String, key: Int = 0) -> Signatory? {
        guard let person = people.person(name), key < person.keys.count else { return nil }
        return Signatory(name: name, fingerprint: person.keys[key].fingerprint)
    }

    func paper(
        _ what: String, _ document: some Document, by key: SoftwareKey,
        for namespace: SignatureNamespace
    ) -> Paper {
        Paper(
            what: what, document: document.bytes,
            sshsig: key.sshsig(over: document.bytes, for: namespace))
    }

    /// An act on a ceremony, or on the house.
    func act(
        _ name: ActName, by actor: Signatory, as role: ActRole, on ceremony: Ceremony? = nil,
        evidence: [Evidence] = [], in state: State
    ) -> Act {
        var (document, from, to): (Digest?, CeremonyState?, CeremonyState?) = (nil, nil, nil)
        if let ceremony {
            let now = ceremony.state
            (document, from, to) =
                switch name {
                case .execute: (ceremony.digest, now, .executing)
                case .cancel: (ceremony.digest, now, now == .approved ? .expired : .failed)
                case .decline where now == .completed: (ceremony.record?.digest, now, now)
                case .decline: (ceremony.digest, now, now)
                case .recover: (ceremony.digest, .failed, nil)
                case .tidy: (ceremony.digest, now, nil)
                case .confirm: (ceremony.record?.digest, now, now)
                case .halt, .note: (nil, nil, nil)
                }
        }
        return Act(
            log: state.log.origin, mode: state.log.mode, act: name, ceremony: ceremony?.id,
            document: document, actor: actor, role: role, from: from?.rawValue, to: to?.rawValue,
            evidence: evidence, justification: "the dice say so", treeSize: state.head.size,
            treeRoot: state.head.root, at: clock.truth, nonce: nonce())
    }

    /// The same, signed.
    func signed(_ act: Act, by key: SoftwareKey) -> Paper {
        paper(
            "\(act.actor.name) \(act.act.rawValue)s \(act.ceremony ?? "")", act, by: key,
            for: .act)
    }

    /// A participant's yes, without a key of their own.
    func acceptance(
        of ceremony: Ceremony, set: String, as line: Signatory
    ) -> Acceptance {
        let statement = ceremony.statement
        return Acceptance(
            log: statement.log, mode: statement.mode, ceremony: statement.ceremony,
            statement: ceremony.digest, kind: statement.kind, subject: statement.subject, set: set,
            participant: line, newKey: nil, token: nil, keyID: nil, at: clock.truth,
            nonce: nonce())
    }

    /// A yes that brings a key.
    func bringing(
        _ key: SoftwareKey, id: [UInt8], to ceremony: Ceremony, set: String, as line: Signatory
    ) -> Acceptance {
        var acceptance = acceptance(of: ceremony, set: set, as: line)
        acceptance.newKey = key.publicKey
        acceptance.token = House.token(of: line.name).uri
        acceptance.keyID = id
        return acceptance
    }

    /// Signed by who it is, and by the key that they bring.
    func signed(
        _ acceptance: Acceptance, by identity: SoftwareKey, possession: SoftwareKey? = nil
    ) -> Paper {
        var paper = paper(
            "\(acceptance.participant.name) accepts \(acceptance.set) of \(acceptance.ceremony)",
            acceptance, by: identity, for: .accept)
        paper.possession = possession?.sshsig(over: acceptance.bytes, for: .possession)
        return paper
    }
}
