// A signed head that something or somebody outside the database has kept, held against the
// database: one that covers more, or other events, means that this is not the newest log.

import CeremonyRecord
import CeremonyRules

/// A head of this log, signed by a key of it.
struct KeptHead: Sendable {
    /// What it covers.
    let head: TreeHead

    /// Reads a signed note.
    ///
    /// - Throws: `NoteError`: it is no head of this log that a key of it has signed.
    init(_ note: [UInt8], of state: State) throws(NoteError) {
        head = try Checkpoint(try SignedNote(note), of: state).head
    }

    /// Refuses a database that does not reach this head, or has another history.
    ///
    /// - Parameter keeper: Who has kept it, to begin a sentence with.
    /// - Throws: ``EngineError``: `rolled-back`, `forked`, naming both heads.
    func check(_ published: Published, against keeper: String) throws(EngineError) {
        let ours = published.head
        let both =
            "\(keeper) holds a signed head of \(head.size) events with the root \(head.root), and "
            + "the database has \(ours.size) events with the root \(ours.root)"
        guard let root = published.root(at: head.size) else {
            throw EngineError(
                .rolledBack, "\(both): this is an older copy of the log.",
                next: "Bring back the newest copy of the state directory, or stop the daemon and "
                    + "import the missing events from an export: ceremonyd import --bundle DIR. "
                    + "Where they are lost, a successor log has to be founded.")
        }
        guard root == head.root else {
            throw EngineError(
                .forked,
                "\(both). At \(head.size) events the root of the database is \(root): these are "
                    + "two histories of one log.",
                next: "Keep both as evidence, and ask who had the log key. Bring back the copy of "
                    + "the state directory that this head is of; an older copy is completed with: "
                    + "ceremonyd import --bundle DIR. Where there is none, a successor log has to "
                    + "be founded.")
        }
    }
}

extension Engine {
    /// Compares the log with a checkpoint that somebody kept elsewhere. Called at the start, before
    /// anything is served.
    ///
    /// - Parameter place: Where it was kept, for people.
    /// - Throws: ``EngineError``: `rolled-back`, `forked`, and `bad-checkpoint` for what is no
    ///   checkpoint of this log: it cannot be compared, and unknown means no.
    public func compare(seen note: [UInt8], from place: String) throws(EngineError) {
        let seen: KeptHead
        do throws(NoteError) {
            seen = try KeptHead(note, of: snapshot.state)
        } catch {
            throw EngineError(
                .badCheckpoint,
                "\(place) holds no checkpoint of \(snapshot.state.log.origin): \(error).",
                next: "Give a file that was exported as log/checkpoint from this very log, or "
                    + "leave it out if it belongs elsewhere.")
        }
        try seen.check(published, against: place)
    }
}
