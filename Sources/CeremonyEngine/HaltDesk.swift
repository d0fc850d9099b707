// Raising a halt: the file first, then memory, then the log as soon as it can be written. Nothing
// stands in its way, not a sealed log, a full queue, a clock that is wrong or a token that is gone
// (CT-11; DESIGN section 3, Halt).

import CeremonyRecord
import CeremonyRules

/// Where halts are taken.
struct HaltDesk: Sendable {
    let held: HeldHalts
    let writer: Writer
    let published: Published
    let watch: ClockWatch
    /// Returns when whoever raises a halt has waited enough for the log; `nil`: never.
    let patience: (@Sendable () async -> Void)?

    /// Takes a keeper's signed halt; the house is halted on return.
    ///
    /// The log is waited for no longer than patience lasts: its token may hang, and a halt waits
    /// for no token. It gets into the log all the same, as soon as the token has answered.
    ///
    /// - Returns: Its receipt; none where only the file holds it, until the log can be written.
    /// - Throws: ``EngineError``: the rules' refusals, and `halt-file` where neither the file nor
    ///   the log could take it: then the house is halted in memory only.
    func raise(document: [UInt8], sshsig: [UInt8]) async throws(EngineError) -> Recorded {
        let state = published.snapshot.state
        let since: Timestamp
        do throws(Refusal) {
            if let receipt = try state.receipt(document: document, sshsig: sshsig) {
                return Recorded(receipt: receipt, isRepeat: true, events: [])
            }
            since = try moment(of: document, sshsig, in: state)
        } catch {
            throw EngineError(error)
        }
        var trouble: EngineError?
        do throws(EngineError) {
            try held.take(
                .act(document: document, sshsig: sshsig, since: since))
        } catch {
            trouble = error
        }
        do throws(EngineError) {
            let command = Command.heldHalt(document: document, sshsig: sshsig, since: since)
            // What no file holds is told only when the log has it, or has not taken it.
            guard let patience, trouble == nil else { return try await writer.submit(command) }
            let written = await outcome(within: patience) {
                [writer] () -> Result<Recorded, EngineError> in
                do throws(EngineError) {
                    return .success(try await writer.submit(command))
                } catch {
                    return .failure(error)
                }
            }
            return try written?.get() ?? Recorded(receipt: nil, isRepeat: false, events: [])
        } catch {
            if let trouble, error.has(.stopping) { throw HaltDesk.nowhere(trouble, error) }
            guard trouble == nil || error.has(.recordedNotSigned) else { throw trouble ?? error }
            guard RefusalCode(rawValue: error.code) == nil else { throw error }
            return Recorded(receipt: nil, isRepeat: false, events: [])
        }
    }

    /// Neither the file nor the log could take it, and the memory that holds it ends.
    private static func nowhere(_ file: EngineError, _ log: EngineError) -> EngineError {
        EngineError(
            .haltFile, "\(file.detail) The log cannot take it either, and the daemon ends.",
            next: "This halt holds nowhere once the daemon has ended; one that starts again may be "
                + "halted, and does not know by whom. Stop the ceremonies by word of mouth, mend "
                + "the disk, start the daemon, and halt again. The log said: \(log.detail)",
            requirement: "CT-11")
    }

    /// When the halt was raised. A clock that is wrong does not stand in its way: the act was dated
    /// by that clock, or by one that is right, and is measured by the one that it fits.
    private func moment(
        of document: [UInt8], _ sshsig: [UInt8], in state: State
    ) throws(Refusal) -> Timestamp {
        let last = state.head.time
        let now = watch.reads
        func check(_ since: Timestamp) throws(Refusal) {
            _ = try decide(
                state, .heldHalt(document: document, sshsig: sshsig, since: since),
                now: max(since, last))
        }
        do throws(Refusal) {
            try check(max(now, last))
            return max(now, last)
        } catch  where error.code == .stale {
            // By a clock that is ahead it would be too old, and by the log it is not.
            let other = min(now, last)
            try check(other)
            return other
        }
    }

    /// Halts the house because an invariant is broken; the log has it as soon as it can be written.
    func raise(_ invariant: Invariant) {
        held.take(invariant: invariant.rawValue, at: watch.reads)
    }

    /// Looks at the halt file: one that somebody put there, or changed, halts as well.
    func look() { held.look() }

    /// Writes the halts that stand beside the log into it, and lets go of those that it says are
    /// cleared.
    ///
    /// What cannot be read, and an act that the log does not take, become one halt by the invariant
    /// `halt-file`, so that it too can be cleared.
    ///
    /// - Throws: ``EngineError`` where the log cannot be written.
    func recordHeld() async throws(EngineError) {
        look()
        guard held.beginRecording() else { return }
        defer { held.endRecording() }
        var unread: [HeldHalts.Entry] = []
        for entry in held.waiting {
            switch entry.held {
            case .unreadable: unread.append(entry)
            case .invariant(let name, let since, _):
                try await record(name, since: since, for: [entry])
            case .act(let document, let sshsig, let since):
                guard entry.recorded(in: published.snapshot.state) == nil else { continue }
                do throws(EngineError) {
                    _ = try await writer.submit(
                        .heldHalt(document: document, sshsig: sshsig, since: since))
                } catch  where RefusalCode(rawValue: error.code) != nil {
                    unread.append(entry)
                }
            }
        }
        try await record(Invariant.haltFile.rawValue, since: nil, for: unread)
        held.settle()
    }

    /// One event for all that the log does not know yet.
    private func record(_ name: String, since: Timestamp?, for entries: [HeldHalts.Entry])
        async throws(EngineError)
    {
        let state = published.snapshot.state
        var new: [HaltFile.Held] = []
        for entry in entries where !entry.wasCleared(in: state) {
            if let known = entry.recorded(as: name, in: state) {
                held.note(entry.held, at: known)
            } else {
                new.append(entry.held)
            }
        }
        guard !new.isEmpty else { return }
        let recorded = try await writer.submit(.invariant(name, since: since))
        guard let seq = recorded.events.first?.seq else { return }
        for entry in new { held.note(entry, at: seq) }
    }
}
