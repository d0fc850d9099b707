// Where the log sets its people, found by reading every event once: nothing less shows that there
// is no newer roster than the one that is shown. What was read is remembered as the edge of the
// tree, so that the next run reads only what came since, and the signed head proves all of it.

import CeremonyRecord
import CeremonyTerminal

/// The `roster.set` events of a log up to some size.
struct RosterHistory: Hashable, Sendable {
    /// A roster and where it was set.
    struct Change: Hashable, Sendable {
        let seq: Int
        let epoch: Int
    }

    /// The tree of all events that were read.
    private(set) var tree = TreeFrontier()
    /// The changes among them, oldest first.
    private(set) var changes: [Change] = []

    /// Nothing was read.
    init() {}

    /// Takes the next event.
    mutating func take(_ event: Event, _ line: [UInt8]) {
        if case .rosterSet(let set) = event.body {
            changes.append(Change(seq: tree.size, epoch: set.epoch))
        }
        tree.append(leaf: TreeHash.leaf(line))
    }

    /// The change in force behind a position; `nil` where there is none before it.
    func change(before seq: Int) -> Change? { changes.last { $0.seq < seq } }

    // MARK: As it is remembered

    /// Reads what ``text`` wrote; `nil` where it is anything else.
    init?(_ bytes: [UInt8]) {
        guard bytes.last == 10 else { return nil }
        let lines = bytes.dropLast().split(separator: 10, omittingEmptySubsequences: false).map {
            $0.split(separator: 32)
        }
        guard let first = lines.first, let size = first.first.flatMap({ Decimal.decode($0) }) else {
            return nil
        }
        let peaks = first.dropFirst().compactMap {
            Digest(hex: String(decoding: $0, as: UTF8.self))
        }
        guard peaks.count == first.count - 1, let tree = TreeFrontier(size: size, peaks: peaks)
        else { return nil }
        for words in lines.dropFirst() {
            guard words.count == 2, let seq = Decimal.decode(words[0]),
                let epoch = Decimal.decode(words[1]), seq < size
            else { return nil }
            changes.append(Change(seq: seq, epoch: epoch))
        }
        self.tree = tree
    }

    /// As a file of this client's own memory.
    var text: String {
        let first = (["\(tree.size)"] + tree.peaks.map(\.hex)).joined(separator: " ")
        return ([first] + changes.map { "\($0.seq) \($0.epoch)" }).map { $0 + "\n" }.joined()
    }
}
