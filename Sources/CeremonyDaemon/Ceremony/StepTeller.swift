// Tells a waiting caller the steps of an execution as they happen. A caller that does not read is
// not waited for: the execution belongs to the daemon, not to whoever ordered it.

import CeremonyEngine
import CeremonyRecord

/// The steps of one execution, on their way to one caller.
final class StepTeller: Sendable {
    private let feed: AsyncStream<Progress>.Continuation
    private let sending: Task<Void, Never>

    init(_ reply: ReplyStream) {
        let (steps, feed) = AsyncStream.makeStream(
            of: Progress.self, bufferingPolicy: .bufferingNewest(32))
        self.feed = feed
        sending = Task {
            for await step in steps {
                // A caller that left misses its progress and nothing else.
                try? await reply.send(["progress": step.json], continues: true)
            }
        }
    }

    func tell(_ step: Progress) { feed.yield(step) }

    /// Returns when everything told so far is sent or given up.
    func finish() async {
        feed.finish()
        await sending.value
    }
}

extension Progress {
    fileprivate var json: JSON {
        switch self {
        case .began(let step): .object(["step": .string(step)])
        case .asks(let person): .object(["asks": .string(person)])
        case .announced(let seq): .object(["announced": .number(seq)])
        case .ended(let state): .object(["ended": .string(state.rawValue)])
        }
    }
}
