// Work that is split over the machine's processors. Threads of its own rather than Swift's: those
// are as many as processors and belong to whoever waits for answers, and a check of a long log
// would take all of them for seconds.

import Glibc

/// Starts threads.
enum WorkerThreads {
    /// How many processors there are.
    static var processors: Int {
        max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Runs work that blocks on a thread of its own, and waits for it without holding one of
    /// Swift's.
    static func run<Output: Sendable>(_ body: @escaping @Sendable () -> Output) async -> Output {
        await withCheckedContinuation { continuation in
            let errand: @Sendable () -> Void = { continuation.resume(returning: body()) }
            guard let thread = start(errand) else { return errand() }
            pthread_detach(thread)
        }
    }

    /// Starts a thread that has to be joined or detached.
    ///
    /// - Returns: `nil` where the system has none to give.
    static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        let errand = Errand(body)
        // Signals are left to the threads that expect them; a crash stays one.
        var blocked = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&blocked)
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] {
            unsafe sigdelset(&blocked, signal)
        }
        unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let context = unsafe Unmanaged.passRetained(errand)
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Errand>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            unsafe context.release()
            return nil
        }
        return thread
    }
}

/// What a thread is given to do.
private final class Errand: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
