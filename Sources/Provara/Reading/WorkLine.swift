// Pieces of work that come one after the other, are done on several threads at once and taken back
// in the order in which they came. Nobody waits for a whole batch: while one piece is taken and the
// next is read, the others are worked on, and whoever would have to wait works too.

import Glibc

/// A line of pieces, each with what came of it. One thread puts and takes; it is the only one that
/// may, and it has to call ``end()``.
///
/// `@unchecked Sendable`: everything that changes is touched only under the mutex.
@safe final class WorkLine<Piece: Sendable, Outcome: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// A piece came, or none will.
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// The first piece in the line is done.
    private let readiness = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let body: @Sendable (Piece) -> Outcome
    private let helpers: Int
    private let window: Int

    /// The pieces that are not taken back yet, oldest first.
    private var line: [(piece: Piece, outcome: Outcome?)] = []
    /// How many of them, from the oldest on, somebody has begun.
    private var begun = 0
    /// How many were taken back.
    private var taken = 0
    private var hasEnded = false
    private var threads: [pthread_t] = []
    /// Whether the system refused a thread; it is not asked again.
    private var isFull = false

    /// - Parameter threads: how many are to work, the caller's with them. Where the system gives
    ///   fewer, those do everything.
    init(threads: Int, _ body: @escaping @Sendable (Piece) -> Outcome) {
        self.body = body
        helpers = max(0, threads - 1)
        // Enough that no thread runs out of work while the caller is busy with a piece itself.
        window = 2 * max(1, threads) + 2
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(arrival, nil)
        unsafe pthread_cond_init(readiness, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(readiness)
        unsafe pthread_cond_destroy(arrival)
        unsafe pthread_mutex_destroy(mutex)
        unsafe readiness.deallocate()
        unsafe arrival.deallocate()
        unsafe mutex.deallocate()
    }

    /// Whether a further piece may be put: memory holds so many and no more.
    var hasRoom: Bool { locked { line.count < window } }

    /// Puts a piece at the end of the line.
    func put(_ piece: Piece) {
        let isShortOfHands = locked {
            line.append((piece, nil))
            unsafe pthread_cond_signal(arrival)
            // The caller does the first piece by itself: one alone is not worth a thread.
            return line.count > 1 && threads.count < helpers && !isFull
        }
        guard isShortOfHands else { return }
        let thread = WorkerThreads.start { self.work() }
        locked {
            if let thread { threads.append(thread) } else { isFull = true }
        }
    }

    /// Takes the oldest piece with its outcome; works on pieces until that one is done. `nil` where
    /// the line is empty.
    func take() -> (piece: Piece, outcome: Outcome)? {
        while true {
            switch locked({ nextStep() }) {
            case .nothing: return nil
            case .done(let piece, let outcome): return (piece, outcome)
            case .work(let piece, let number): finish(number, body(piece))
            }
        }
    }

    /// Lets the threads go and waits until they are gone. What was not taken is given up.
    func end() {
        let started = locked {
            hasEnded = true
            unsafe pthread_cond_broadcast(arrival)
            return threads
        }
        for thread in started { pthread_join(thread, nil) }
    }

    // MARK: Under the mutex

    private enum Step {
        case nothing
        case done(Piece, Outcome)
        case work(Piece, number: Int)
    }

    /// What the caller does next; waits where every piece is in somebody's hands.
    private func nextStep() -> Step {
        while let first = line.first {
            if let outcome = first.outcome {
                line.removeFirst()
                begun -= 1
                taken += 1
                return .done(first.piece, outcome)
            }
            if begun < line.count { return begin() }
            unsafe pthread_cond_wait(readiness, mutex)
        }
        return .nothing
    }

    private func begin() -> Step {
        begun += 1
        return .work(line[begun - 1].piece, number: taken + begun - 1)
    }

    // MARK: On the threads

    private func work() {
        while case .work(let piece, let number) = locked({ nextWork() }) {
            finish(number, body(piece))
        }
    }

    private func nextWork() -> Step {
        while !hasEnded, begun == line.count { unsafe pthread_cond_wait(arrival, mutex) }
        return hasEnded ? .nothing : begin()
    }

    /// The first piece is never taken back unfinished, so a number below `taken` cannot come.
    private func finish(_ number: Int, _ outcome: Outcome) {
        locked {
            line[number - taken].outcome = outcome
            if number == taken { unsafe pthread_cond_signal(readiness) }
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
