// An executor without tokens: it asks the kind what comes next and answers as a token would, so
// that intents and outcomes are those of the kinds themselves.

public import CeremonyRecord
public import CeremonyRules

extension House {
    /// What a survey of the token would find.
    public static let survey = Survey(
        keyID: [UInt8](repeating: 0x5a, count: 16), inventory: Digest(of: []))

    /// The intent of an approved ceremony, as its kind gives it.
    public func intent(of id: String) throws(Refusal) -> JSON? {
        guard let ceremony = state.ceremony(named: id) else { return nil }
        let operation = try state.operation(of: ceremony.statement)
        var done: [StepResult] = []
        while case .step(let step) = operation.next(after: done, of: ceremony) {
            guard let result = result(of: step, making: nil, by: tokenKeys) else { return nil }
            done.append(result)
        }
        guard case .intent(let intent) = operation.next(after: done, of: ceremony) else {
            return nil
        }
        return intent
    }

    /// What a token would answer; `nil` where a key is to be made and none is given.
    private func result(
        of step: Step, making made: GeneratedKey?, by keys: [Fingerprint: SoftwareKey]
    ) -> StepResult? {
        switch step {
        case .survey: .surveyed(House.survey)
        case .probe(let key): .probed(key.key.fingerprint)
        case .generate: made.map { .generated($0) }
        case .look: vaultSeen.map { .seen($0) }
        case .plan(let work): House.planned(work).map { .planned($0) }
        case .stage(let work): House.staged(work).map { .staged($0) }
        case .publish: .published
        case .split(_, _, let count): .split(House.split(among: count))
        case .setPIN: nil
        case .ask(let question):
            keys[question.key.fingerprint].map { key in
                .answered(
                    question.messages.map { key.signature(over: $0.bytes) },
                    by: question.key.fingerprint)
            }
        case .challenge(let questions, _):
            .challenged(
                Dictionary(
                    uniqueKeysWithValues: questions.compactMap { question in
                        keys[question.key.fingerprint].map { key in
                            (
                                question.key.fingerprint,
                                question.messages.map { key.signature(over: $0.bytes) }
                            )
                        }
                    }))
        case .sign(let key, let bytes):
            keys[key.key.fingerprint].map {
                .signed(
                    $0.signature(over: bytes), by: key.key.fingerprint, of: Digest(of: bytes))
            }
        }
    }

    /// The digests of a split, as good as any.
    public static func split(among count: Int) -> SplitDigests {
        SplitDigests(
            secret: Digest(of: [0]), shares: (0..<count).map { Digest(of: [1, UInt8($0)]) })
    }

    /// The outcome of an executing ceremony, with a key made from the number.
    public func outcome(
        of id: String, key number: Int = 500, generated: Timestamp? = nil,
        _ change: (inout GeneratedKey) -> Void = { _ in }
    ) throws(Refusal) -> JSON? {
        try outcome(of: id, by: SoftwareKey(number), generated: generated, change)
    }

    /// The same with any key.
    public func outcome(
        of id: String, by key: SoftwareKey, generated: Timestamp? = nil,
        _ change: (inout GeneratedKey) -> Void = { _ in }
    ) throws(Refusal) -> JSON? {
        guard let ceremony = state.ceremony(named: id) else { return nil }
        let operation = try state.operation(of: ceremony.statement)
        var made = GeneratedKey(
            publicKey: key.publicKey, attributes: KeyMaking.attributes, module: "/lib/token.so",
            moduleDigest: Digest(of: [1]), generated: generated ?? max(now, state.head.time))
        change(&made)
        let keys = tokenKeys.merging([made.publicKey.fingerprint: key]) { $1 }
        var done: [StepResult] = []
        while case .step(let step) = operation.next(after: done, of: ceremony) {
            guard let result = result(of: step, making: made, by: keys) else { return nil }
            done.append(result)
        }
        guard case .commit(let outcome) = operation.next(after: done, of: ceremony) else {
            return nil
        }
        return outcome
    }

    /// What a person is asked to sign while it is carried out, with a key made from the number.
    public func question(of id: String, key number: Int = 600) throws(Refusal) -> Question? {
        guard let ceremony = state.ceremony(named: id) else { return nil }
        let operation = try state.operation(of: ceremony.statement)
        let key = SoftwareKey(number)
        let made = GeneratedKey(
            publicKey: key.publicKey, attributes: KeyMaking.attributes, module: "/lib/token.so",
            moduleDigest: Digest(of: [1]), generated: max(now, state.head.time))
        let keys = tokenKeys.merging([made.publicKey.fingerprint: key]) { $1 }
        var done: [StepResult] = []
        while case .step(let step) = operation.next(after: done, of: ceremony) {
            if case .ask(let question) = step { return question }
            guard let result = result(of: step, making: made, by: keys) else { return nil }
            done.append(result)
        }
        return nil
    }

    /// Orders the execution.
    @discardableResult
    public mutating func execute(
        _ id: String, by name: String = "dave", as role: ActRole? = nil
    )
        throws(Refusal) -> Decision
    {
        let order = signed(try act(.execute, by: name, as: role, on: id))
        return try decide(
            .execute(document: order.document, sshsig: order.sshsig, intent: try intent(of: id)))
    }

    /// Reports the outcome, with a key made from the number.
    @discardableResult
    public mutating func complete(_ id: String, key number: Int = 500) throws(Refusal) -> KeyRecord?
    {
        guard let outcome = try outcome(of: id, key: number) else { return nil }
        try decide(.complete(ceremony: id, outcome: outcome))
        tokenKeys[SoftwareKey(number).fingerprint] = SoftwareKey(number)
        return state.ceremony(named: id)?.record
    }

    /// Makes and attests the first key of a subject, all within one second.
    public mutating func activated(_ subject: String = "keeper-alpha", key number: Int = 500)
        throws(Refusal) -> KeyRecord
    {
        let record = try completed(subject, key: number)
        try attest("alice", "bob", record: record)
        return record
    }

    /// A ceremony by dave for a subject, approved by alice, bob and carol.
    public mutating func approved(_ subject: String = "keeper-alpha") throws(Refusal) -> Statement {
        let statement = try open(subject: subject)
        try approve("alice", "bob", "carol", statement: statement)
        return statement
    }

    /// The same, being executed.
    public mutating func executing(_ subject: String = "keeper-alpha") throws(Refusal) -> Statement
    {
        let statement = try approved(subject)
        try execute(statement.ceremony)
        return statement
    }

    /// The same, completed and not yet attested.
    public mutating func completed(_ subject: String = "keeper-alpha", key number: Int = 500)
        throws(Refusal) -> KeyRecord
    {
        let statement = try executing(subject)
        guard let record = try complete(statement.ceremony, key: number) else {
            preconditionFailure("the kind makes a key")
        }
        return record
    }

    /// A ceremony whose execution was interrupted, and may have left something.
    public mutating func interrupted(
        _ subject: String = "keeper-alpha", left: [String] = ["private-key", "public-key"]
    ) throws(Refusal) -> Statement {
        let statement = try executing(subject)
        try decide(
            .fail(ceremony: statement.ceremony, Failure(reason: "interrupted", left: left)))
        return statement
    }

    /// An order to recover what a ceremony left, by dave the operator.
    ///
    /// - Parameter isTokenLost: Whether it says that the token is lost.
    public mutating func recovery(
        of id: String, isTokenLost: Bool = false, _ change: (inout Act) -> Void = { _ in }
    ) throws(Refusal) -> Signed {
        var act = try act(.recover, by: "dave", as: .operator, on: id)
        if isTokenLost, let object = state.ceremony(named: id)?.announced {
            act.evidence.append(object.lossEvidence)
        }
        change(&act)
        return signed(act)
    }

    /// Orders it, and reports what was found.
    @discardableResult
    public mutating func recover(_ id: String, _ outcome: DestructionOutcome) throws(Refusal)
        -> Decision
    {
        let order = try recovery(of: id, isTokenLost: outcome == .unreachable)
        return try decide(
            .recover(document: order.document, sshsig: order.sshsig, outcome: outcome))
    }
}
