// The questions that executions have put to people and wait for. An answer is signatures, checked
// here; what ends the waiting besides is whatever ends the execution, its deadline, a halt, a no,
// or the patience that the question was put with.

public import CeremonyRecord
public import CeremonyRules
import Synchronization

/// What people are being asked, by ceremony and key.
final class Questions: Sendable {
    private struct Place: Hashable {
        let ceremony: String
        let key: Fingerprint
    }

    private struct Open {
        let question: Question
        let until: Timestamp?
        let answered: CheckedContinuation<[[UInt8]]?, Never>
    }

    private struct Content {
        var open: [Place: Open] = [:]
        var isClosed = false
    }

    private let content = Mutex(Content())

    /// Whether nobody is asked any more, because the daemon stops.
    var isClosed: Bool { content.withLock { $0.isClosed } }

    /// Nobody is asked from now on. Who is being asked is given up at the next look.
    func close() { content.withLock { $0.isClosed = true } }

    /// Waits for the signatures, verified.
    ///
    /// - Parameter until: When it is not waited for any more; `nil` for as long as the execution
    /// may take.
    /// - Returns: `nil` where that is over, or the execution is, or may not go on.
    func ask(_ question: Question, of ceremony: String, until: Timestamp? = nil) async
        -> [[UInt8]]?
    {
        await withCheckedContinuation { continuation in
            content.withLock { content in
                content.open[Place(ceremony: ceremony, key: question.key.fingerprint)] = Open(
                    question: question, until: until, answered: continuation)
            }
        }
    }

    /// What is being asked for a ceremony, in the order of the names.
    func questions(of ceremony: String) -> [Question] {
        content.withLock { content in
            content.open.filter { $0.key.ceremony.utf8.elementsEqual(ceremony.utf8) }.map(
                \.value.question)
        }.sorted { $0.person.utf8.lexicographicallyPrecedes($1.person.utf8) }
    }

    /// Takes the signatures that were asked for.
    ///
    /// - Throws: ``EngineError`` (`not-yet` where the key is not asked, `bad-signature`).
    func answer(_ signatures: [[UInt8]], by key: Fingerprint, for ceremony: String)
        throws(EngineError)
    {
        let answered = try content.withLock { content throws(EngineError) in
            let place = Place(ceremony: ceremony, key: key)
            guard let asked = content.open[place] else {
                throw EngineError(
                    Refusal(
                        .notYet,
                        "The key \(key) is not asked to sign anything for \(ceremony) now.",
                        next: "How it stands: ceremonyctl show \(ceremony)."))
            }
            guard asked.question.isAnswered(by: signatures) else {
                throw EngineError(
                    Refusal(
                        .badSignature,
                        "These are not the signatures by \(key) that are asked for.",
                        next: "Sign again: ceremonyctl answer \(ceremony).",
                        requirement: "NFR18"))
            }
            content.open[place] = nil
            return asked.answered
        }
        answered.resume(returning: signatures)
    }

    /// Gives up waiting for those ceremonies, and for whoever has been waited for long enough.
    func giveUp(at time: Timestamp, where isOver: (String) -> Bool) {
        let over = content.withLock { content in
            let places = content.open.filter { place, asked in
                content.isClosed || isOver(place.ceremony)
                    || asked.until.map { time >= $0 } ?? false
            }.map(\.key)
            return places.compactMap { content.open.removeValue(forKey: $0)?.answered }
        }
        for each in over { each.resume(returning: nil) }
    }
}

extension Executor {
    /// Lets go of every question whose ceremony may not go on, or whose time is over.
    func lookAtQuestions() {
        let snapshot = published.snapshot
        let look = watch.look()
        let time = snapshot.state.time(of: look.standing, at: look.now)
        questions.giveUp(at: time) { !snapshot.mayGoOn($0, at: time) }
    }
}

extension Snapshot {
    /// Whether an execution may go on: nothing has ended it, nobody has said no to it, and it could
    /// still be committed.
    func mayGoOn(_ id: String, at time: Timestamp) -> Bool {
        guard !isHalted, let ceremony = state.ceremony(named: id), ceremony.state == .executing,
            ceremony.refused == nil, let deadline = ceremony.executionDeadline,
            state.isAsAgreed(ceremony)
        else { return false }
        return time < deadline
    }
}

extension Engine {
    /// What people are asked to sign for a ceremony that is being carried out, by name. Nobody is
    /// asked for one that may not go on any more.
    public func questions(of ceremony: String) -> [Question] {
        guard snapshot.mayGoOn(ceremony, at: time) else { return [] }
        return executor.questions.questions(of: ceremony)
    }

    /// Waits for no person any more: an execution that does ends FAILED, `interrupted`. For a stop,
    /// which must not be held up by somebody who is not there.
    public func stopAsking() {
        executor.questions.close()
        executor.lookAtQuestions()
    }

    /// Takes the signatures that a person was asked for. They stand in the outcome, or nowhere.
    ///
    /// - Parameters:
    ///   - signatures: 64 bytes each, in the order of the question's messages.
    ///   - key: The key that was asked.
    /// - Throws: ``EngineError`` (`halted`, `not-yet`, `bad-signature`).
    public func answer(_ signatures: [[UInt8]], by key: Fingerprint, for ceremony: String)
        throws(EngineError)
    {
        guard !snapshot.isHalted else { throw EngineError(.haltedByFile) }
        try executor.questions.answer(signatures, by: key, for: ceremony)
    }
}
