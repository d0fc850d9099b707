// The head object: a private data object in the log token that holds a signed head of the log, so
// that the token can tell an older copy of the database from the newest (FORMATS section 3, the
// rollback guard). Tokens keep bytes and judge nothing; what they mean is for the guard.

import CeremonyRecord
import CeremonyRules

/// How the head object is named on a token.
public enum HeadObject {
    /// Its CKA_LABEL.
    public static let label = "ceremonyd-head"
    /// Its CKA_APPLICATION.
    public static let application = "ceremonyd"

    /// What the content of one says of itself, in a few words; nothing of it is checked.
    static func words(of note: [UInt8]) -> String {
        guard let text = try? SignedNote(note).text,
            let checkpoint = try? Checkpoint(text: text)
        else { return "one that cannot be read" }
        return "of \(checkpoint.origin), \(checkpoint.head.size) events with the root "
            + "\(checkpoint.head.root)"
    }
}

/// What a token says about the heads that it holds.
public enum HeldHeads: Hashable, Sendable {
    /// It cannot hold data objects; why, in its own words.
    case unable(String)
    /// What is in its head objects: none, one, or two where a replacement was cut off between
    /// making the new one and destroying the older.
    case held([[UInt8]])
}

/// What became of a head that a token was given to keep.
public enum HeadKeeping: Hashable, Sendable {
    /// It was written and read back.
    case kept
    /// The token cannot hold data objects; why, in its own words.
    case unable(String)
}

extension InventoryItem {
    /// Whether it is a head object, which comes and goes beside everything else on the token.
    var isHead: Bool { objectClass == "data" && label == Array(HeadObject.label.utf8) }
}

extension TokenObject {
    /// Whether it is a head object.
    var isHead: Bool { InventoryItem(objectClass: objectClass, id: id, label: label).isHead }
}
