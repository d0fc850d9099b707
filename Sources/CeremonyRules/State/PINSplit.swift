// The PIN of a token that nobody knows: it is split among the members of an authority, and so many
// of them give it back. The log knows which split there is by its digests; the shares are in the
// members' own tokens, and the PIN is nowhere.

public import CeremonyRecord
import HashTreeCollections

/// The digests of a split: of the secret that gives the PIN, and of each share by its number.
public struct SplitDigests: Hashable, Sendable {
    /// Of the whole secret; see `Digest.init(ofSplit:)`.
    public let secret: Digest
    /// Of each share, the first one's number being 1; see `Digest.init(ofShare:)`.
    public let shares: [Digest]

    /// The digests of a split.
    public init(secret: Digest, shares: [Digest]) {
        self.secret = secret
        self.shares = shares
    }

    /// Reads them: field `split` of a membership's intent.
    ///
    /// - Throws: `JSONError` for anything that ``json`` does not write.
    public init(_ json: JSON) throws(JSONError) {
        var fields = try JSONFields(json, at: "split")
        secret = try fields.parsed("secret", as: "sha256:hex") { Digest($0) }
        shares = try fields.strings("shares").map { text throws(JSONError) in
            guard let digest = Digest(text) else {
                throw JSONError(.field("split.shares"), .expected("sha256:hex"))
            }
            return digest
        }
        try fields.finish()
    }

    /// As they stand in the intent.
    public var json: JSON {
        .object([
            "secret": .string("\(secret)"), "shares": .strings(shares.map { "\($0)" }),
        ])
    }

    /// Whether there is one for each of so many people, and none twice.
    func isWhole(for count: Int) -> Bool {
        shares.count == count && Set(shares + [secret]).count == count + 1
    }
}

/// A token's PIN, split among the members of an epoch.
public struct PINSplit: Hashable, Sendable {
    /// The token.
    public let token: TokenReference
    /// Who keeps its security officer's PIN, with which the other could be set anew.
    public let officers: [String]
    /// How many shares give the PIN.
    public let threshold: Int
    /// By which the shares are known.
    public let digests: SplitDigests
}

/// Who guards a token, and by which splits it may open.
public struct Guardianship: Hashable, Sendable {
    /// The authority.
    public let authority: String
    /// The epoch whose shares give the PIN that the token has, as far as the log knows; `nil`
    /// before the first was set, when somebody knows it.
    public let inForce: Authority.Epoch?
    /// Later epochs whose PIN is still to be set, or may have been: the newest first. Their shares
    /// are in their members' tokens.
    public let waiting: [Authority.Epoch]

    /// The epoch whose PIN is to be set.
    public var pending: Authority.Epoch? { waiting.first }
    /// The epochs whose shares may open the token, in the order in which they are tried.
    public var epochs: [Authority.Epoch] { waiting + [inForce].compactMap { $0 } }
}

extension State {
    /// Who guards the token; `nil` where nobody does and its keeper types the PIN.
    public func guardianship(of token: TokenReference) -> Guardianship? {
        for authority in allAuthorities {
            let epochs = authority.epochs.filter { $0.split?.token == token }
            guard !epochs.isEmpty else { continue }
            let inForce = epochs.last { isSet(by: $0) }
            return Guardianship(
                authority: authority.name, inForce: inForce,
                waiting: epochs.reversed().filter { epoch in
                    epoch.number > inForce?.number ?? 0 && isWaiting(epoch)
                })
        }
        return nil
    }

    /// Whether the split's PIN became the token's.
    private func isSet(by epoch: Authority.Epoch) -> Bool {
        guard let ceremony = recordedCeremony(named: epoch.ceremony) else { return false }
        return ceremony.afterwards.isEmpty && !ceremony.isLeftUndone
    }

    private func isWaiting(_ epoch: Authority.Epoch) -> Bool {
        recordedCeremony(named: epoch.ceremony)?.afterwards.isEmpty == false
    }

    /// Whether a later epoch has a split of its own, so that this ceremony's PIN is not to be set
    /// any more.
    func isOvertaken(_ ceremony: Ceremony) -> Bool {
        guard let authority = authority(ceremony.statement.subject),
            authority.epochs.contains(where: { $0.ceremony == ceremony.id && $0.split != nil })
        else { return false }
        return authority.current.ceremony != ceremony.id
    }

    /// What the log last says of the PIN that a ceremony has split; `nil` where it was never tried.
    public func lastUnsealing(of ceremony: String) -> UnsealResult? { unsealings[ceremony] }

    /// Refuses to take it for done, or for left, that a ceremony's PIN was set, unless the log says
    /// what shows that.
    ///
    /// - Throws: ``Refusal`` (`illegal-event`).
    func checkEvidence(for step: Step, of ceremony: Ceremony, isLeft: Bool) throws(Refusal) {
        guard case .setPIN = step else { return }
        let isShown =
            switch unsealings[ceremony.id] {
            case .set, .unlocked: !isLeft
            case .setting, .unknown: false
            case .notSet, .wrong, .proved, nil: isLeft
            }
        guard isShown else {
            throw Refusal(
                .illegalEvent,
                "Nothing in the log shows that the PIN of \(ceremony.id) was "
                    + (isLeft ? "not " : "") + "set.", requirement: "FP-4")
        }
    }

    /// `unseal.tried`: what was done with shares that the log knows, by people who hold them.
    mutating func take(_ tried: UnsealTried) throws(Refusal) {
        guard let token = TokenReference(uri: tried.token), let known = guardianship(of: token),
            !tried.tries.isEmpty
        else {
            throw Refusal(.illegalEvent, "Nobody guards the token that was tried.")
        }
        // They are written down from a file that may be read twice.
        if let last = lastTries[tried.token], tried.tries.starts(with: last.tries) {
            throw Refusal(.illegalEvent, "These tries are written down already.")
        }
        for each in tried.tries {
            guard let epoch = known.epochs.first(where: { $0.ceremony == each.ceremony }),
                let split = epoch.split, Set(each.shares).count == each.shares.count,
                each.shares.allSatisfy({ epoch.member(named: $0) != nil }),
                each.shares.count >= PINSplit.fewest(for: each.result, split.threshold)
            else {
                throw Refusal(
                    .illegalEvent,
                    "The shares that were tried are not enough, or not of a split that may open "
                        + "the token.")
            }
            if each.result != .proved { unsealings[each.ceremony] = each.result }
        }
        lastTries[tried.token] = tried
    }
}

extension PINSplit {
    /// How many shares such a thing takes: a PIN that was just split is set without any.
    fileprivate static func fewest(for result: UnsealResult, _ threshold: Int) -> Int {
        switch result {
        case .set, .notSet, .setting: 0
        case .proved: 1
        case .unlocked, .wrong, .unknown: threshold
        }
    }
}
