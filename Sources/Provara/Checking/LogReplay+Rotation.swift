// The two events of a rotation in the fold: who may sign them, about which keys, in which order.
// The package's verify checks none of this (the reference's own list of what it does not check).

/// An event of a rotation that counted: a revocation, a promotion, or what the same actor attested
/// then, through which its chain goes on.
struct RotationEvent: Sendable {
    let reference: EventReference
    let actor: ActorID
    /// `prev_event_hash`.
    let previous: EventID?
    /// The line without its line feed.
    let line: [UInt8]
}

extension LogReplay {
    mutating func foldRevocation(
        _ place: Place, _ payload: RevocationPayload, counts: Bool, _ note: (Vault.Finding) -> Void
    ) {
        let signer = place.event.signer
        if signer == payload.key {
            note(place.finding(.selfRevocation, "\(payload.key) revokes itself"))
            return
        }
        guard counts, let signer, let authority = keys[signer] else { return }
        if let named = payload.revokedBy, named != signer {
            note(place.finding(.badRevocation, "revoked_by is \(named), and \(signer) signed"))
            return
        }
        guard authority.isAuthority else {
            note(place.finding(.revocationSigner, "\(signer) signed, \(authority.whyNoAuthority)"))
            return
        }
        guard let old = keys[payload.key] else {
            note(
                place.finding(
                    .revokedWhat, "\(payload.key) is revoked, which nothing introduced before",
                    key: payload.key))
            return
        }
        if let earlier = old.revocation {
            note(
                place.finding(
                    .revokedWhat, "\(payload.key) was revoked already by \(earlier.event)",
                    key: payload.key))
            return
        }
        keys[payload.key]?.revocation = KeyStanding.Revocation(
            event: place.reference, signer: signer, boundary: payload.boundary,
            revokedAt: payload.revokedAt.isEmpty ? place.event.time : payload.revokedAt)
        unfinished[payload.key] = (place.reference, place.event.time)
        remember(place)
        applyBoundary(place, payload, of: old, note)
    }

    private mutating func applyBoundary(
        _ place: Place, _ payload: RevocationPayload, of old: KeyStanding,
        _ note: (Vault.Finding) -> Void
    ) {
        guard let boundary = payload.boundary else {
            if let last = old.lastEvent {
                note(
                    place.finding(
                        .noBoundary,
                        "there is no trust boundary, and \(old.id) signed \(old.eventCount) events, the "
                            + "last of them \(last)", key: old.id))
            }
            return
        }
        // The boundary of most rotations: nothing came after it.
        if old.lastEvent?.id == boundary { return }
        guard let watched = boundaries[boundary], let passed = watched.passed else {
            note(
                place.finding(
                    .unknownBoundary,
                    "the trust boundary \(boundary) is no earlier event of this log",
                    key: old.id))
            return
        }
        guard passed.owner == old.id else {
            note(
                place.finding(
                    .foreignBoundary,
                    "the trust boundary \(boundary) was signed by \(passed.owner) and not by \(old.id)",
                    key: old.id))
            return
        }
        contest(old.id, after: watched, by: place.reference)
        if let signer = place.event.signer, keys[signer]?.contestedBy == place.reference {
            note(
                place.finding(
                    .revocationSigner,
                    "\(signer) signed, whose own promotion this boundary puts in doubt"))
        }
    }

    mutating func foldPromotion(
        _ place: Place, _ payload: PromotionPayload, counts: Bool, _ note: (Vault.Finding) -> Void
    ) {
        let signer = place.event.signer
        let isSelfSigned =
            signer == payload.key.id
            || signer.flatMap { keys[$0]?.key }?.isTwin(of: payload.key) == true
        if isSelfSigned {
            note(place.finding(.selfPromotion, "\(payload.key.id) is promoted by itself"))
            return
        }
        if signer == payload.replaces {
            note(
                place.finding(
                    .selfPromotion,
                    "\(payload.key.id) is promoted by \(payload.replaces), which it replaces"))
            return
        }
        guard counts, let signer, let authority = keys[signer] else { return }
        if let named = payload.promotedBy, named != signer {
            note(place.finding(.badPromotion, "promoted_by is \(named), and \(signer) signed"))
            return
        }
        guard authority.isAuthority else {
            note(place.finding(.promotionSigner, "\(signer) signed, \(authority.whyNoAuthority)"))
            return
        }
        if let known = keys.values.first(where: {
            $0.id == payload.key.id || $0.key?.isTwin(of: payload.key) == true
        }) {
            let what =
                known.id == payload.key.id ? "is known already" : "is \(known.id) in another form"
            note(place.finding(.knownKey, "\(payload.key.id) \(what)", key: payload.key.id))
            return
        }
        guard let revocation = unfinished[payload.replaces], let old = keys[payload.replaces] else {
            note(
                place.finding(
                    .noRevocation,
                    "\(payload.key.id) replaces \(payload.replaces), which no open revocation ended"
                ))
            return
        }
        introduce(payload, by: signer, place, old: old, revocation, note)
    }

    private mutating func introduce(
        _ payload: PromotionPayload, by signer: KeyID, _ place: Place, old: KeyStanding,
        _ revocation: (event: EventReference, time: String), _ note: (Vault.Finding) -> Void
    ) {
        if !revocation.time.precedes(place.event.time) {
            note(
                place.finding(
                    .promotionTime,
                    "the promotion's time is not after that of the revocation \(revocation.event)"))
        }
        let more = KeyStanding.authorityRoles(payload.roles)
            .filter { !KeyStanding.authorityRoles(old.roles).contains($0) }
        if !more.isEmpty {
            note(
                place.finding(
                    .moreRoles,
                    "\(payload.key.id) gets the role \(more.joined(separator: " and ")), which \(old.id) "
                        + "did not have", key: payload.key.id))
        }
        keys[payload.key.id] = KeyStanding(
            id: payload.key.id, key: payload.key, introduction: .promotion(place.reference),
            roles: payload.roles,
            promotedAt: payload.promotedAt.isEmpty ? place.event.time : payload.promotedAt,
            promotedBy: signer, replaces: old.id)
        keys[old.id]?.revocation?.replacement = payload.key.id
        unfinished[old.id] = nil
        remember(place)
        follow(payload.key.id, promotedBy: signer)
    }

    mutating func remember(_ place: Place) {
        let previous: EventID? =
            if case .event(let id) = place.event.previous { id } else { nil }
        rotationEvents.append(
            RotationEvent(
                reference: place.reference, actor: place.event.actor, previous: previous,
                line: Array(place.bytes)))
    }
}

extension KeyStanding {
    /// Why this key may not change keys, as the end of a sentence about it.
    var whyNoAuthority: String {
        if let revocation { return "which was revoked by \(revocation.event)" }
        if let contestedBy { return "whose own promotion is contested since \(contestedBy)" }
        return "which has neither the role root nor quorum"
    }
}
