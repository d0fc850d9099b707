// What a ceremony still has to do when it is committed: its outcome holds, and the world has to
// follow. Each part is rolled forward until it is done, however often the daemon dies, and closed
// by `step.done`; the outcome holds everything that is needed for it. DESIGN section 3.

public import CeremonyRecord
import HashTreeCollections

/// One thing to be done after a commit.
public struct Afterwards: Hashable, Sendable {
    /// The word for it in the log, once for each ceremony.
    public let name: String
    /// What is done. Doing it again, wholly or in part, must lead to the same.
    public let step: Step
    /// What its done-event says: a function of the outcome, so that the fold can hold it to that.
    public let result: JSON

    /// A thing to be done.
    public init(_ name: String, _ step: Step, result: JSON) {
        self.name = name
        self.step = step
        self.result = result
    }
}

extension State {
    /// Completed ceremonies whose outcome the world has not followed yet, oldest first.
    public var unfinished: [Ceremony] { unfinishedNames.compactMap { ceremonies[$0] } }

    /// `step.done`: the next thing that the outcome asks for is done.
    mutating func take(_ done: StepDone) throws(Refusal) {
        guard unfinishedNames.contains(done.ceremony),
            let next = ceremonies[done.ceremony]?.afterwards.first,
            done.step == next.name, done.result == next.result
        else {
            throw Refusal(
                .illegalEvent,
                "\(done.ceremony) has nothing of the name \(done.step) to do next, or not so.",
                requirement: "FP-4")
        }
        ceremonies[done.ceremony]?.afterwards.removeFirst()
        if ceremonies[done.ceremony]?.afterwards.isEmpty == true { finish(done.ceremony) }
    }

    /// Nothing is to be done for the ceremony any more: it has been, or its key is withdrawn.
    mutating func finish(_ ceremony: String) {
        unfinishedNames.removeAll { $0 == ceremony }
    }
}
