// Recovery: what became of an object that a failed execution left on a token (DESIGN section 3).
// The log says which object, a person orders its end by naming it, and the order itself says where
// the token is lost; the daemon only adds what it found.

public import CeremonyRecord
import HashTreeCollections

/// An order to recover, held to everything but what will be found on the token.
public struct RecoveryOrder: Hashable, Sendable {
    /// The ceremony that left something.
    public let ceremony: Ceremony
    /// What it may have left.
    public let object: KeyIntent
    /// Whether the order says that the token is lost for good.
    public let isTokenLost: Bool
    /// Who orders it.
    let actor: String
}

extension State {
    /// Refuses an order to recover for everything but what is on the token, before that is touched.
    ///
    /// - Throws: ``Refusal``.
    public func recovery(
        document: [UInt8], sshsig: [UInt8], now: Timestamp, clock: ClockStanding = .right
    ) throws(Refusal) -> RecoveryOrder {
        let (signed, id) = try order(document, sshsig, now: now, clock: clock)
        var scratch = self
        return try scratch.checkRecover(signed, ceremony: id, at: max(now, head.time))
    }

    /// `object.destroyed`: ordered by a person, for exactly the object that the intent announced;
    /// or told by whoever brought it.
    mutating func take(_ destroyed: ObjectDestroyed, at moment: KeyEntry.Moment) throws(Refusal) {
        if try read(destroyed.signed, as: Act.self).act == .tidy {
            return try takeTidied(destroyed, at: moment)
        }
        let order = try checkRecover(
            destroyed.signed, ceremony: destroyed.ceremony, at: moment.time)
        let object = order.object
        guard destroyed.tokenSerial.utf8.elementsEqual(object.tokenSerial.utf8),
            destroyed.keyID == object.keyID
        else {
            throw Refusal(
                .illegalEvent, "The object is not the one that \(destroyed.ceremony) announced.")
        }
        // Nobody but a person says that a token will not come back.
        guard (destroyed.outcome == .unreachable) == order.isTokenLost else {
            throw Refusal(
                .illegalEvent,
                "The outcome \(destroyed.outcome.rawValue) is not one that the order allows.")
        }
        ceremonies[destroyed.ceremony]?.recovery = Ceremony.Recovery(
            seq: moment.seq, time: moment.time, actor: order.actor, outcome: destroyed.outcome)
        if destroyed.outcome == .unreachable {
            lose(
                token: destroyed.tokenSerial, at: moment, as: .givenUp(after: destroyed.ceremony))
        } else {
            debris.removeAll { $0 == destroyed.ceremony }
        }
        remember(
            destroyed.signed.digest, by: destroyed.signed.key, for: .act, at: moment,
            ceremony: destroyed.ceremony)
    }

    private mutating func checkRecover(
        _ signed: SignedDocument, ceremony id: String, at time: Timestamp
    ) throws(Refusal) -> RecoveryOrder {
        let (act, actor, found) = try verifiedAct(signed, .recover, at: time)
        guard let ceremony = found, ceremony.id == id else {
            throw Refusal(.wrongDocument, "The order is not one to recover what \(id) left.")
        }
        try checkDocument(act, ceremony.digest)
        try checkStates(of: act, in: [.failed: nil])
        guard let object = ceremony.announced else { throw nothingToRecover(ceremony) }
        switch ceremony.state {
        case .failed: break
        case .executing:
            throw Refusal(
                .notYet, "\(id) is being executed; what it makes is its own to keep or destroy.",
                next: "Its end is shown by: ceremonyctl watch \(id).", requirement: "FP-4")
        default: throw nothingToRecover(ceremony)
        }
        if let recovery = ceremony.recovery, recovery.isClosed {
            throw Refusal(
                .ended,
                "What \(id) left is \(recovery.outcome.rawValue) since \(recovery.time) "
                    + "(event \(recovery.seq)).",
                next: "There is nothing more to do for it.")
        }
        // The person has typed the key id, and nothing else is destroyed.
        let named = act.evidence.filter { $0.what == KeyIntent.keyEvidenceName }
        guard named == [object.keyEvidence] else {
            throw Refusal(
                .wrongDocument,
                "The order does not name the key id \(Hex.encode(object.keyID)) of \(id).",
                next: "Draft it with: ceremonyctl recover \(id).")
        }
        let lost = act.evidence.filter { $0.what == KeyIntent.lossEvidenceName }
        guard lost.isEmpty || lost == [object.lossEvidence] else {
            throw Refusal(
                .wrongDocument, "The order calls another token lost than \(object.tokenSerial).",
                next: "Draft it with: ceremonyctl recover \(id) --token-lost.")
        }
        return RecoveryOrder(
            ceremony: ceremony, object: object, isTokenLost: !lost.isEmpty, actor: actor)
    }

    func nothingToRecover(_ ceremony: Ceremony) -> Refusal {
        Refusal(
            .nothingToRecover,
            "\(ceremony.id) is \(ceremony.state.rawValue)"
                + (ceremony.announced == nil
                    ? " and announced no object on a token." : ": its key is not debris."),
            next: "Only what a failed execution may have left is recovered; it is listed by: "
                + "ceremonyctl status.", requirement: "FP-4")
    }
}

// MARK: What the log knows of keys

extension State {
    /// What stands in the log under that public key; `nil` where it is in no role.
    public func role(ofPoint point: [UInt8]) -> String? { taken[point] }

    /// Every public key that stands in the log, in any role.
    public var knownPoints: [[UInt8]] { Array(taken.keys) }

    /// The ceremonies of which something may still be on a token, oldest first.
    public var unrecovered: [Ceremony] { debris.compactMap { ceremonies[$0] } }
}
