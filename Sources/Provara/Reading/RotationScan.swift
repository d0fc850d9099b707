// A first, quick look through the log for what the events of rotations mention. The fold meets a
// revocation only after the events that its trust boundary puts in doubt; knowing the boundaries
// beforehand, it can note those events and no others.

/// What the rotations of a log mention, whether they count or not.
struct RotationScan {
    /// Events that some revocation calls its boundary.
    private(set) var boundaries: Set<EventID> = []
    /// Keys that some promotion introduces, with the roles.
    private(set) var promoted: [KeyID: [String]] = [:]

    private static let words = [EventType.revocation, EventType.promotion].map(SoughtWord.init)

    init() {}

    /// Looks through a log. A type that is written with escapes is not canonical, which the fold
    /// reports; it need not be found here.
    init(_ file: consuming OpenFile, end: Int? = nil, longestLine: Int) throws(VaultError) {
        var blocks = LogBlocks(file, end: end, longestLine: longestLine, examines: false)
        while let block = try blocks.next() {
            for word in Self.words {
                var start = 0
                while let place = word.place(in: block.bytes, from: start) {
                    let line = block.bytes.line(around: place)
                    look(at: Array(block.bytes[line]), longestLine)
                    start = line.upperBound
                }
            }
        }
    }

    private mutating func look(at line: [UInt8], _ longestLine: Int) {
        guard
            let event = try? PythonJSON(line, PythonJSON.Limits(bytes: longestLine)).members,
            let type = event["type"]?.text, let payload = event["payload"]?.members
        else { return }
        switch EventType.Known(type) {
        case .revocation:
            if let boundary = (try? RevocationPayload(payload))?.boundary {
                boundaries.insert(boundary)
            }
        case .promotion:
            if let promotion = try? PromotionPayload(payload) {
                promoted[promotion.key.id, default: []] += promotion.roles
            }
        default: break
        }
    }
}

extension [UInt8] {
    /// The line that a place is in, without its line feed.
    fileprivate func line(around place: Int) -> Range<Int> {
        let start = self[..<place].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let end = self[place...].firstIndex(of: UInt8(ascii: "\n")) ?? count
        return start..<end
    }
}
