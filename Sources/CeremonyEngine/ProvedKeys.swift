// Which log keys were seen to sign, and on which token: that so many tokens are unlocked says
// nothing about whether the keys that a head needs can sign it (DESIGN section 3, The log key).
// Before the end of a change both do, afterwards the new one; where the founding names a standby,
// either of the two.

import CeremonyRecord
import CeremonyRules
import Synchronization

/// What has been seen of the log keys since their tokens were unlocked.
///
/// A key counts as long as its token stays unlocked; whoever unlocks or locks one says so here. A
/// signature that fails takes nothing back: the token may be itself again a moment later, and
/// nothing is recorded that its key has not signed.
final class ProvedKeys: Sendable {
    private struct Content {
        var places: [NoteKey: Set<String>] = [:]
        var together: [[NoteKey]] = []
        var trouble: String?
    }

    private let content = Mutex(Content())

    /// A signature by the key held, and that token made it.
    func saw(_ key: NoteKey, on token: String) {
        _ = content.withLock { $0.places[key, default: []].insert(token) }
    }

    /// The token is locked, or about to be unlocked anew.
    func forget(_ token: String) {
        content.withLock { content in
            for key in content.places.keys { content.places[key]?.remove(token) }
        }
    }

    /// On which tokens the key was seen to sign.
    func tokens(of key: NoteKey) -> Set<String> { content.withLock { $0.places[key] ?? [] } }

    /// Whether of each group a key was seen to sign on one of these tokens.
    func cover(_ groups: [[NoteKey]], on tokens: Set<String>) -> Bool {
        content.withLock { content in
            groups.allSatisfy { group in
                group.contains { !(content.places[$0] ?? []).isDisjoint(with: tokens) }
            }
        }
    }

    // MARK: Signing together

    /// Of each of these groups a key has just signed.
    func signed(_ groups: [[NoteKey]]) {
        content.withLock { ($0.together, $0.trouble) = (groups, nil) }
    }

    /// Of one group no key could.
    func failed(_ error: EngineError) {
        content.withLock { $0.trouble = error.detail }
    }

    /// Whether these groups were the last that signed.
    func haveSigned(_ groups: [[NoteKey]]) -> Bool {
        content.withLock { $0.together == groups && $0.trouble == nil }
    }

    /// Why the keys could not sign the last time, in a sentence; `nil` where they did.
    var trouble: String? { content.withLock { $0.trouble } }
}
