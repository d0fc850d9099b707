// Who stands for a key: everybody who signed something on its way into the log, through it and out
// of it again, in one list. It is read off the events that were folded; the fold has verified every
// signature in them.

public import CeremonyRecord

/// Everything that people and keys have signed about one key.
public struct AuthorisationChain: Hashable, Sendable {
    /// One signature, and what it says.
    public struct Link: Hashable, Sendable {
        /// What somebody did.
        public enum Part: String, Hashable, Sendable {
            /// Opened the ceremony.
            case initiator
            /// Approved its statement.
            case witness
            /// Accepted their part in it.
            case participant
            /// Said no: to the statement, or to the key record.
            case decliner
            /// Ordered its execution.
            case executor
            /// Withdrew it.
            case canceller
            /// Is the key itself, which proves that it is possessed.
            case newKey = "new-key"
            /// Is the key before it, which endorses its successor.
            case oldKey = "old-key"
            /// Saw the key come out.
            case attester
            /// Had an orphaned object destroyed.
            case recoverer
            /// Had something written down.
            case noter
            /// Took the outcome over.
            case confirmer
        }

        /// What was done.
        public let part: Part
        /// Who did it: a person, or the subject whose key signed.
        public let name: String
        /// In what capacity, where the document says so.
        public let role: String?
        /// The key that signed.
        public let key: Fingerprint
        /// The event that holds the signature.
        public let moment: KeyEntry.Moment
        /// The first line of the document that was signed.
        public let title: String
        /// The document's bytes.
        public let document: [UInt8]
        /// The purpose that the signature was made for.
        public let namespace: SignatureNamespace
        /// The signature.
        public let sshsig: [UInt8]
        /// Why, in the words that were signed.
        public let justification: String
        /// What the signer pointed to.
        public let evidence: [Evidence]

        /// The digest of the document.
        public var digest: Digest { Digest(of: document) }
    }

    /// One ceremony that made something of the key.
    public struct Chapter: Hashable, Sendable {
        /// What became of the key by it.
        public enum Effect: String, Hashable, Sendable {
            /// The key came out of it.
            case made
            /// Its successor came out of it.
            case replaced
            /// It ended all trust in the key.
            case revoked
        }

        /// What became of the key.
        public let effect: Effect
        /// The ceremony.
        public let ceremony: String
        /// Its kind.
        public let kind: String
        /// Every signature in it, in the order of the log.
        public let links: [Link]
    }

    /// The key.
    public let key: Fingerprint
    /// The ceremonies, in the order of the log.
    public let chapters: [Chapter]

    /// The chain of a key as it stood at a place in the log.
    ///
    /// - Parameters:
    ///   - events: The log that `state` was folded from, from its first event, behind all events
    ///     of the logs that it goes on from.
    ///   - place: What stands behind it in this log is left out: ceremonies that had not yet made
    ///     anything of the key, and signatures that came later.
    /// - Returns: `nil` where no ceremony of this log has made the key.
    public init?(of key: Fingerprint, in state: State, events: [Event], at place: LogPosition) {
        guard let entry = state.key(key) else { return nil }
        self.key = key
        let successor = entry.overlap.flatMap { state.key($0.successor)?.ceremony }
        let ceremonies: [(Chapter.Effect, String?, KeyEntry.Moment?)] = [
            (.made, entry.ceremony, entry.registered),
            (.replaced, successor, entry.overlap?.begun),
            (.revoked, entry.revocation?.ceremony, entry.revocation?.moment),
        ]
        chapters = ceremonies.compactMap { effect, id, moment in
            guard place.includes(moment),
                let ceremony = id.flatMap({ state.recordedCeremony(named: $0) })
            else { return nil }
            let own = events.filter { event in
                let isOwn = event.origin.utf8.elementsEqual(state.log.origin.utf8)
                return (!isOwn || event.seq <= place.seq)
                    && event.body.ceremony?.utf8.elementsEqual(ceremony.id.utf8) ?? false
            }
            return Chapter(
                effect: effect, ceremony: ceremony.id, kind: ceremony.kind,
                links: own.flatMap { Link.all(in: $0, of: ceremony) })
        }
    }
}

extension AuthorisationChain.Link {
    /// The signatures in one event of a ceremony.
    static func all(in event: Event, of ceremony: Ceremony) -> [Self] {
        let statement = ceremony.statement
        let moment = KeyEntry.Moment(seq: event.seq, time: event.time)
        func signed(
            _ part: Part, _ name: String, _ role: String?, _ key: Fingerprint,
            _ document: some Document, _ namespace: SignatureNamespace, _ sshsig: [UInt8],
            _ justification: String? = nil, _ evidence: [Evidence] = []
        ) -> Self {
            Self(
                part: part, name: name, role: role, key: key, moment: moment,
                title: type(of: document).title, document: document.bytes, namespace: namespace,
                sshsig: sshsig, justification: justification ?? meaning(of: document),
                evidence: evidence)
        }
        func act(_ part: Part, _ document: SignedDocument?) -> [Self] {
            guard let document, let act = try? Act(lines: document.lines) else { return [] }
            return [
                signed(
                    part, act.actor.name, act.role.rawValue, document.key, act, .act,
                    document.sshsig, act.justification, act.evidence)
            ]
        }
        switch event.body {
        case .ceremonyOpened(let body):
            return [
                signed(
                    .initiator, statement.initiator.name, "initiator", body.signed.key, statement,
                    .open, body.signed.sshsig, statement.reason)
            ]
        case .ceremonyWitnessed(let body):
            let kind = statement.witnesses.first { $0.fingerprint == body.key }?.kind
            return [
                signed(
                    .witness, body.witness, kind?.rawValue, body.key, statement, .approve,
                    body.sshsig)
            ]
        case .ceremonyAccepted(let body):
            guard let acceptance = try? Acceptance(lines: body.signed.lines) else { return [] }
            return [
                signed(
                    .participant, body.participant, body.set, body.signed.key, acceptance, .accept,
                    body.signed.sshsig)
            ]
        case .ceremonyDeclined(let body): return act(.decliner, body.signed)
        case .ceremonyExecuting(let body): return act(.executor, body.signed)
        case .ceremonyCompleted(let body):
            guard let outcome = try? KeyOutcome(body.outcome) else { return [] }
            let keys: [(Part, [UInt8]?, Fingerprint?)] = [
                (.newKey, outcome.possession, outcome.record.fingerprint),
                (.oldKey, outcome.endorsement, outcome.record.oldKey),
            ]
            return keys.compactMap { part, sshsig, key in
                guard let sshsig, let key else { return nil }
                return signed(
                    part, statement.subject, nil, key, outcome.record, .key, sshsig)
            }
        case .ceremonyAttested(let body):
            guard let record = ceremony.record else { return [] }
            let kind = statement.witnesses.first { $0.fingerprint == body.key }?.kind
            return [
                signed(
                    .attester, body.witness, kind?.rawValue, body.key, record, .attest, body.sshsig)
            ]
        case .ceremonyFailed(let body): return act(.canceller, body.signed)
        case .ceremonyExpired(let body): return act(.canceller, body.signed)
        case .objectDestroyed(let body): return act(.recoverer, body.signed)
        case .exceptionNoted(let body): return act(.noter, body.signed)
        case .peerConfirmed(let body): return act(.confirmer, body.signed)
        default: return []
        }
    }

    /// What signing the document says: its last line.
    private static func meaning(of document: some Document) -> String {
        let name = "meaning: "
        guard let last = document.lines.last, last.utf8.starts(with: name.utf8) else { return "" }
        return String(decoding: last.utf8.dropFirst(name.utf8.count), as: UTF8.self)
    }
}
