// One line for each event of the log: who did what to which ceremony.

import CeremonyRecord
import CeremonyRules

extension Event {
    /// Number, time, type and what a person wants to know of it.
    var cells: [String] {
        let evidence = body.act?.evidence.map { "; \($0.what) \($0.digest)" } ?? []
        return ["\(seq)", "\(time)", body.type, summary + evidence.joined()]
    }

    private var summary: String {
        switch body {
        case .logCreated(let body): "\(body.mode.rawValue), \(body.signatures.count) signatures"
        case .rosterSet(let body):
            "epoch \(body.epoch), \(Phrase.count(body.members.count, "member"))"
        case .ceremonyOpened(let body): body.ceremony
        case .ceremonyWitnessed(let body):
            "\(body.ceremony) by \(body.witness), \(body.count) of \(body.threshold)"
        case .ceremonyAccepted(let body): "\(body.ceremony) by \(body.participant)"
        case .ceremonyDeclined(let body): "\(body.ceremony) by \(body.participant)"
        case .ceremonyApproved(let body): body.ceremony
        case .ceremonyExecuting(let body):
            body.ceremony + (self.body.act.map { " by \($0.actor.name)" } ?? "")
        case .ceremonyCompleted(let body): body.ceremony
        case .ceremonyAttested(let body):
            "\(body.ceremony) by \(body.witness), \(body.count) of \(body.threshold)"
        case .ceremonyFailed(let body):
            Event.ending(body.ceremony, body.reason, body.by) + Event.since(body.effective)
        case .ceremonyExpired(let body):
            Event.ending(body.ceremony, body.reason, body.by) + Event.since(body.effective)
        case .keyActivated(let body):
            "\(body.subject) \(body.fingerprint)"
                + (body.retires.map { ", \($0.fingerprint) retires at \($0.until)" } ?? "")
        case .keyRetired(let body):
            "\(body.subject) \(body.fingerprint): \(body.reason)" + Event.since(body.effective)
        case .keyLapsed(let body):
            "\(body.subject) \(body.fingerprint): \(body.reason)" + Event.since(body.effective)
        case .keyRevoked(let body):
            "\(body.subject) \(body.fingerprint): \(body.reason), by \(body.ceremony)"
                + Event.trust(body)
        case .objectDestroyed(let body):
            "\(body.ceremony): \(body.outcome.rawValue)"
                + (self.body.act.map { " by \($0.actor.name)" } ?? "")
        case .haltRaised(let body):
            body.invariant ?? justification
        case .haltCleared(let body):
            "\(body.ceremony), events \(body.halts.map(String.init).joined(separator: ", "))"
        case .logRekeyed(let body): body.vkey
        case .daemonStarted(let body): "\(body.version), start \(body.fence)"
        case .accessRefused(let body):
            "uid \(body.uid), \(body.method): \(body.code)"
                + (body.count > 1 ? " (\(body.count))" : "")
        case .exceptionNoted: justification
        case .clockCorrected(let body): "\(body.was) to \(body.now)"
        case .stepDone(let body):
            "\(body.ceremony): \(body.step)"
                + (body.result == Afterwards.leftUndone ? ", not written" : "")
        case .unsealTried(let body):
            (TokenReference(uri: body.token)?.label ?? body.token) + ": "
                + body.tries.map { "\($0.ceremony) \($0.result.rawValue)" }
                .joined(separator: ", ")
        case .peerConfirmed(let body): "\(body.ceremony) by \(body.peer)"
        case .timeAnchored(let body): "\(body.kind) at \(body.treeSize)"
        case .checkpointCosigned(let body): "\(body.kind) at \(body.treeSize)"
        }
    }

    private static func ending(_ ceremony: String, _ reason: String, _ by: String?) -> String {
        "\(ceremony): \(reason)" + (by.map { " by \($0)" } ?? "")
    }

    /// When it came to hold, where that was before it was written down.
    private static func since(_ effective: Timestamp?) -> String {
        effective.map { ", since \($0)" } ?? ""
    }

    /// Up to where a revoked key is trusted, where the revocation says so.
    private static func trust(_ revoked: KeyRevoked) -> String {
        let limits =
            (revoked.boundary.map { ["event \($0)"] } ?? [])
            + (revoked.boundaryTime.map { ["\($0)"] } ?? [])
        return limits.isEmpty ? "" : ", trusted up to " + limits.joined(separator: " and ")
    }

    private var justification: String {
        body.act.map { "\($0.actor.name): \($0.justification)" } ?? ""
    }
}

extension EventBody {
    /// The signed act that the event records; `nil` where it records none.
    var act: Act? {
        let signed: SignedDocument? =
            switch self {
            case .ceremonyDeclined(let body): body.signed
            case .ceremonyExecuting(let body): body.signed
            case .ceremonyFailed(let body): body.signed
            case .ceremonyExpired(let body): body.signed
            case .objectDestroyed(let body): body.signed
            case .haltRaised(let body): body.signed
            case .exceptionNoted(let body): body.signed
            case .peerConfirmed(let body): body.signed
            default: nil
            }
        return signed.flatMap { try? Act(lines: $0.lines) }
    }
}
