// One line for each event of the log: who did what to which ceremony.

import CeremonyRecord

extension Event {
    /// Number, time, type and what a person wants to know of it.
    var cells: [String] { ["\(seq)", "\(time)", body.type, summary] }

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
            body.ceremony + (body.signed.flatMap(Event.actor).map { " by \($0)" } ?? "")
        case .ceremonyCompleted(let body): body.ceremony
        case .ceremonyAttested(let body):
            "\(body.ceremony) by \(body.witness), \(body.count) of \(body.threshold)"
        case .ceremonyFailed(let body): "\(body.ceremony): \(body.reason)"
        case .ceremonyExpired(let body): "\(body.ceremony): \(body.reason)"
        case .keyActivated(let body): "\(body.subject) \(body.fingerprint)"
        case .keyRetired(let body): "\(body.subject) \(body.fingerprint): \(body.reason)"
        case .keyLapsed(let body): "\(body.subject) \(body.fingerprint): \(body.reason)"
        case .keyRevoked(let body): "\(body.subject) \(body.fingerprint): \(body.reason)"
        case .objectDestroyed(let body): "\(body.ceremony): \(body.outcome.rawValue)"
        case .haltRaised(let body):
            body.invariant ?? body.signed.flatMap(Event.justification) ?? ""
        case .haltCleared(let body):
            "\(body.ceremony), events \(body.halts.map(String.init).joined(separator: ", "))"
        case .logRekeyed(let body): body.vkey
        case .daemonStarted(let body): "\(body.version), start \(body.fence)"
        case .accessRefused(let body):
            "uid \(body.uid), \(body.method): \(body.code)"
                + (body.count > 1 ? " (\(body.count))" : "")
        case .exceptionNoted(let body): Event.justification(body.signed) ?? ""
        case .clockCorrected(let body): "\(body.was) to \(body.now)"
        case .stepDone(let body): "\(body.ceremony): \(body.step)"
        case .peerConfirmed(let body): "\(body.ceremony) by \(body.peer)"
        case .timeAnchored(let body): "\(body.kind) at \(body.treeSize)"
        case .checkpointCosigned(let body): "\(body.kind) at \(body.treeSize)"
        }
    }

    private static func actor(_ signed: SignedDocument) -> String? {
        (try? Act(lines: signed.lines))?.actor.name
    }

    private static func justification(_ signed: SignedDocument) -> String? {
        (try? Act(lines: signed.lines)).map { "\($0.actor.name): \($0.justification)" }
    }
}
