// Was this key allowed to sign there, and why? The standing at the place answers, and what was
// found out later: a revocation says up to where the key is still trusted. What lies behind that is
// contested: nobody knows who signed it.

public import CeremonyRecord

/// The answer to whether a key was allowed to sign at a place in the log.
public struct SigningRight: Hashable, Sendable {
    /// What is answered.
    public enum Verdict: String, Hashable, Sendable {
        /// It is the key that signs for its subject there.
        case signs
        /// It is accepted there, though its successor is the one to sign with.
        case accepted
        /// It was valid by what was known there; a later revocation takes the trust back.
        case contested
        /// It is not valid there.
        case refused
    }

    /// What is answered.
    public let verdict: Verdict
    /// Its standing there; `nil` where no ceremony up to there had made it.
    public let standing: KeyStanding?
    /// The revocation that came later, where one did.
    public let revokedLater: KeyEntry.Revocation?
    /// Why, in sentences.
    public let reasons: [String]

    /// Whether what it signed there counts.
    public var isAllowed: Bool { verdict == .signs || verdict == .accepted }
}

extension State {
    /// Whether a key was allowed to sign at a place in this log, and why.
    ///
    /// - Returns: `nil` where no ceremony of this log has made the key.
    public func signingRight(of fingerprint: Fingerprint, at place: LogPosition) -> SigningRight? {
        guard let entry = key(fingerprint) else { return nil }
        guard let standing = standing(of: fingerprint, at: place) else {
            return SigningRight(
                verdict: .refused, standing: nil, revokedLater: nil,
                reasons: ["It was made later: at \(entry.registered.time)."])
        }
        guard standing.isValid else {
            return SigningRight(
                verdict: .refused, standing: standing, revokedLater: nil,
                reasons: [standing.reason])
        }
        guard let revocation = entry.revocation else {
            return valid(entry, standing, at: place, trusted: nil)
        }
        let (isTrusted, boundary) = revocation.trust(at: place)
        guard isTrusted else {
            return SigningRight(
                verdict: .contested, standing: standing, revokedLater: revocation,
                reasons: [standing.reason, boundary])
        }
        return valid(entry, standing, at: place, trusted: (revocation, boundary))
    }

    private func valid(
        _ entry: KeyEntry, _ standing: KeyStanding, at place: LogPosition,
        trusted: (KeyEntry.Revocation, String)?
    ) -> SigningRight {
        let newest = signingKey(of: entry.subject, at: place)
        let signs = newest?.publicKey.fingerprint == entry.publicKey.fingerprint
        let use =
            signs
            ? "It is the newest active key of \(entry.subject): the one to sign with."
            : "Verification accepts it; the key to sign with is "
                + "\(newest.map { "\($0.publicKey.fingerprint)" } ?? "none")."
        return SigningRight(
            verdict: signs ? .signs : .accepted, standing: standing, revokedLater: trusted?.0,
            reasons: [standing.reason, use] + (trusted.map { [$0.1] } ?? []))
    }
}

extension KeyEntry.Revocation {
    /// Whether what the key signed at a place before its revocation keeps its standing, and the
    /// sentence that says so.
    ///
    /// A position and a time may be given; both must hold. Where neither is, nobody has said what
    /// can still be trusted: a key that was lost, and that nobody else is known to have, is trusted
    /// up to its revocation, one that others know is not trusted at all.
    func trust(at place: LogPosition) -> (isTrusted: Bool, reason: String) {
        let limits =
            (boundary.map { ["event \($0)"] } ?? [])
            + (boundaryTime.map { ["\($0)"] } ?? [])
        let later = "It was revoked later, at \(moment.time) (event \(moment.seq)), for \(cause)"
        guard !limits.isEmpty else {
            return cause == "loss"
                ? (true, "\(later); what it signed before that keeps its standing.")
                : (false, "\(later), and nobody has said up to where it can be trusted.")
        }
        let limit = limits.joined(separator: " and ")
        let isTrusted =
            boundary.map { place.seq <= $0 } ?? true
            && boundaryTime.map { place.time <= $0 } ?? true
        return isTrusted
            ? (
                true,
                "\(later), and is trusted up to \(limit): what it signed here keeps its standing."
            )
            : (false, "\(later), and is trusted up to \(limit) only.")
    }
}
