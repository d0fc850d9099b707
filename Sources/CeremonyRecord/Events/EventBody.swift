// One case for each row of the table in FORMATS section 2. What a log of another version brings is
// refused, not skipped: an event that is not understood could change what everything else means.

/// What an event says, by its type.
public enum EventBody: Sendable, Hashable {
    /// `log.created`
    case logCreated(LogCreated)
    /// `roster.set`
    case rosterSet(RosterSet)
    /// `ceremony.opened`
    case ceremonyOpened(CeremonyOpened)
    /// `ceremony.witnessed`
    case ceremonyWitnessed(CeremonyWitnessed)
    /// `ceremony.accepted`
    case ceremonyAccepted(CeremonyAccepted)
    /// `ceremony.declined`
    case ceremonyDeclined(CeremonyDeclined)
    /// `ceremony.approved`
    case ceremonyApproved(CeremonyApproved)
    /// `ceremony.executing`
    case ceremonyExecuting(CeremonyExecuting)
    /// `ceremony.completed`
    case ceremonyCompleted(CeremonyCompleted)
    /// `ceremony.attested`
    case ceremonyAttested(CeremonyAttested)
    /// `ceremony.failed`
    case ceremonyFailed(CeremonyFailed)
    /// `ceremony.expired`
    case ceremonyExpired(CeremonyExpired)
    /// `key.activated`
    case keyActivated(KeyActivated)
    /// `key.retired`
    case keyRetired(KeyRetired)
    /// `key.lapsed`
    case keyLapsed(KeyLapsed)
    /// `key.revoked`
    case keyRevoked(KeyRevoked)
    /// `object.destroyed`
    case objectDestroyed(ObjectDestroyed)
    /// `halt.raised`
    case haltRaised(HaltRaised)
    /// `halt.cleared`
    case haltCleared(HaltCleared)
    /// `log.rekeyed`
    case logRekeyed(LogRekeyed)
    /// `daemon.started`
    case daemonStarted(DaemonStarted)
    /// `access.refused`
    case accessRefused(AccessRefused)
    /// `exception.noted`
    case exceptionNoted(ExceptionNoted)
    /// `clock.corrected`
    case clockCorrected(ClockCorrected)
    /// `step.done`
    case stepDone(StepDone)
    /// `peer.confirmed`
    case peerConfirmed(PeerConfirmed)
    /// `unseal.tried`
    case unsealTried(UnsealTried)
    /// `time.anchored`
    case timeAnchored(TimeAnchored)
    /// `checkpoint.cosigned`
    case checkpointCosigned(CheckpointCosigned)
}

extension EventBody {
    /// The type's name, such as `ceremony.opened`.
    public var type: String { Swift.type(of: payload).type }

    /// The body as the fields of a JSON object.
    var fields: [String: JSON] { payload.fields }

    /// Reads the body of an event of the type named.
    init(type: String, _ body: JSON) throws(EventError) {
        guard TextRule.isPrintableASCII(type), let read = EventBody.readers[type] else {
            throw .unknownType(TextRule.isTrimmedASCII(type) ? type : "?")
        }
        self = try read(body)
    }

    private typealias Reader = @Sendable (JSON) throws(EventError) -> EventBody

    private static let readers: [String: Reader] = Dictionary(
        uniqueKeysWithValues: [
            reader(EventBody.logCreated),
            reader(EventBody.rosterSet),
            reader(EventBody.ceremonyOpened),
            reader(EventBody.ceremonyWitnessed),
            reader(EventBody.ceremonyAccepted),
            reader(EventBody.ceremonyDeclined),
            reader(EventBody.ceremonyApproved),
            reader(EventBody.ceremonyExecuting),
            reader(EventBody.ceremonyCompleted),
            reader(EventBody.ceremonyAttested),
            reader(EventBody.ceremonyFailed),
            reader(EventBody.ceremonyExpired),
            reader(EventBody.keyActivated),
            reader(EventBody.keyRetired),
            reader(EventBody.keyLapsed),
            reader(EventBody.keyRevoked),
            reader(EventBody.objectDestroyed),
            reader(EventBody.haltRaised),
            reader(EventBody.haltCleared),
            reader(EventBody.logRekeyed),
            reader(EventBody.daemonStarted),
            reader(EventBody.accessRefused),
            reader(EventBody.exceptionNoted),
            reader(EventBody.clockCorrected),
            reader(EventBody.stepDone),
            reader(EventBody.peerConfirmed),
            reader(EventBody.unsealTried),
            reader(EventBody.timeAnchored),
            reader(EventBody.checkpointCosigned),
        ])

    private static func reader<Payload: EventPayload>(
        _ wrap: @escaping @Sendable (Payload) -> EventBody
    ) -> (String, Reader) {
        (Payload.type, { body throws(EventError) in wrap(try Payload.read(body)) })
    }

    private var payload: any EventPayload {
        switch self {
        case .logCreated(let payload): payload
        case .rosterSet(let payload): payload
        case .ceremonyOpened(let payload): payload
        case .ceremonyWitnessed(let payload): payload
        case .ceremonyAccepted(let payload): payload
        case .ceremonyDeclined(let payload): payload
        case .ceremonyApproved(let payload): payload
        case .ceremonyExecuting(let payload): payload
        case .ceremonyCompleted(let payload): payload
        case .ceremonyAttested(let payload): payload
        case .ceremonyFailed(let payload): payload
        case .ceremonyExpired(let payload): payload
        case .keyActivated(let payload): payload
        case .keyRetired(let payload): payload
        case .keyLapsed(let payload): payload
        case .keyRevoked(let payload): payload
        case .objectDestroyed(let payload): payload
        case .haltRaised(let payload): payload
        case .haltCleared(let payload): payload
        case .logRekeyed(let payload): payload
        case .daemonStarted(let payload): payload
        case .accessRefused(let payload): payload
        case .exceptionNoted(let payload): payload
        case .clockCorrected(let payload): payload
        case .stepDone(let payload): payload
        case .peerConfirmed(let payload): payload
        case .unsealTried(let payload): payload
        case .timeAnchored(let payload): payload
        case .checkpointCosigned(let payload): payload
        }
    }
}
