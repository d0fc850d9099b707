// The name of a log (FORMATS section 1): the first line of its checkpoints, a field of every event
// and document. That a log is a rehearsal can be read off its name wherever the name stands.

/// The rule for the names of logs.
public enum Origin {
    /// Whether the text matches `[a-z][a-z0-9./-]{2,42}`.
    public static func isValid(_ text: String) -> Bool {
        guard (3...43).contains(text.utf8.count), let first = text.utf8.first,
            (0x61...0x7a).contains(first)
        else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x2d...0x39).contains($0)
        }
    }

    /// Whether the text may name a log of this mode: exactly a rehearsal's ends in `/rehearsal`.
    public static func isValid(_ text: String, mode: LogMode) -> Bool {
        let saysRehearsal = text.utf8.suffix(10).elementsEqual("/rehearsal".utf8)
        return isValid(text) && saysRehearsal == (mode == .rehearsal)
    }
}
