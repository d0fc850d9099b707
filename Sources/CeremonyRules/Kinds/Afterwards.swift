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

    /// Whether a later ceremony of the same subject may take its place, so that it keeps none
    /// waiting: shares of a PIN that was never set can be lost, and a PIN nobody has tried to set.
    public var canBeOvertaken: Bool { if case .setPIN = step { true } else { false } }

    /// What a done-event says of something that was not begun and never will be, because the key
    /// that it was for is revoked, or because a later ceremony has taken its place.
    public static let leftUndone = JSON.object(["result": .string("not-written")])
}

extension State {
    /// Completed ceremonies whose outcome the world has not followed yet, oldest first.
    public var unfinished: [Ceremony] { unfinishedNames.compactMap(committed) }

    /// Whether what a ceremony's outcome has not begun in the world is better left: the key that
    /// came out is revoked, or a later ceremony has split the token's PIN anew.
    public func isWithdrawn(_ ceremony: Ceremony) -> Bool {
        ceremony.key.flatMap { keys[$0]?.revocation } != nil || isOvertaken(ceremony)
    }

    /// `step.done`: the next thing that the outcome asks for is done, or is left because its key is
    /// revoked and nothing of it was begun.
    mutating func take(_ done: StepDone) throws(Refusal) {
        guard let ceremony = unfinished.first(where: { $0.id == done.ceremony }),
            let next = ceremony.afterwards.first, done.step == next.name,
            done.result == next.result
                || (done.result == Afterwards.leftUndone && isWithdrawn(ceremony))
        else {
            throw Refusal(
                .illegalEvent,
                "\(done.ceremony) has nothing of the name \(done.step) to do next, or not so.",
                requirement: "FP-4")
        }
        let isLeft = done.result != next.result
        try checkEvidence(for: next.step, of: ceremony, isLeft: isLeft)
        // What opens a token is part of what changes of its guardians depend on.
        defer { if next.canBeOvertaken { demandPrestateEndings(besides: ceremony.id) } }
        guard !isLeft else { return leave(ceremony.id) }
        change(ceremony.id) { $0.afterwards.removeFirst() }
        guard ceremony.afterwards.count == 1 else { return }
        unfinishedNames.removeAll { $0 == ceremony.id }
        release(before: ceremony)
    }

    /// Nothing is to be done for the ceremony any more, and nobody has anything to take over.
    private mutating func leave(_ id: String) {
        change(id) { ceremony in
            ceremony.afterwards = []
            ceremony.isLeftUndone = true
        }
        unfinishedNames.removeAll { $0 == id }
        unconfirmedNames.removeAll { $0 == id }
    }
}

// MARK: What outlives its log

extension State {
    /// A ceremony of this log, or one of an earlier log that still had something to do, or somebody
    /// to wait for, when this one began.
    func committed(_ id: String) -> Ceremony? { ceremonies[id] ?? inherited[id] }

    /// Changes it where it is.
    mutating func change(_ id: String, _ body: (inout Ceremony) -> Void) {
        guard var ceremony = committed(id) else { return }
        body(&ceremony)
        if ceremonies[id] == nil { inherited[id] = ceremony } else { ceremonies[id] = ceremony }
    }
}
