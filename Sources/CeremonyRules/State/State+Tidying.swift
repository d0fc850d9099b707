// Keys that people made in their own tokens for a ceremony that came to nothing. They mean nothing
// and never will (DESIGN 2.5); whoever made one takes it away with their own client, and says so
// with their signature. The daemon cannot reach those tokens, and does not claim to.

public import CeremonyRecord
import HashTreeCollections

/// A key that an ended ceremony left in a participant's token.
public struct LeftKey: Hashable, Sendable {
    /// The ceremony.
    public let ceremony: String
    /// The participant, with the key by which they accepted.
    public let participant: Signatory
    /// What they brought.
    public let key: AcceptanceSet.NewKey
    /// Whether its maker has said that the token will not come back.
    public let isTokenLost: Bool

    /// What an act to tidy up says of it; the outcome is its name.
    public func evidence(_ outcome: DestructionOutcome) -> Evidence {
        // A fingerprint is the SHA-256 of the key's wire form.
        Evidence(what: outcome.rawValue, digest: Digest(of: key.key.blob))
    }
}

extension Ceremony {
    /// Keys that participants brought to it, that nothing became of and that nobody has seen gone,
    /// in document order. One whose token was called lost is in it until it is found.
    public var leftKeys: [LeftKey] {
        guard state == .failed || state == .expired else { return [] }
        return acceptances.flatMap { set in
            set.invited.compactMap { invited in
                set.answers[invited.fingerprint]?.newKey.map {
                    LeftKey(
                        ceremony: id, participant: invited, key: $0,
                        isTokenLost: tidied[$0.key.fingerprint] != nil)
                }
            }
        }.filter { tidied[$0.key.key.fingerprint]?.isClosed != true }
    }
}

extension State {
    /// Keys that ended ceremonies left in people's tokens and that nobody has seen gone, oldest
    /// ceremony first; those of logs that this one goes on from too.
    public var leftKeys: [LeftKey] { untidied.compactMap(committed).flatMap(\.leftKeys) }

    /// The ceremony that left a key, of this log or of one that it goes on from.
    public func ceremony(leaving left: LeftKey) -> Ceremony? { committed(left.ceremony) }

    /// An ended ceremony is remembered for as long as a key of it may be in somebody's token.
    mutating func noteLeftKeys(of id: String) {
        if ceremonies[id]?.leftKeys.isEmpty == false { untidied.append(id) }
    }

    /// `object.destroyed` by whoever brought the key: their word for what became of it.
    mutating func takeTidied(_ destroyed: ObjectDestroyed, at moment: KeyEntry.Moment)
        throws(Refusal)
    {
        let (act, actor, found) = try verifiedAct(destroyed.signed, .tidy, at: moment.time)
        guard let ceremony = found, ceremony.id == destroyed.ceremony else {
            throw Refusal(
                .wrongDocument, "The act is not about what \(destroyed.ceremony) left.")
        }
        try checkDocument(act, ceremony.digest)
        try checkStates(of: act, in: [.failed: nil, .expired: nil])
        let left = ceremony.leftKeys.first {
            $0.participant.fingerprint == destroyed.signed.key
                && act.evidence == [$0.evidence(destroyed.outcome)]
        }
        guard let left else {
            throw Refusal(
                .nothingToRecover,
                "\(ceremony.id) left no such key in \(actor)'s token, or it is tidied up.",
                next: "What is left anywhere is shown by: ceremonyctl status.", requirement: "I8")
        }
        guard destroyed.keyID == left.key.keyID,
            TokenReference(uri: left.key.token)?.serial == destroyed.tokenSerial
        else {
            throw Refusal(.illegalEvent, "The object is not the one that \(actor) brought.")
        }
        change(ceremony.id) {
            $0.tidied[left.key.key.fingerprint] = Ceremony.Recovery(
                seq: moment.seq, time: moment.time, actor: actor, outcome: destroyed.outcome)
        }
        if committed(ceremony.id)?.leftKeys.isEmpty == true {
            untidied.removeAll { $0 == ceremony.id }
        }
        remember(
            destroyed.signed.digest, by: destroyed.signed.key, for: .act, at: moment,
            ceremony: ceremony.id)
    }

    /// The event that an act to tidy up comes to: what it says of which key.
    func tidying(_ act: Act, _ signed: SignedDocument) throws(Refusal) -> EventBody {
        let id = act.ceremony ?? ""
        let ceremony: Ceremony
        if let earlier = inherited[id] {
            ceremony = earlier
        } else {
            ceremony = try self.ceremony(id)
        }
        for outcome in DestructionOutcome.allCases {
            guard
                let left = ceremony.leftKeys.first(where: {
                    act.evidence == [$0.evidence(outcome)]
                }), let token = TokenReference(uri: left.key.token)
            else { continue }
            return .objectDestroyed(
                ObjectDestroyed(
                    ceremony: ceremony.id, tokenSerial: token.serial, keyID: left.key.keyID,
                    outcome: outcome, signed: signed))
        }
        throw Refusal(
            .nothingToRecover, "\(ceremony.id) left no such key, or it is tidied up.",
            next: "What is left anywhere is shown by: ceremonyctl status.", requirement: "I8")
    }
}
