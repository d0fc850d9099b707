// For callers that are asynchronous: everything in this library blocks.

/// Runs what blocks where it may.
public enum BlockingWork {
    /// Runs the body on a thread of its own.
    public static func run<Output: Sendable>(_ body: @escaping @Sendable () throws -> Output)
        async throws -> Output
    {
        try await WorkerThreads.run { Result { try body() } }.get()
    }
}
