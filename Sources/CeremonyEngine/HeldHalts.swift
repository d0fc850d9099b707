// The halts that stand beside the log: in the halt file, and in memory where no file could take
// them. Each stands until the log says that this one is cleared, and is known to the log by its
// receipt, or by the event that recorded it. A file that appears is seen; one that is taken away
// clears nothing (CT-11; DESIGN section 3, Halt).

import CeremonyRecord
import CeremonyRules
import Synchronization

/// What holds the house halted whether or not the log can say so.
final class HeldHalts: Sendable {
    /// A halt, and what the log knows of it.
    struct Entry: Sendable {
        let held: HaltFile.Held
        /// How many events the log had when it was first seen; `nil`: it was there at the start.
        let seen: Int?
        /// The event that recorded it, where that is not to be had from the log.
        var seq: Int?
    }

    private struct Content {
        var entries: [Entry] = []
        var isBeingRecorded = false

        /// Whether it is a new one.
        mutating func add(_ held: HaltFile.Held, seen: Int?) -> Bool {
            guard !entries.contains(where: { $0.held.isSame(as: held) }) else { return false }
            entries.append(Entry(held: held, seen: seen))
            return true
        }
    }

    private let file: HaltFile
    private let published: Published
    private let content = Mutex(Content())
    private let told: @Sendable (HaltFile.Held) -> Void

    /// Looks at the file for the first time.
    ///
    /// - Parameter told: Is told of each halt when it begins to hold here.
    init(
        file: HaltFile, published: Published, told: @escaping @Sendable (HaltFile.Held) -> Void
    ) {
        self.file = file
        self.published = published
        self.told = told
        look(isFirst: true)
    }

    /// Looks at the file; what is new in it halts from here on, and stays when the file goes.
    func look() { look(isFirst: false) }

    private func look(isFirst: Bool) {
        let size = isFirst ? nil : published.snapshot.state.head.size
        let new = content.withLock { content in
            let new = file.read().held.filter { content.add($0, seen: size) }
            publish(content)
            return new
        }
        new.forEach(told)
        file.reserve()
    }

    /// Takes a halt: the file first, then memory.
    ///
    /// - Throws: ``EngineError`` (`halt-file`); it is in memory all the same.
    func take(_ held: HaltFile.Held) throws(EngineError) {
        let size = published.snapshot.state.head.size
        let (isNew, trouble) = content.withLock { content -> (Bool, EngineError?) in
            var trouble: EngineError?
            do throws(EngineError) { try file.keep(held) } catch { trouble = error }
            let isNew = content.add(held, seen: size)
            publish(content)
            return (isNew, trouble)
        }
        if isNew { told(held) }
        if let trouble { throw trouble }
    }

    /// Halts for a broken invariant, unless the same one is to be recorded already or holds the
    /// log halted. One that people are being asked to clear does not cover what is seen now.
    ///
    /// Where the file cannot be written, the house is halted in memory only: nobody waits for an
    /// answer who could be told.
    func take(invariant name: String, at now: Timestamp) {
        let state = published.snapshot.state
        let isInForce = state.halts.contains {
            $0.by == nil && $0.reason == name && !state.isBeingCleared($0.seq)
        }
        let isAwaited = waiting.contains { entry in
            if case .invariant(name, _, _) = entry.held { !entry.isOver(in: state) } else { false }
        }
        guard !isInForce, !isAwaited else { return }
        try? take(.invariant(name, since: now, after: state.head.size))
    }

    /// Those that the log does not have yet, as far as is known, in the order in which they came.
    var waiting: [Entry] {
        content.withLock { $0.entries.filter { $0.seq == nil } }
    }

    /// Remembers which event recorded a halt.
    func note(_ held: HaltFile.Held, at seq: Int) {
        content.withLock { content in
            for index in content.entries.indices where content.entries[index].held == held {
                content.entries[index].seq = seq
            }
        }
    }

    /// Lets one caller at a time record what waits.
    ///
    /// - Returns: `false` where another one is at it.
    func beginRecording() -> Bool {
        content.withLock { content in
            defer { content.isBeingRecorded = true }
            return !content.isBeingRecorded
        }
    }

    /// Ends what ``beginRecording()`` began.
    func endRecording() { content.withLock { $0.isBeingRecorded = false } }

    /// Lets go of every halt that the durable log says is cleared, in the file and in memory.
    ///
    /// What the file does not let go of holds on; it is tried again with every look.
    func settle() {
        let state = published.snapshot.state
        content.withLock { content in
            let over = content.entries.filter { $0.isOver(in: state) }.map(\.held)
            guard !over.isEmpty else { return }
            do throws(EngineError) {
                try file.release { held in over.contains { $0.isSame(as: held) } }
                content.entries.removeAll { over.contains($0.held) }
            } catch {
                return
            }
            publish(content)
        }
    }

    private func publish(_ content: Content) {
        published.update {
            $0.isHaltedByFile = !content.entries.isEmpty
            $0.held = content.entries.map(\.held)
        }
    }
}

extension HeldHalts.Entry {
    /// The event that recorded it, where the log has one.
    func recorded(in state: State) -> Int? {
        if case .act(let document, let sshsig, _) = held,
            let receipt = try? state.receipt(document: document, sshsig: sshsig)
        {
            return receipt.seq
        }
        return seq
    }

    /// The halt in force that a broken invariant became; `nil` where none is.
    ///
    /// It was recorded behind the events that the log had when it was seen, if anything was. Of a
    /// file that cannot be read, and was there at the start, nobody knows when that was.
    func recorded(as name: String, in state: State) -> Int? {
        var from = seen ?? 0
        if case .invariant(_, _, let after) = held { from = after }
        return state.halts.last { $0.by == nil && $0.reason == name && $0.seq >= from }?.seq
    }

    /// Whether it was recorded in an earlier life of the daemon, and cleared.
    func wasCleared(in state: State) -> Bool {
        guard seen == nil, case .invariant(let name, _, let after) = held else { return false }
        return state.hasRaised(name, since: after) && recorded(as: name, in: state) == nil
    }

    /// Whether the log has recorded it and does not hold it in force any more.
    fileprivate func isOver(in state: State) -> Bool {
        if let seq = recorded(in: state) { return !state.halts.contains { $0.seq == seq } }
        return wasCleared(in: state)
    }
}
