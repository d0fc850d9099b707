// The questions that executions have put to people and wait for. An answer is signatures, checked
// here; what ends the waiting besides is whatever ends the execution: its deadline, a halt, a no.

import CeremonyRecord
public import CeremonyRules
import Synchronization

/// What people are being asked, by ceremony.
final class Questions: Sendable {
    private struct Open {
        let question: Question
        let answered: CheckedContinuation<[[UInt8]]?, Never>
    }

    private let open = Mutex<[String: Open]>([:])

    /// Waits for the signatures, verified.
    ///
    /// - Returns: `nil` where the execution is over, or may not go on.
    func ask(_ question: Question, of ceremony: String) async -> [[UInt8]]? {
        await withCheckedContinuation { continuation in
            open.withLock { open in
                open[ceremony] = Open(question: question, answered: continuation)
            }
        }
    }

    /// What is being asked for a ceremony.
    func question(of ceremony: String) -> Question? {
        open.withLock { $0[ceremony]?.question }
    }

    /// Takes the signatures that were asked for.
    ///
    /// - Throws: ``EngineError`` (`not-yet` where nothing is asked, `bad-signature`).
    func answer(_ signatures: [[UInt8]], for ceremony: String) throws(EngineError) {
        let answered = try open.withLock { open throws(EngineError) in
            guard let asked = open[ceremony] else {
                throw EngineError(
                    Refusal(
                        .notYet, "Nobody is asked to sign anything for \(ceremony) now.",
                        next: "How it stands: ceremonyctl show \(ceremony)."))
            }
            guard asked.question.isAnswered(by: signatures) else {
                throw EngineError(
                    Refusal(
                        .badSignature,
                        "These are not the signatures by \(asked.question.key.fingerprint) that are "
                            + "asked for.",
                        next: "Nothing was recorded. Sign again: ceremonyctl answer \(ceremony).",
                        requirement: "NFR18"))
            }
            open[ceremony] = nil
            return asked.answered
        }
        answered.resume(returning: signatures)
    }

    /// Gives up waiting for those ceremonies.
    func giveUp(where isOver: (String) -> Bool) {
        let over = open.withLock { open in
            let names = open.keys.filter(isOver)
            return names.compactMap { open.removeValue(forKey: $0)?.answered }
        }
        for each in over { each.resume(returning: nil) }
    }
}

extension Executor {
    /// Lets go of every question whose ceremony may not go on.
    func lookAtQuestions() {
        let snapshot = published.snapshot
        let look = watch.look()
        let time = snapshot.state.time(of: look.standing, at: look.now)
        questions.giveUp { id in
            guard !snapshot.isHalted, let ceremony = snapshot.state.ceremony(named: id),
                ceremony.state == .executing, ceremony.refused == nil,
                let deadline = ceremony.executionDeadline
            else { return true }
            return time >= deadline
        }
    }
}

extension Engine {
    /// What a person is asked to sign for a ceremony that is being carried out; `nil` where nobody
    /// is.
    public func question(of ceremony: String) -> Question? {
        executor.questions.question(of: ceremony)
    }

    /// Takes the signatures that a person was asked for. They stand in the outcome, or nowhere.
    ///
    /// - Parameter signatures: 64 bytes each, in the order of the question's messages.
    /// - Throws: ``EngineError`` (`halted`, `not-yet`, `bad-signature`).
    public func answer(_ signatures: [[UInt8]], for ceremony: String) throws(EngineError) {
        guard !snapshot.isHalted else { throw EngineError(.haltedByFile) }
        try executor.questions.answer(signatures, for: ceremony)
    }
}
