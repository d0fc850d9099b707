// Which keys the heads need, and whether they are at work: what decides when a log can be opened,
// when it is sealed, and what the status says of it. Keys are asked for, never tokens counted
// (DESIGN section 3, Sealed and The log key).

public import CeremonyRecord
import CeremonyRules

extension Engine {
    /// How the log keys stand.
    public struct LogKeyReport: Sendable {
        /// One of them.
        public struct Key: Sendable {
            /// The key.
            public let key: NoteKey
            /// The tokens on which it was seen to sign since they were unlocked, in the order of
            /// the configuration.
            public let tokens: [String]
            /// Whether another one may sign in its place, which comes first.
            public let isStandby: Bool
            /// From when on no head needs it; `nil` where that is not known yet.
            public let until: Timestamp?

            /// A key by what is known of it.
            public init(key: NoteKey, tokens: [String], isStandby: Bool, until: Timestamp?) {
                self.key = key
                self.tokens = tokens
                self.isStandby = isStandby
                self.until = until
            }
        }

        /// Those that the next head needs.
        public let keys: [Key]
        /// Why they could not sign the last time, in a sentence; `nil` where they did, or where the
        /// log is sealed.
        public let trouble: String?

        /// A report by its parts.
        public init(keys: [Key], trouble: String?) {
            self.keys = keys
            self.trouble = trouble
        }
    }

    /// The keys that the next head needs, and what was seen of them.
    public var logKeyReport: LogKeyReport {
        let (snapshot, time) = (snapshot, time)
        let keys = snapshot.neededKeys(at: time).flatMap { group in
            group.enumerated().map { place, key in
                let seen = provedKeys.tokens(of: key)
                return LogKeyReport.Key(
                    key: key, tokens: logTokens.filter(seen.contains), isStandby: place > 0,
                    until: snapshot.state.needed(key, after: time))
            }
        }
        return LogKeyReport(
            keys: keys, trouble: snapshot.isSealed ? nil : provedKeys.trouble)
    }

    /// Who signs, on every token that may hold a log key.
    var headSigner: HeadSigner {
        let tokens = logTokens.compactMap { name in vaults.first { $0.name == name } }
        return HeadSigner(vaults: tokens, proved: provedKeys) { [halts] in halts.raise(.logKey) }
    }

    /// Who must be able to sign for the log to go on, by the clock as far as it is taken for right.
    var neededKeys: [[NoteKey]] {
        let (snapshot, look) = (snapshot, watch.look())
        return snapshot.neededKeys(at: snapshot.state.time(of: look.standing, at: look.now))
    }

    /// Every key that may have signed the last head or may sign the next one.
    var headKeys: [NoteKey] {
        let last = snapshot.state.headKeys.flatMap { $0 }
        return last + neededKeys.joined().filter { !last.contains($0) }
    }

    /// Whether another token, which is locked, must be unlocked before heads can be signed.
    func isAwaited(by signer: HeadSigner) async throws(EngineError) -> Bool {
        let needed = neededKeys
        guard needed.count > 1 else { return false }
        do throws(EngineError) {
            try await signer.prove(needed)
            return false
        } catch  where error.has(.tokenLocked) {
            return true
        }
    }

    /// Whether the keys that the heads need are at work on other log tokens than this one.
    func othersSuffice(besides name: String) async -> Bool {
        var atWork: Set<String> = []
        for other in logTokens where other != name {
            if let vault = try? vault(named: other), await vault.isAtWork { atWork.insert(other) }
        }
        return provedKeys.cover(neededKeys, on: atWork)
    }

    /// The log tokens that are not at work, where a key is missing with them that the heads need;
    /// `nil` where none is.
    var goneLogTokens: [any KeyVault]? {
        get async {
            var atWork: Set<String> = []
            var gone: [any KeyVault] = []
            for name in logTokens {
                guard let vault = try? vault(named: name) else { continue }
                if (try? await vault.inspect())?.isUnlocked == true {
                    atWork.insert(name)
                } else {
                    gone.append(vault)
                }
            }
            return provedKeys.cover(neededKeys, on: atWork) ? nil : gone
        }
    }

    /// Sees that the keys sign which are to sign the next head, where those of the last head were
    /// others or failed; the log says how it ended.
    func proveNextKeys() async throws(EngineError) {
        let needed = neededKeys
        guard !provedKeys.haveSigned(needed) else { return }
        try await writer.prove(needed)
    }
}
