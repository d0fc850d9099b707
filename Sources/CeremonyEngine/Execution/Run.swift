// One execution under way: the steps on tokens, the intent before them, and every way to end. It
// leaves nothing EXECUTING that it could end, and no key on a token that it could destroy.

import CeremonyRecord
import CeremonyRules
import Sodium

/// One execution under way.
struct Run {
    let executor: Executor
    var ceremony: Ceremony
    var done: [StepResult] = []
    var order: Recorded?
    private var made: (vault: any KeyVault, id: [UInt8])?
    /// A PIN that was chosen; it is nobody's before it is announced.
    private var dealt: DealtPIN?
    /// The vault beside which files were put ready.
    private var staged: String?
    private var isUnderWay = false

    init(executor: Executor, ceremony: Ceremony) {
        self.executor = executor
        self.ceremony = ceremony
    }

    /// Where the execution stands, for boundaries.
    var place: String {
        order == nil ? "before-intent-\(done.count)" : "after-intent-\(done.count)"
    }

    // MARK: Steps

    mutating func perform(_ step: Step) async throws(VaultError) -> StepResult {
        switch step {
        case .survey(let token, let label, let keyID):
            return .surveyed(try await survey(token, label: label, keyID: keyID))
        case .generate(let token, let keyID, let label):
            return .generated(try await generate(token, keyID: keyID, label: label))
        case .probe(let key):
            // Random bytes under a purpose of their own: nothing that could be used elsewhere.
            let bytes = SSHSIG.signedBytes(namespace: .probe, message: randomBytes(32))
            do throws(VaultError) { _ = try await signature(of: bytes, by: key) } catch {
                var trouble = error
                trouble.detail = "The old key cannot sign now. \(error.detail)"
                throw trouble
            }
            return .probed(key.key.fingerprint)
        case .ask(let question):
            return .answered(
                try await answers(to: question), by: question.key.fingerprint)
        case .challenge(let questions, let patience):
            return .challenged(try await answers(to: questions, within: patience))
        case .look(let sight):
            return .seen(try await executor.desk.look(sight, now: time, isOrdered: true))
        case .plan(let work):
            return .planned(try await executor.desk.plan(work))
        case .stage(let work):
            staged = work.vault
            return .staged(try await executor.desk.stage(work))
        case .publish(let publication):
            _ = try await executor.desk.publish(publication)
            return .published
        case .split(let token, let threshold, let count):
            return .split(try await split(token, threshold, among: count))
        case .setPIN:
            throw VaultError(.executionFailed, "A PIN is set when the ceremony is committed.")
        case .sign(let key, let bytes):
            return .signed(
                try await signature(of: bytes, by: key), by: key.key.fingerprint,
                of: Digest(of: bytes))
        }
    }

    private func signature(of bytes: [UInt8], by key: SigningKey) async throws(VaultError)
        -> [UInt8]
    {
        let vault = try await find(key.token)
        let signature = try await vault.sign(bytes, with: .id(key.keyID))
        guard Ed25519.isValid(signature: signature, of: bytes, by: key.key.point) else {
            throw VaultError(
                .tokenTrouble,
                "The signature by \(key.key.fingerprint) on \(key.token.label) does not verify off "
                    + "the token.")
        }
        return signature
    }

    /// What is asked of a person is waited for as long as the execution may take.
    private func answers(to question: Question) async throws(VaultError) -> [[UInt8]] {
        try checkStillWanted()
        // What ended it while the question was being put is seen by the next look at the latest.
        async let answer = executor.questions.ask(question, of: ceremony.id)
        executor.lookAtQuestions()
        guard let signatures = await answer else {
            throw VaultError(
                .executionFailed, "\(question.person) was asked to sign, and has not.")
        }
        return signatures
    }

    /// Several people are asked at once. Who has not answered when the patience is over could not
    /// be reached; what ends the execution meanwhile ends it.
    private func answers(to questions: [Question], within patience: Int) async throws(VaultError)
        -> [Fingerprint: [[UInt8]]]
    {
        try checkStillWanted()
        let until = time + patience
        let answers = await withTaskGroup(of: (Fingerprint, [[UInt8]]?).self) { group in
            for question in questions {
                group.addTask { [executor, ceremony] in
                    async let answer = executor.questions.ask(
                        question, of: ceremony.id, until: until)
                    executor.lookAtQuestions()
                    return (question.key.fingerprint, await answer)
                }
            }
            return await group.reduce(into: [Fingerprint: [[UInt8]]]()) { $0[$1.0] = $1.1 }
        }
        guard !executor.questions.isClosed else {
            throw VaultError(
                .executionFailed, "The daemon was stopped while members were asked.")
        }
        guard executor.published.snapshot.mayGoOn(ceremony.id, at: time) else {
            throw VaultError(
                .executionFailed, "It was ended while members were asked for their new keys.")
        }
        return answers
    }

    /// Halt and time once more, at the last moment at which nothing has been done (CT-11, VAL-2).
    private func checkStillWanted() throws(VaultError) {
        let snapshot = executor.published.snapshot
        guard !snapshot.isHalted else {
            throw VaultError(.executionFailed, "The house was halted before this was done.")
        }
        let look = executor.watch.look()
        if let doubt = snapshot.state.refusal(of: look.standing, at: look.now) {
            throw VaultError(.executionFailed, doubt.detail)
        }
        guard snapshot.state.ceremony(named: ceremony.id)?.state == .executing, !isLate else {
            throw VaultError(.executionFailed, "The time was over before this was done.")
        }
    }

    private var isLate: Bool { ceremony.executionDeadline.map { time >= $0 } ?? false }

    /// Now, as the rules measure.
    private var time: Timestamp {
        let look = executor.watch.look()
        return executor.published.snapshot.state.time(of: look.standing, at: look.now)
    }

    private func survey(_ token: TokenReference, label: String, keyID: [UInt8]?)
        async throws(VaultError) -> Survey
    {
        let vault = try await find(token)
        let description = try await vault.inspect()
        guard description.canEd25519 else {
            throw VaultError(.tokenUnable, "\(token.label) cannot make and use Ed25519 keys.")
        }
        guard description.isUnlocked else {
            throw VaultError.locked(vault.name)
        }
        let inventory = try await vault.inventory()
        var id = keyID
        if id == nil { id = try await vault.random(16) }
        guard let id else { throw VaultError(.tokenTrouble, "No key id could be chosen.") }
        if let other = inventory.first(where: { $0.id == id || $0.label == Array(label.utf8) }) {
            throw VaultError(
                .objectExists,
                "\(token.label) holds a \(other.objectClass) object with this id or label already: "
                    + "id \(Hex.encode(other.id)).")
        }
        return Survey(keyID: id, inventory: InventoryItem.digest(of: inventory))
    }

    /// Splits a new PIN of a token that is at work.
    private mutating func split(_ token: TokenReference, _ threshold: Int, among count: Int)
        async throws(VaultError) -> SplitDigests
    {
        let vault = try await find(token)
        let description = try await vault.inspect()
        guard description.isUnlocked else { throw VaultError.locked(vault.name) }
        guard !description.asksItself else {
            throw VaultError(
                .tokenUnable,
                "\(token.label) takes its PIN on its own keypad, so shares could not give it.")
        }
        let dealt = try DealtPIN(
            for: token, pinLength: description.pinLength, threshold: threshold, among: count)
        self.dealt = dealt
        return dealt.digests
    }

    private func find(_ token: TokenReference) async throws(VaultError) -> any KeyVault {
        try await executor.vaults.holding(token)
    }

    private mutating func generate(_ token: TokenReference, keyID: [UInt8], label: String)
        async throws(VaultError) -> GeneratedKey
    {
        let vault = try await find(token)
        let description = try await vault.inspect()
        try checkStillWanted()
        made = (vault, keyID)
        let key: VaultKey
        do throws(VaultError) {
            key = try await vault.generate(id: keyID, label: label)
        } catch  where error.code == .objectExists {
            // Somebody else's, and come in between: nothing of ours is to be undone.
            made = nil
            throw error
        }
        guard let publicKey = SSHPublicKey(ed25519: key.point) else {
            throw VaultError(
                .tokenTrouble, "The token made a point that is not a sound public key.",
                isGate: true)
        }
        return GeneratedKey(
            publicKey: publicKey, attributes: key.attributes, module: description.module,
            moduleDigest: description.moduleDigest, generated: time)
    }

    // MARK: Intent and ends

    /// Makes the intent durable; from here on the ceremony has to be ended, one way or the other.
    mutating func announce(
        _ intent: JSON, document: [UInt8], sshsig: [UInt8]
    ) async throws(EngineError) -> Recorded {
        isUnderWay = true
        executor.executions.begin(ceremony.id)
        do throws(EngineError) {
            let order = try await executor.writer.submit(
                .execute(document: document, sshsig: sshsig, intent: intent))
            guard !order.isRepeat else { return order }
            self.order = order
            if let dealt { executor.custody.hold(dealt, for: ceremony.id) }
            dealt = nil
            ceremony =
                executor.published.snapshot.state.ceremony(named: ceremony.id) ?? ceremony
            return order
        } catch  where error.has(.recordedNotSigned) {
            // Announced, but not signed: nothing is done on a token before that is.
            throw await fail(
                Failure(reason: "interrupted", phase: "intent", detail: error.detail))
        }
    }

    /// The execution is over, or was never announced; one that could not tell its end is now
    /// anybody's to end who can write the log. May be called twice.
    mutating func leave() {
        guard isUnderWay else { return }
        isUnderWay = false
        executor.executions.end(ceremony.id)
    }

    /// Has the writer decide the outcome.
    mutating func commit(_ outcome: JSON) async throws(EngineError) {
        do throws(EngineError) {
            _ = try await executor.writer.submit(.complete(ceremony: ceremony.id, outcome: outcome))
            executor.custody.keepPIN(of: ceremony.id)
        } catch {
            // Recorded is committed, signed or not; and what may be recorded must keep its key.
            if error.has(.recordedNotSigned) || error.has(.stopping) { throw error }
            throw await fail(
                Failure(reason: Run.reason(for: error), phase: "commit", detail: error.detail))
        }
    }

    /// Ends the ceremony after a step that did not succeed.
    mutating func fail(after error: VaultError, in step: Step) async -> EngineError {
        let reason =
            switch error.code {
            case .executionFailed: stopped
            case .tokenMissing: "token-lost"
            case .vaultChanged: "prestate-changed"
            default: error.isGate ? "gate-failed" : "token-error"
            }
        return await fail(
            Failure(
                reason: reason, phase: step.name, detail: error.detail, pkcs11: error.pkcs11))
    }

    /// What keeps it from going on, from outside.
    private var stopped: String {
        let snapshot = executor.published.snapshot
        if snapshot.isHalted { return "halted" }
        if isLate { return "deadline" }
        let now = snapshot.state.ceremony(named: ceremony.id) ?? ceremony
        if now.refused != nil { return "declined" }
        return snapshot.state.isAsAgreed(now) ? "interrupted" : "prestate-changed"
    }

    /// Undoes what can be undone, and writes down the rest.
    mutating func fail(_ failure: Failure) async -> EngineError {
        var failure = failure
        failure.add(left: await undo())
        await executor.boundary("undone")
        var isRecorded = true
        // The log says that it is halted before it says what the halt has ended. If it cannot yet,
        // it refuses the reason, and the ceremony is ended when it can.
        if failure.reason == "halted" { try? await executor.halts.recordHeld() }
        do throws(EngineError) {
            // A halt that no file could take is in memory only, and the log knows nothing of it.
            if failure.reason == "halted", !executor.published.snapshot.state.isHalted {
                failure.reason = "interrupted"
            }
            _ = try await executor.writer.submit(.fail(ceremony: ceremony.id, failure))
        } catch  where error.has(.recordedNotSigned) {
            isRecorded = true
        } catch {
            let now = executor.published.snapshot.state.ceremony(named: ceremony.id)
            isRecorded = now?.state == .failed
            // Somebody else ended it first, the clock perhaps: what the log says counts.
            failure.reason = now?.end?.reason ?? failure.reason
            guard isRecorded else { return unrecorded(failure, because: error) }
        }
        await executor.boundary("failed")
        let brought = executor.published.snapshot.state.ceremony(named: ceremony.id)?.leftKeys ?? []
        let traces =
            failure.left
            + brought.map {
                "\($0.participant.name) has the key \($0.key.key.fingerprint) in their token, inert"
            }
        let left =
            traces.isEmpty ? "Nothing is left on a token." : traces.joined(separator: "; ") + "."
        return EngineError(
            .executionFailed,
            "\(ceremony.id) is FAILED (\(failure.reason)): \(failure.detail ?? "") \(left)",
            next: "No key of it is or will be valid. Start a new ceremony when the cause is mended."
                + (brought.isEmpty
                    ? "" : " Whoever brought a key takes it away: ceremonyctl tidy \(ceremony.id).")
        )
    }

    private func unrecorded(_ failure: Failure, because error: EngineError) -> EngineError {
        EngineError(
            .executionFailed,
            "\(ceremony.id) failed (\(failure.reason)), and this could not be recorded: "
                + error.detail,
            next: "It is recorded when the log token is unlocked again, or when its time is over.")
    }

    /// Destroys the key that this execution made, and names what is left, object by object: what
    /// the step itself said of that was before.
    private func undo() async -> [String] {
        if let staged { await executor.desk.discard(ceremony.id, of: staged) }
        executor.custody.forget(ceremony.id)
        guard let made else { return [] }
        // Whether it could be destroyed is seen by looking.
        _ = try? await made.vault.destroy(id: made.id)
        return await ceremony.remains(on: made.vault) ?? ceremony.traces
    }

    private static func reason(for error: EngineError) -> String {
        switch RefusalCode(rawValue: error.code) {
        case .halted: "halted"
        case .expired: "deadline"
        case .declined: "declined"
        case .prestateChanged: "prestate-changed"
        case .some: "outcome-refused"
        case nil: "interrupted"
        }
    }
}
