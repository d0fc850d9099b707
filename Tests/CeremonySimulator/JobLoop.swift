// One thread for everything. All jobs of all tasks come to this loop, and dice say which is next:
// the same seed gives the same interleaving, and the loop knows when nothing more can happen until
// somebody does something. That is what makes a failing seed a thing one can replay.

import Glibc

/// Where every job of the process runs, one after the other.
///
/// `@unchecked Sendable`: everything happens on the one thread that calls ``runUntilIdle()``.
final class JobLoop: TaskExecutor, @unchecked Sendable {
    /// The one there is: the runtime has one place for it.
    static let shared = JobLoop()

    /// So many jobs after one step are no progress but a circle.
    static let most = 2_000_000

    /// What says which job is next.
    var chance = Chance(seed: 0)
    private var jobs: [UnownedJob] = []

    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    /// Takes the place of the runtime's threads, for the rest of the process.
    ///
    /// - Returns: `false` where the runtime has no such place.
    func takeOver() -> Bool {
        guard let place = unsafe dlsym(dlopen(nil, RTLD_LAZY), "swift_task_enqueueGlobal_hook")
        else { return false }
        let hook = unsafe place.assumingMemoryBound(to: Hook?.self)
        unsafe hook.pointee = { job, _ in JobLoop.shared.jobs.append(job) }
        return true
    }

    /// See `TaskExecutor`.
    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// Begins something; it goes on when the loop runs.
    func begin(_ body: @escaping @Sendable () async -> Void) {
        Task.detached { await body() }
    }

    /// Runs until nobody has anything to do: what has not ended waits for somebody.
    ///
    /// - Returns: `false` where it goes round in a circle.
    func runUntilIdle() -> Bool {
        var count = 0
        while !jobs.isEmpty {
            jobs.swapAt(Int.random(in: jobs.indices, using: &chance), jobs.count - 1)
            unsafe jobs.removeLast().runSynchronously(on: asUnownedTaskExecutor())
            count += 1
            if count > JobLoop.most { return false }
        }
        return true
    }
}
