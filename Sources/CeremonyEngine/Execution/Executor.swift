// The executor: does the steps that a kind asks for, on the tokens, between an intent and an
// outcome. It knows no kind. Every boundary between two steps is a place where the process may die;
// what is durable at each of them is what DESIGN section 3 says.

public import CeremonyRecord
import CeremonyRules
import Sodium

/// What an observer of an execution is told.
public enum Progress: Sendable, Hashable {
    /// A step begins.
    case began(step: String)
    /// A person is asked to sign, and waited for.
    case asks(person: String)
    /// The intent is durable.
    case announced(seq: Int)
    /// The outcome, or the failure, is durable.
    case ended(CeremonyState)
}

/// Does the work of one ceremony, from the order to its end.
struct Executor: Sendable {
    let writer: Writer
    let halts: HaltDesk
    let published: Published
    let vaults: [any KeyVault]
    let watch: ClockWatch
    /// Called at every boundary between two steps; tests count and stop here.
    let boundary: @Sendable (String) async -> Void
    /// Those that have been announced and not yet ended.
    let executions = Executions()
    /// Those whose outcome is being carried on after an execution has ended. They need no token, so
    /// nobody who locks one waits for them.
    let rolling = Executions()
    /// What people are being asked.
    let questions = Questions()
    /// The vaults that ceremonies are about.
    var desk = VaultDesk([])
    /// Secrets of guarded tokens.
    let custody = Custody()
    /// Why what was committed could not be carried on.
    let troubles = Troubles()

    /// Executes the ceremony that the order names.
    ///
    /// - Returns: The order's receipt.
    /// - Throws: ``EngineError``: before the intent, a refusal that leaves the ceremony APPROVED;
    ///   after it `execution-failed`, and the ceremony is FAILED; `recorded-not-signed` and
    ///   `stopping` where the outcome stands in the log, or may.
    func execute(
        document: [UInt8], sshsig: [UInt8], progress: @escaping @Sendable (Progress) -> Void
    ) async throws(EngineError) -> Recorded {
        let ceremony: Ceremony
        let operation: any CeremonyKind
        do throws(Refusal) {
            let state = published.snapshot.state
            ceremony = try preflight(document, sshsig, in: state)
            operation = try state.operation(of: ceremony.statement)
        } catch {
            throw EngineError(error)
        }
        var run = Run(executor: self, ceremony: ceremony)
        defer { run.leave() }
        var last: Step?
        while true {
            await boundary(run.place)
            switch operation.next(after: run.done, of: run.ceremony) {
            case .step(let step) where step == last:
                let failure = Failure(
                    reason: "token-error", phase: step.name,
                    detail: "the step brought something else than it was asked for")
                guard run.order != nil else {
                    throw EngineError(.executionFailed, failure.detail ?? "")
                }
                throw await run.fail(failure)
            case .step(let step):
                last = step
                progress(.began(step: step.name))
                for person in step.asked { progress(.asks(person: person)) }
                do throws(VaultError) {
                    run.done.append(try await run.perform(step))
                } catch {
                    guard run.order != nil else {
                        return try overtaken(document, sshsig, error)
                    }
                    throw await run.fail(after: error, in: step)
                }
            case .intent(let intent):
                let order = try await run.announce(intent, document: document, sshsig: sshsig)
                guard !order.isRepeat else { return order }
                progress(.announced(seq: order.receipt?.seq ?? 0))
            case .fail(let reason, let detail):
                guard run.order != nil else {
                    throw EngineError(
                        .executionFailed, detail,
                        next: "Nothing was done. Mend the cause, and order it again.")
                }
                throw await run.fail(Failure(reason: reason, detail: detail))
            case .commit(let outcome):
                try await run.commit(outcome)
                progress(.ended(.completed))
                await boundary("done")
                // It is committed, whatever becomes of this; a timer tries again.
                try? await finish(ceremony.id)
                guard let order = run.order else {
                    throw EngineError(
                        .executionFailed, "The ceremony had nothing to announce.",
                        next: "Look at what it came to: ceremonyctl show \(ceremony.id).")
                }
                return order
            }
        }
    }

    private func preflight(_ document: [UInt8], _ sshsig: [UInt8], in state: State)
        throws(Refusal) -> Ceremony
    {
        let look = watch.look()
        return try state.preflight(
            document: document, sshsig: sshsig, now: look.now, clock: look.standing)
    }

    /// What becomes of an order whose step failed before it was announced: another one, or this
    /// very one handed in twice, may have begun meanwhile, and what the step found is that one's
    /// work.
    private func overtaken(_ document: [UInt8], _ sshsig: [UInt8], _ error: VaultError)
        throws(EngineError) -> Recorded
    {
        let state = published.snapshot.state
        do throws(Refusal) {
            if let receipt = try state.receipt(document: document, sshsig: sshsig) {
                return Recorded(receipt: receipt, isRepeat: true, events: [])
            }
            _ = try preflight(document, sshsig, in: state)
        } catch {
            throw EngineError(error)
        }
        throw error.engineError
    }
}

extension [any KeyVault] {
    /// The one token that a statement names, by all four of its facts.
    func holding(_ token: TokenReference) async throws(VaultError) -> any KeyVault {
        var trouble: VaultError?
        for vault in self {
            do throws(VaultError) {
                if try await vault.inspect().reference == token { return vault }
            } catch {
                trouble = trouble ?? error
            }
        }
        throw VaultError(
            .tokenMissing,
            "\(token.label) (\(token.model), serial \(token.serial)) is none of the daemon's "
                + "tokens that are here." + (trouble.map { " \($0.detail)" } ?? ""))
    }
}
