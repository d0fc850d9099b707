// Peers that say they have taken over what a ceremony came to: people on the roster, or others whom
// the statement names with their key. Until all of them have, whoever asks is told so.

import CeremonyRecord
import HashTreeCollections

extension State {
    /// `peer.confirmed`: a peer's signed word, once.
    mutating func take(_ confirmed: PeerConfirmed, at moment: KeyEntry.Moment) throws(Refusal) {
        let (act, actor, found) = try verifiedAct(confirmed.signed, .confirm, at: moment.time)
        guard let ceremony = found, ceremony.id == confirmed.ceremony, confirmed.peer == actor,
            ceremony.peers.contains(where: { $0.fingerprint == confirmed.signed.key })
        else {
            throw Refusal(
                .notListed, "The statement names no peer with this key.",
                next: "The peers stand in it: ceremonyctl show \(confirmed.ceremony).",
                requirement: "CT-12")
        }
        guard ceremony.state == .completed, let record = ceremony.record else {
            throw Refusal(
                .notYet,
                "\(ceremony.id) is \(ceremony.state.rawValue); there is nothing to confirm yet.",
                next: "How it stands: ceremonyctl show \(ceremony.id).", requirement: "FP-4")
        }
        guard !ceremony.isLeftUndone else {
            throw Refusal(
                .ended,
                "The key of \(ceremony.id) was revoked before its vault was written, so that is as it "
                    + "was: there is nothing to confirm.",
                next: "How it stands: ceremonyctl show \(ceremony.id).", requirement: "FP-4")
        }
        // Before that no copy can know the new key.
        guard ceremony.afterwards.isEmpty else {
            throw Refusal(
                .notYet, "The vault of \(ceremony.id) is not written yet.",
                next: "What keeps it: ceremonyctl show \(ceremony.id).", requirement: "FP-4")
        }
        try checkDocument(act, record.digest)
        try checkStates(of: act, in: [.completed: .completed])
        if let before = ceremony.confirmations[actor] {
            throw Refusal(
                .alreadyAnswered,
                "\(actor) has confirmed it already, at \(before.time) (event \(before.seq)).",
                next: "Once is enough.", requirement: "CT-12")
        }
        change(ceremony.id) { $0.confirmations[actor] = moment }
        if committed(ceremony.id)?.unconfirmed.isEmpty == true {
            unconfirmedNames.removeAll { $0 == ceremony.id }
        }
        remember(
            confirmed.signed.digest, by: confirmed.signed.key, for: .act, at: moment,
            ceremony: ceremony.id)
    }

    /// Whom a confirmation is by, where its ceremony names the key as a peer's.
    func peer(_ act: Act, by key: Fingerprint) -> Signatory? {
        guard act.act == .confirm, act.role == .participant, let id = act.ceremony else {
            return nil
        }
        return committed(id)?.peers.first { $0.fingerprint == key }
    }

    /// Completed ceremonies that peers are still to confirm, oldest first.
    public var unconfirmed: [Ceremony] { unconfirmedNames.compactMap(committed) }

    /// Those whose peers are not waited for any more once a ceremony has written the vault: a copy
    /// that follows it knows the earlier keys too, and whom to wait for was decided anew.
    func followed(by fields: Fields) -> [Ceremony] {
        let vaults = [fields["vault-uid"], fields["new-uid"]].compactMap(\.self)
        return unconfirmed.filter { earlier in
            vaults.contains { $0.utf8.elementsEqual((earlier.statement.vaultMade ?? "").utf8) }
        }
    }

    /// The vault is written: from now on only this ceremony's peers are waited for.
    mutating func release(before ceremony: Ceremony) {
        for earlier in followed(by: ceremony.statement.fields) where earlier.id != ceremony.id {
            change(earlier.id) { $0.followedBy = ceremony.id }
            unconfirmedNames.removeAll { $0 == earlier.id }
        }
    }
}
