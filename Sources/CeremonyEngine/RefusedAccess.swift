// Refused access, folded: whoever knocks a thousand times is written down once, with the count, and
// at most once a minute, so that nobody can fill the log by being refused. Only what is about the
// same is folded: a forged acceptance does not vanish behind somebody's mistyped command.

import CeremonyRecord
import CeremonyRules
import Synchronization

/// What was refused since it was last written down.
final class RefusedAccess: Sendable {
    fileprivate struct Folded {
        /// One for each ceremony, reason and name that was given, with its count; the oldest first.
        var waiting: [AccessRefused] = []
        /// What came when too many waited: that it came, and how often.
        var rest: AccessRefused?
        var written: Timestamp?
    }

    private let folded = Mutex(Folded())

    /// So many wait for their minute; whoever makes names up does not fill the memory either.
    static let most = 64
    /// The reason of what is folded without one.
    static let severalReasons = "several"

    func note(_ refused: AccessRefused) { folded.withLock { $0.add(refused) } }

    /// What is to be written down now; `nil` when there is nothing, or it is too early.
    func take(at now: Timestamp) -> AccessRefused? {
        folded.withLock { folded in
            guard folded.written.map({ now < $0 || now - $0 >= Limits.refusalInterval }) ?? true,
                let refused = folded.waiting.first ?? folded.rest
            else { return nil }
            if folded.waiting.isEmpty { folded.rest = nil } else { folded.waiting.removeFirst() }
            folded.written = now
            return refused
        }
    }

    /// Takes back what could not be written down; it counts in with what came since.
    func giveBack(_ refused: AccessRefused) { folded.withLock { $0.putBack(refused) } }
}

extension RefusedAccess.Folded {
    fileprivate mutating func add(_ refused: AccessRefused) {
        if let index = waiting.firstIndex(where: { $0.isAboutTheSame(as: refused) }) {
            waiting[index] = refused.counting(waiting[index].count)
        } else if waiting.count < RefusedAccess.most {
            waiting.append(refused)
        } else {
            rest = refused.withoutMatter.counting(rest?.count ?? 0)
        }
    }

    /// The newer one is kept, with the count of both.
    fileprivate mutating func putBack(_ refused: AccessRefused) {
        if let index = waiting.firstIndex(where: { $0.isAboutTheSame(as: refused) }) {
            waiting[index].count += refused.count
        } else if refused.code == RefusedAccess.severalReasons {
            rest = (rest ?? refused.counting(-refused.count)).counting(refused.count)
        } else {
            waiting.insert(refused, at: 0)
        }
    }
}

extension AccessRefused {
    fileprivate func isAboutTheSame(as other: AccessRefused) -> Bool {
        code.utf8.elementsEqual(other.code.utf8) && claimed == other.claimed
            && ceremony == other.ceremony
    }

    fileprivate func counting(_ more: Int) -> AccessRefused {
        var refused = self
        refused.count += more
        return refused
    }

    /// That it came, and from whom.
    fileprivate var withoutMatter: AccessRefused {
        var refused = self
        (refused.claimed, refused.ceremony, refused.digest) = (nil, nil, nil)
        refused.code = RefusedAccess.severalReasons
        return refused
    }
}
