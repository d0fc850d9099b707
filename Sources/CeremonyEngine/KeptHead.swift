// A signed head that something or somebody outside the database has kept, held against the
// database: one that covers more, or other events, means that this is not the newest log.

import CeremonyRecord
import CeremonyRules

/// A head of this log that somebody has kept.
struct KeptHead: Sendable {
    /// What it covers.
    let head: TreeHead
    /// The note, where no key has signed it that the database knows; else `nil`.
    private let unverified: SignedNote?

    /// Reads a signed note.
    ///
    /// A database that is older than a change of the log key does not know the key that signed
    /// since. So a head of the log's name that lies behind the database's end is taken as what it
    /// says it is, and no database passes it: see ``check(_:against:among:)``.
    ///
    /// - Throws: `NoteError`: it is no head of this log that a key of it has signed, and cannot be
    ///   one that is yet to come.
    init(_ note: [UInt8], of state: State) throws(NoteError) {
        let note = try SignedNote(note)
        let words = try Checkpoint(text: note.text)
        head = words.head
        do throws(NoteError) {
            _ = try Checkpoint(note, of: state)
            unverified = nil
        } catch .notSigned(let name) {
            guard head.size > state.head.size,
                words.origin.utf8.elementsEqual(state.log.origin.utf8),
                note.signatures.contains(where: { $0.name.utf8.elementsEqual(words.origin.utf8) })
            else { throw .notSigned(by: name) }
            unverified = note
        }
    }

    /// Whether a key has signed it that the database knows as a key of its log.
    var isVerified: Bool { unverified == nil }

    /// Refuses a database that does not reach this head, or has another history.
    ///
    /// - Parameters:
    ///   - keeper: Who has kept it, to begin a sentence with.
    ///   - held: Keys that were found on tokens, with the tokens' names. For a head that no key has
    ///     signed that the database knows they tell at least where it comes from.
    /// - Throws: ``EngineError``: `rolled-back`, `forked`, naming both heads.
    func check(
        _ published: Published, against keeper: String, among held: [HeldKey] = []
    ) throws(EngineError) {
        let ours = published.head
        let both =
            "\(keeper) holds a \(isVerified ? "signed head" : "head") of \(head.size) events with "
            + "the root \(head.root), and the database has \(ours.size) events with the root "
            + "\(ours.root)"
        let wayOut =
            "Bring back the newest copy of the state directory, or stop the daemon and import the "
            + "missing events from an export: ceremonyd import --bundle DIR."
        if let unverified {
            throw EngineError(
                .rolledBack,
                "\(both). \(KeptHead.signers(of: unverified, among: held)) If the log key was "
                    + "changed behind event \(ours.size - 1), this is an older copy of the log.",
                next: "\(wayOut) The import shows whether the log itself changed its key. If "
                    + "nobody changed it, somebody else has made this head: keep it as evidence, "
                    + "compare the log with checkpoints that others keep, and ask who could have "
                    + "done it.")
        }
        guard let root = published.root(at: head.size) else {
            throw EngineError(
                .rolledBack, "\(both): this is an older copy of the log.",
                next: "\(wayOut) Where they are lost, a successor log has to be founded.")
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

    /// What could be checked of signatures by keys that the database does not know.
    private static func signers(of note: SignedNote, among held: [HeldKey]) -> String {
        if let signer = held.first(where: { $0.hasSigned(note) }) {
            return "The key \(signer.key.hexID) on \(signer.token) has signed it, which the "
                + "database does not know as a key of the log."
        }
        let ids = note.signatures.map(\.hexID).joined(separator: " and ")
        return "It is signed with the key \(ids), which the database does not know and no unlocked "
            + "log token holds: the signature could not be checked."
    }
}

/// A key that was found on a token.
struct HeldKey: Sendable {
    /// The key, by the log's name.
    let key: NoteKey
    /// The token, as the configuration calls it.
    let token: String

    /// Whether a note has a signature by it that holds.
    func hasSigned(_ note: SignedNote) -> Bool {
        do throws(NoteError) {
            try note.verify(by: key)
            return true
        } catch {
            return false
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
