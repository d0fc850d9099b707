// Which ceremony an event is about, for those who watch or list one.

extension EventBody {
    /// The ceremony that the event belongs to; `nil` for those about the house, the people or a
    /// key.
    public var ceremony: String? {
        switch self {
        case .ceremonyOpened(let body): body.ceremony
        case .ceremonyWitnessed(let body): body.ceremony
        case .ceremonyAccepted(let body): body.ceremony
        case .ceremonyDeclined(let body): body.ceremony
        case .ceremonyApproved(let body): body.ceremony
        case .ceremonyExecuting(let body): body.ceremony
        case .ceremonyCompleted(let body): body.ceremony
        case .ceremonyAttested(let body): body.ceremony
        case .ceremonyFailed(let body): body.ceremony
        case .ceremonyExpired(let body): body.ceremony
        case .keyActivated(let body): body.ceremony
        case .keyRevoked(let body): body.ceremony
        case .objectDestroyed(let body): body.ceremony
        case .haltCleared(let body): body.ceremony
        case .logRekeyed(let body): body.ceremony
        case .exceptionNoted(let body): body.ceremony
        case .clockCorrected(let body): body.ceremony
        case .stepDone(let body): body.ceremony
        case .peerConfirmed(let body): body.ceremony
        case .rosterSet(let body): body.ceremony
        case .logCreated, .keyRetired, .keyLapsed, .haltRaised, .daemonStarted, .accessRefused,
            .unsealTried, .timeAnchored, .checkpointCosigned:
            nil
        }
    }
}
