// A place where a call waits until the test lets it go on, and where the test can wait for the
// call.

import Synchronization

/// A gate that is closed until it is opened.
final class Gate: Sendable {
    private struct Content {
        var isOpen = false
        var hasArrived = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watching: [CheckedContinuation<Void, Never>] = []
    }

    private let content = Mutex(Content())

    /// Waits until the gate is open.
    func wait() async {
        await withCheckedContinuation { continuation in
            let (isOpen, watching) = content.withLock {
                content -> (Bool, [CheckedContinuation<Void, Never>]) in
                content.hasArrived = true
                if !content.isOpen { content.waiting.append(continuation) }
                defer { content.watching = [] }
                return (content.isOpen, content.watching)
            }
            for each in watching { each.resume() }
            if isOpen { continuation.resume() }
        }
    }

    /// Tells that somebody has come, and goes on.
    func arrive() async {
        let watching = content.withLock { content -> [CheckedContinuation<Void, Never>] in
            content.hasArrived = true
            defer { content.watching = [] }
            return content.watching
        }
        for each in watching { each.resume() }
    }

    /// Returns when somebody has come to the gate.
    func arrival() async {
        await withCheckedContinuation { continuation in
            let hasArrived = content.withLock { content in
                if !content.hasArrived { content.watching.append(continuation) }
                return content.hasArrived
            }
            if hasArrived { continuation.resume() }
        }
    }

    /// Lets everybody through, now and later.
    func open() {
        let waiting = content.withLock { content -> [CheckedContinuation<Void, Never>] in
            content.isOpen = true
            defer { content.waiting = [] }
            return content.waiting
        }
        for each in waiting { each.resume() }
    }
}

/// Waits and never goes on: where a process died, nothing happens any more.
func neverReturn() async {
    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
}
