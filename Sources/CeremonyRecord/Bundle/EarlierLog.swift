// A log that another one goes on from, as it is kept: the lines as they stood, and the newest head
// that its key signed. Plain files everywhere, in the state directory of the successor and in its
// evidence alike, so that nobody needs a program of ours to read them. FORMATS section 5.

/// The lines of a log that has a successor, and its last signed head. Unverified bytes.
public struct EarlierLog: Hashable, Sendable {
    /// What `log/events.jsonl` holds.
    public var events: [UInt8]
    /// What `log/checkpoint` holds; it may cover fewer events than there are.
    public var checkpoint: [UInt8]

    /// A log from its two files.
    public init(events: [UInt8], checkpoint: [UInt8]) {
        self.events = events
        self.checkpoint = checkpoint
    }

    /// The folder of the log before the one whose folder this is.
    public static let folder = "predecessor/"

    /// The files of these logs, the nearest one first, each in the folder of the one after it.
    public static func files(of logs: [EarlierLog]) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var place = ""
        for log in logs {
            place += folder
            files[place + "log/events.jsonl"] = log.events
            files[place + "log/checkpoint"] = log.checkpoint
        }
        return files
    }

    /// The logs that stand in a folder, each with the one before it in a folder of its own; the
    /// first one is the nearest.
    ///
    /// - Parameters:
    ///   - place: The folder of the first one: empty or ended by a slash.
    ///   - file: The bytes at a path; `nil` where there is nothing.
    public static func chain<Failure: Error>(
        in place: String, _ file: (String) throws(Failure) -> [UInt8]?
    ) throws(Failure) -> [EarlierLog] {
        var logs: [EarlierLog] = []
        var place = place
        while let events = try file(place + "log/events.jsonl") {
            let checkpoint = try file(place + "log/checkpoint") ?? []
            logs.append(EarlierLog(events: events, checkpoint: checkpoint))
            place += folder
        }
        return logs
    }
}
