// A thread that does nothing but run one token's calls. A call into a module blocks for as long as
// a device, a network or a person takes; Swift's own threads are few and must not wait like that.
// (DispatchSerialQueue, the executor that Dispatch offers elsewhere, does not exist on Linux.)

import Glibc

/// A serial executor with one thread of its own, which lives as long as the executor.
public final class TokenThread: SerialExecutor {
    private let queue = JobQueue()

    /// Starts the thread.
    public init() throws(PKCS11Error) {
        try queue.startThread()
    }

    deinit {
        // The last reference may go on the very thread that ends here, so nobody waits for it.
        queue.end()
    }

    /// Runs a job on the thread, after those that wait already.
    public func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job), for: self)
    }

    /// Whether the caller is on the thread.
    public func isIsolatingCurrentContext() -> Bool? {
        queue.isRunningOnItsThread
    }

    /// Ends the process for a caller that is not on the thread.
    public func checkIsolated() {
        precondition(queue.isRunningOnItsThread, "called off the token's thread")
    }
}

/// The jobs that wait for the thread.
///
/// `@unchecked Sendable`: everything that changes is touched only under the mutex.
@safe private final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// A job keeps its executor: the last reference must not go while the job runs.
    private var waiting: [(job: UnownedJob, executor: TokenThread)] = []
    private var isEnded = false
    private var thread: pthread_t?

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(arrival, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(arrival)
        unsafe pthread_mutex_destroy(mutex)
        unsafe arrival.deallocate()
        unsafe mutex.deallocate()
    }

    var isRunningOnItsThread: Bool {
        locked { thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    func append(_ job: UnownedJob, for executor: TokenThread) {
        locked {
            waiting.append((job, executor))
            unsafe pthread_cond_signal(arrival)
        }
    }

    func end() {
        locked {
            isEnded = true
            unsafe pthread_cond_signal(arrival)
        }
    }

    /// Starts the thread, which keeps the queue for as long as it runs. It inherits the signal mask
    /// of this moment: signals are left to the threads that expect them, but a crash stays one.
    func startThread() throws(PKCS11Error) {
        var blocked = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&blocked)
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] {
            unsafe sigdelset(&blocked, signal)
        }
        unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let context = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                unsafe Unmanaged<JobQueue>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            unsafe context.release()
            throw .noThread(errno: result)
        }
        pthread_detach(thread)
    }

    private func run() {
        locked { thread = pthread_self() }
        while let (job, executor) = next() {
            unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
        }
    }

    /// The next job; waits for one, and gives `nil` when none will come.
    private func next() -> (job: UnownedJob, executor: TokenThread)? {
        locked {
            while waiting.isEmpty, !isEnded { unsafe pthread_cond_wait(arrival, mutex) }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }

    private func locked<R>(_ body: () -> R) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
