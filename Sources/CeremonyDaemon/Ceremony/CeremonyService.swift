// The interface org.ceremonyd.Ceremony: each method is a question to the engine's published state
// or a document handed to the engine. Nothing is decided here.

public import CeremonyEngine
import CeremonyRecord
import CeremonyRules
public import CeremonyStore
public import CeremonyWire

/// What answers the ceremony interface.
public struct CeremonyService: VarlinkInterface {
    /// `org.ceremonyd.Ceremony`
    public let name = CeremonyInterface.name
    /// The text of `org.ceremonyd.Ceremony.varlink`.
    public let description = CeremonyInterface.text

    let engine: Engine
    let ledger: SQLiteLedger
    let hub: WatchHub
    let unlocking: Unlocking

    /// A service over an engine and its log.
    public init(engine: Engine, ledger: SQLiteLedger, hub: WatchHub, unlocking: Unlocking) {
        self.engine = engine
        self.ledger = ledger
        self.hub = hub
        self.unlocking = unlocking
    }

    /// Answers one call; see ``VarlinkInterface/call(_:from:reply:)``.
    public func call(_ call: Call, from peer: Peer, reply: ReplyStream) async throws {
        do {
            switch call.member {
            case "Submit": try await submit(call, from: peer, reply)
            case "Watch": try await watch(call, reply)
            default: try await reply.send(try await answer(call, from: peer))
            }
        } catch let error as EngineError {
            note(error, call, peer)
            throw error.wireError
        }
    }

    private func answer(_ call: Call, from peer: Peer) async throws -> [String: JSON] {
        var parameters = Parameters(call)
        let snapshot = engine.snapshot
        var result: [String: JSON]
        switch call.member {
        case "Status":
            let clock = engine.clockReport
            result = [
                "status": View.status(
                    snapshot, clock: clock.time, logKeys: engine.logKeyReport),
                "clock": View.clock(clock),
            ]
        case "Draft": result = ["document": .strings(try await draft(&parameters).lines)]
        case "Show":
            result = ["ceremony": view(try ceremony(&parameters, snapshot), snapshot)]
        case "Questions": result = try questions(&parameters)
        case "Answer": result = try takeAnswer(&parameters)
        case "List":
            result = try Listing<Ceremony>.ceremonies(&parameters, snapshot) {
                view($0, snapshot)
            }
        case "Log": result = ["lines": .strings(try lines(&parameters, snapshot))]
        case "Predecessor": result = try predecessor(&parameters)
        case "Keys": result = try Listing<KeyEntry>.keys(&parameters, snapshot, at: engine.time)
        case "Deadlines":
            // What people have to do is told by the clock as it reads: nothing is decided by it.
            let time = max(engine.clockReport.reads, engine.time)
            result = try Listing<Deadline>.deadlines(&parameters, snapshot, at: time)
        case "Roster": result = ["roster": View.roster(snapshot.state.roster)]
        case "Policy":
            let roster = snapshot.state.roster
            result = [
                "policy": roster.policy.json, "digest": .string("\(roster.policy.digest)"),
                "outlook": .array(roster.outlook().map(View.outlook)),
            ]
        case "Kinds": result = ["kinds": .array(try kinds(&parameters, snapshot))]
        case "Tokens": result = ["tokens": .array(await tokens())]
        case "Inventory": result = try await inventory(&parameters)
        case "Lock": result = try await lock(&parameters, for: peer)
        case "ConfirmClock": result = try await confirmClock(&parameters, for: peer)
        case "Unlock": result = try await unlocking.issue(&parameters, to: peer, engine: engine)
        case "Unseal": result = try await unlocking.unseal(&parameters, to: peer, engine: engine)
        case "ProveShare": result = try await unlocking.prove(&parameters, to: peer, engine: engine)
        case "TakeShare": result = try unlocking.takeShare(&parameters, to: peer, engine: engine)
        case "Proof": result = try proof(&parameters, snapshot)
        case "Consistency": result = ["path": .strings(try consistency(&parameters))]
        default: throw VarlinkError.methodNotFound(call.method)
        }
        try parameters.finish()
        result["head"] = View.head(engine.snapshot)
        return result
    }

    // MARK: Writing

    private func draft(_ parameters: inout Parameters) async throws -> Statement {
        let kind = try parameters.string("kind")
        let subject = try parameters.string("subject")
        let into = try parameters.optionalString("into")
        var chosen: [String: String] = [:]
        for (name, value) in try parameters.optionalObject("parameters") ?? [:] {
            guard case .string(let text) = value else {
                throw VarlinkError.invalidParameter("parameters.\(name)")
            }
            chosen[name] = text
        }
        let initiator = try parameters.string("initiator")
        let key = try parameters.parsed("key") { Fingerprint($0) }
        let reason = try parameters.string("reason")
        let supersedes = try parameters.optionalString("supersedes")
        try parameters.finish()
        return try await engine.draft(
            Draft(
                kind: kind, subject: subject, parameters: chosen, supersedes: supersedes,
                initiator: Signatory(name: initiator, fingerprint: key), reason: reason,
                drafted: engine.time, nonce: engine.nonce()),
            into: into)
    }

    private func submit(_ call: Call, from peer: Peer, _ reply: ReplyStream) async throws {
        var parameters = Parameters(call)
        let lines = try parameters.strings("document")
        let sshsig = try parameters.parsed("signature", Base64.decode)
        let possession = try parameters.optionalParsed("possession", Base64.decode)
        try parameters.finish()
        let document = lines.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] }
        let steps = reply.wantsMore ? StepTeller(reply) : nil
        let recorded: Recorded
        do {
            recorded = try await engine.submit(
                document: document, sshsig: sshsig, possession: possession
            ) { step in steps?.tell(step) }
        } catch {
            // No step is told behind the refusal, and nobody waits for one for ever.
            await steps?.finish()
            throw error
        }
        await steps?.finish()
        let snapshot = engine.snapshot
        try await reply.send([
            "head": View.head(snapshot),
            "outcome": View.outcome(recorded, snapshot, at: engine.time),
        ])
    }

    private func lock(_ parameters: inout Parameters, for peer: Peer) async throws -> [String: JSON]
    {
        try unlocking.checkPermitted(peer)
        let token = try parameters.optionalString("token")
        try parameters.finish()
        if let token {
            try await engine.lock(token)
        } else {
            for vault in engine.vaults { try await engine.lock(vault.name) }
        }
        return [:]
    }

    /// Whoever may unlock may say that the clock is right: nothing more is opened by it.
    private func confirmClock(_ parameters: inout Parameters, for peer: Peer) async throws
        -> [String: JSON]
    {
        try unlocking.checkPermitted(peer)
        let date = try parameters.string("date")
        try parameters.finish()
        try await engine.confirmClock(date)
        return ["clock": View.clock(engine.clockReport)]
    }

    /// Refused access is evidence: it is folded and written down at most once a minute.
    private func note(_ error: EngineError, _ call: Call, _ peer: Peer) {
        guard call.member == "Submit", Self.noted.contains(error.code) else { return }
        var claimed: String?
        var ceremony: String?
        var digest: Digest?
        if case .array(let lines)? = call.parameters["document"] {
            let texts = lines.compactMap { if case .string(let text) = $0 { text } else { nil } }
            let bytes = texts.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] }
            digest = Digest(of: bytes)
            switch try? AnyDocument(bytes: bytes) {
            case .act(let act): (claimed, ceremony) = (act.actor.name, act.ceremony)
            case .statement(let statement): ceremony = statement.ceremony
            case .keyRecord(let record): ceremony = record.ceremony
            case .acceptance(let acceptance):
                (claimed, ceremony) = (acceptance.participant.name, acceptance.ceremony)
            case .genesis, .authorityOrder, .invite, nil: break
            }
        }
        engine.noteRefusal(
            AccessRefused(
                uid: Int(peer.uid), gid: Int(peer.gid), pid: Int(peer.pid), method: call.member,
                code: error.code, claimed: claimed, ceremony: ceremony, digest: digest, count: 1))
    }

    /// The refusals that say something about who knocked.
    private static let noted: Set<String> = Set(
        [
            RefusalCode.notOnRoster, .wrongRole, .initiatorExcluded, .holderExcluded, .notListed,
            .alreadyAnswered, .badSignature, .wrongNamespace, .wrongDocument, .nonceUsed,
            .statementDiffers, .unknownPrefix, .keyTaken, .ended, .expired,
        ].map(\.rawValue))
}
