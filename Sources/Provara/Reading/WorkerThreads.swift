// Work that is split over the machine's processors. Threads of its own rather than Swift's: those
// are as many as processors and belong to whoever waits for answers, and a check of a long log
// would take all of them for seconds.

import Glibc
import Synchronization

/// Runs one function over many inputs on several threads.
enum WorkerThreads {
    /// How many processors there are.
    static var processors: Int {
        max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// The results in the order of the inputs. The calling thread works too; where no further
    /// thread can be had, it does everything.
    static func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], threads: Int, _ body: @escaping @Sendable (Input) -> Output
    ) -> [Output] {
        let work = Work(inputs, body)
        var started: [pthread_t] = []
        for _ in 0..<max(0, min(threads, inputs.count) - 1) {
            guard let thread = start(Errand { work.run() }) else { break }
            started.append(thread)
        }
        work.run()
        for thread in started { pthread_join(thread, nil) }
        return work.results
    }

    /// Runs work that blocks on a thread of its own, and waits for it without holding one of
    /// Swift's.
    static func run<Output: Sendable>(_ body: @escaping @Sendable () -> Output) async -> Output {
        await withCheckedContinuation { continuation in
            let errand = Errand { continuation.resume(returning: body()) }
            guard let thread = start(errand) else { return errand.run() }
            pthread_detach(thread)
        }
    }

    private static func start(_ errand: Errand) -> pthread_t? {
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

/// Inputs that threads take one after the other.
private final class Work<Input: Sendable, Output: Sendable>: Sendable {
    private let inputs: [Input]
    private let body: @Sendable (Input) -> Output
    private let next = Atomic(0)
    private let done: Mutex<[Output?]>

    init(_ inputs: [Input], _ body: @escaping @Sendable (Input) -> Output) {
        self.inputs = inputs
        self.body = body
        done = Mutex(Array(repeating: nil, count: inputs.count))
    }

    func run() {
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < inputs.count else { return }
            let output = body(inputs[index])
            done.withLock { $0[index] = output }
        }
    }

    var results: [Output] { done.withLock { $0.compactMap { $0 } } }
}
