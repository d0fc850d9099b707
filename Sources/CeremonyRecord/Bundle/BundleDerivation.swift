// One pass over the log that lays down the bundle's files. It remembers what later events refer to:
// the witness lines of each statement, which number a person's signature files. FORMATS section 5.

/// The files so far.
struct BundleDerivation {
    private(set) var files: [String: [UInt8]] = [
        "FORMAT": Array(EvidenceBundle.format.utf8)
    ]
    private var seq = 0
    private var lines: [UInt8] = []
    private var statements: [String: Statement] = [:]
    private var trust = TrustCopies()

    /// Lays down what one event gives.
    mutating func take(_ event: Event) throws(BundleError) {
        seq = event.seq
        let line = event.line
        lines += line + [UInt8(ascii: "\n")]
        trust.take(event)
        switch event.body {
        case .logCreated(let body): try found(body)
        case .rosterSet(let body): try setRoster(body, line)
        case .ceremonyOpened(let body): try open(body)
        case .ceremonyWitnessed(let body):
            let name = suffix(of: body.witness, body.key, in: body.ceremony)
            try addSignature(body.sshsig, of: folder(body.ceremony) + "statement.txt", name)
        case .ceremonyAccepted(let body): try accept(body)
        case .ceremonyCompleted(let body): try complete(body, line)
        case .ceremonyAttested(let body):
            let name = suffix(of: body.witness, body.key, in: body.ceremony)
            try addSignature(body.sshsig, of: folder(body.ceremony) + "key-record.txt", name)
        case .ceremonyDeclined(let body): try addAct(body.signed, of: body.ceremony)
        case .ceremonyExecuting(let body): try addAct(body.signed, of: body.ceremony)
        case .ceremonyFailed(let body): try addAct(body.signed, of: body.ceremony)
        case .ceremonyExpired(let body): try addAct(body.signed, of: body.ceremony)
        case .objectDestroyed(let body): try addAct(body.signed, of: body.ceremony)
        case .exceptionNoted(let body): try addAct(body.signed, of: body.ceremony)
        case .haltRaised(let body): try addAct(body.signed, of: nil)
        case .peerConfirmed(let body): try addAct(body.signed, of: body.ceremony)
        case .ceremonyApproved, .keyActivated, .keyRetired, .keyLapsed, .keyRevoked, .haltCleared,
            .logRekeyed, .daemonStarted, .accessRefused, .clockCorrected, .stepDone, .unsealTried,
            .timeAnchored, .checkpointCosigned:
            break
        }
    }

    /// Remembers what an event of an earlier log gave that lives on: its keys and their ends.
    mutating func carry(_ event: Event) {
        switch event.body {
        case .ceremonyCompleted, .keyRevoked: trust.take(event)
        default: break
        }
    }

    /// Lays down what only the whole log gives.
    mutating func finish() {
        files["log/events.jsonl"] = lines
        for (name, text) in trust.files { files["trust-copies/\(name)"] = Array(text.utf8) }
    }

    private mutating func found(_ body: LogCreated) throws(BundleError) {
        let genesis: Genesis = try document(body.genesis)
        let path = "genesis/genesis.txt"
        try add(genesis.bytes, at: path)
        try add(Array(EvidenceBundle.readme(of: genesis).utf8), at: "README.txt")
        for signature in body.signatures {
            let member = genesis.members.first {
                $0.name.utf8.elementsEqual(signature.member.utf8)
            }
            let keys = member?.keys.map(\.key.fingerprint) ?? []
            let name = BundleDerivation.numbered(signature.member, signature.key, among: keys)
            try addSignature(signature.sshsig, of: path, name)
        }
    }

    private mutating func setRoster(_ body: RosterSet, _ line: [UInt8]) throws(BundleError) {
        let target = "roster/\(body.epoch)/"
        try add(line, at: target + "roster.json")
        guard let ceremony = body.ceremony else { return }
        // The people of an epoch are checked without searching for the ceremony that chose them.
        let source = folder(ceremony)
        let wanted = [source + "statement.txt", source + "acceptance."]
        for (path, bytes) in files where wanted.contains(where: { path.utf8.starts(with: $0.utf8) })
        {
            let name = String(decoding: path.utf8.dropFirst(source.utf8.count), as: UTF8.self)
            try add(bytes, at: target + name)
        }
    }

    private mutating func open(_ body: CeremonyOpened) throws(BundleError) {
        let statement: Statement = try document(body.signed.lines)
        statements[body.ceremony] = statement
        let path = folder(body.ceremony) + "statement.txt"
        try add(body.signed.bytes, at: path)
        try addSignature(body.signed.sshsig, of: path, "initiator")
    }

    private mutating func accept(_ body: CeremonyAccepted) throws(BundleError) {
        let _: Acceptance = try document(body.signed.lines)
        let asked = statements[body.ceremony]?.accepts.filter {
            $0.set.utf8.elementsEqual(body.set.utf8)
                && $0.name.utf8.elementsEqual(body.participant.utf8)
        }
        let name = BundleDerivation.numbered(
            body.participant, body.signed.key, among: asked?.map(\.fingerprint) ?? [])
        let path = folder(body.ceremony) + "acceptance.\(body.set).\(name).txt"
        try add(body.signed.bytes, at: path)
        try addSignature(body.signed.sshsig, of: path, nil)
        if let possession = body.possession {
            try addSignature(possession, of: path, "possession")
        }
    }

    private mutating func complete(
        _ body: CeremonyCompleted, _ line: [UInt8]
    ) throws(BundleError) {
        let folder = folder(body.ceremony)
        try add(line, at: folder + "completed.json")
        guard KeyOutcome.isMade(by: body.outcome) else { return }
        let outcome: KeyOutcome
        do { outcome = try KeyOutcome(body.outcome) } catch {
            throw BundleError(seq: seq, problem: "holds no key that came out: \(error)")
        }
        let path = folder + "key-record.txt"
        try add(outcome.record.bytes, at: path)
        try addSignature(outcome.possession, of: path, "new-key")
        if let endorsement = outcome.endorsement {
            try addSignature(endorsement, of: path, "old-key")
        }
        let key = outcome.record.publicKey
        try add(Array((key.line + "\n").utf8), at: folder + "key.pub")
        try add(Array(SubjectPublicKeyInfo.pem(of: key.point).utf8), at: folder + "key.pem")
        if let attestation = outcome.evidence.attestation {
            try add(attestation, at: folder + "attestation.bin")
        }
    }

    private mutating func addAct(
        _ signed: SignedDocument?, of ceremony: String?
    ) throws(BundleError) {
        guard let signed else { return }
        let act: Act = try document(signed.lines)
        let path =
            (ceremony.map(folder) ?? "") + "acts/\(seq)-\(act.act.rawValue)-\(act.actor.name).txt"
        try add(signed.bytes, at: path)
        try addSignature(signed.sshsig, of: path, nil)
    }

    private mutating func addSignature(
        _ sshsig: [UInt8], of path: String, _ name: String?
    ) throws(BundleError) {
        let signature: SSHSIG
        do { signature = try SSHSIG(blob: sshsig) } catch {
            throw BundleError(seq: seq, problem: "holds a signature that is none: \(error)")
        }
        try add(Array(signature.armored.utf8), at: path + (name.map { "." + $0 } ?? "") + ".sig")
    }

    private mutating func add(_ bytes: [UInt8], at path: String) throws(BundleError) {
        guard files.updateValue(bytes, forKey: path) == nil else {
            throw BundleError(seq: seq, problem: "gives \(path), which an earlier event gave")
        }
    }

    private func document<Content: Document>(_ lines: [String]) throws(BundleError) -> Content {
        do { return try Content(lines: lines) } catch {
            throw BundleError(seq: seq, problem: "holds no \(Content.title): \(error)")
        }
    }

    private func folder(_ ceremony: String) -> String { "ceremonies/\(ceremony)/" }

    /// A witness's part of a file name: the number comes from the statement's witness lines.
    private func suffix(of name: String, _ key: Fingerprint, in ceremony: String) -> String {
        let witnesses = statements[ceremony]?.witnesses ?? []
        let keys = witnesses.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.fingerprint)
        return BundleDerivation.numbered(name, key, among: keys)
    }

    /// `name` for a person's first key, `name+2`, `name+3` for the further ones.
    private static func numbered(
        _ name: String, _ key: Fingerprint, among keys: [Fingerprint]
    ) -> String {
        guard let position = keys.firstIndex(of: key), position > 0 else { return name }
        return "\(name)+\(position + 1)"
    }
}
