// The evidence bundle: the files that a log gives to whoever checks it without us. Every file here
// is a function of the events alone, so a verifier derives them again and compares bytes. What
// needs the tree or the log key (checkpoint, proofs), and SHA256SUMS, is added by whoever exports.
// FORMATS section 5.

/// The layout of exported evidence.
public enum EvidenceBundle {
    /// What the file `FORMAT` says.
    public static let format = "ceremonyd-evidence v1\n"

    /// The path of a ceremony's inclusion proof, which an exporter adds to ``files(of:)``.
    public static func proofPath(of ceremony: String) -> String {
        "ceremonies/\(ceremony)/completed.tlog-proof"
    }

    /// Every file that follows from the events, by its path from the bundle's root.
    ///
    /// - Parameters:
    ///   - events: the log from its first event, as far as it is signed.
    ///   - earlier: the events of the logs that it goes on from; their keys live on in it.
    /// - Throws: ``BundleError`` where an event holds a document that is not what its place
    ///   demands, or two events claim one file. A log that the rules accept gives no such error.
    public static func files(
        of events: [Event], after earlier: [Event] = []
    ) throws(BundleError) -> [String: [UInt8]] {
        var derivation = BundleDerivation()
        for event in earlier { derivation.carry(event) }
        for event in events { try derivation.take(event) }
        derivation.finish()
        return derivation.files
    }
}

/// Why events do not make a bundle.
public struct BundleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The position of the event.
    public let seq: Int
    /// What is wrong with it.
    public let problem: String

    /// One sentence for a person.
    public var description: String { "event \(seq) \(problem)" }
}
