// A signed head held against the log that it says it is of: for whoever kept one, or was given one.

public import CeremonyRecord

extension Checkpoint {
    /// Takes the checkpoint out of a note that a key of this log has signed: any that it ever had,
    /// because what the note covers may lie anywhere, behind the log's end too.
    ///
    /// Says nothing about whether the log has that root at that size.
    ///
    /// - Throws: ``NoteError``: it cannot be read, is of another log, no key of this log has signed
    ///   it, or a signature by such a key does not hold.
    public init(_ note: SignedNote, of log: State) throws(NoteError) {
        try LogKeys.check(note, by: [log.logKeys.all])
        try self.init(text: note.text)
    }
}
