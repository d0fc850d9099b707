// How far back a key's authority goes. GENESIS bears out the root key; a contract's keys nobody has
// signed for but whoever signed the manifest last, and whoever put a key there can have done that
// with the very same key. So a signature covers the contract only where its own key goes back to
// the birth.

/// What a key's authority rests on, in the end.
public enum KeyOrigin: String, Hashable, Sendable, CaseIterable {
    /// It is the root key, and signed GENESIS.
    case birth
    /// An authority promoted it, and that goes back to the birth, or to a contract that is covered.
    case promotion
    /// The sync contract names it, and a key that goes back to the birth has signed the files as
    /// they are.
    case contract
    /// The sync contract names it, and nothing that goes back to the birth bears that out.
    case contractUnsigned = "contract-unsigned"
    /// An authority promoted it, and that goes back to such a key.
    case promotionUnsigned = "promotion-unsigned"
    /// The caller vouched for it. It has no authority by that.
    case vouched

    /// Whether nothing signed says that the key has authority, back to the birth.
    public var isUnsigned: Bool { self == .contractUnsigned || self == .promotionUnsigned }
}

extension Vault {
    /// What a key's authority rests on; `nil` for a key that nothing introduced.
    public func origin(of key: KeyID) -> KeyOrigin? {
        log.replay.keys.origin(of: key, signature)
    }
}

extension [KeyID: KeyStanding] {
    /// The key with which a chain of promotions begins; `nil` for a key that nothing introduced.
    private func beginning(of key: KeyID) -> KeyStanding? {
        var standing = self[key]
        // A promoter is known before the key that it promotes, so this ends.
        while let promoter = standing?.promotedBy { standing = self[promoter] }
        return standing
    }

    /// Whether a signature over the manifest covers what the contract says.
    private func coversContract(_ signature: Vault.SignatureStanding) -> Bool {
        guard case .fresh(let signer) = signature else { return false }
        return beginning(of: signer)?.introduction == .birth
    }

    func origin(of key: KeyID, _ signature: Vault.SignatureStanding) -> KeyOrigin? {
        guard let beginning = beginning(of: key) else { return nil }
        let isPromoted = beginning.id != key
        switch beginning.introduction {
        case .birth: return isPromoted ? .promotion : .birth
        case .vouched: return .vouched
        case .promotion: return nil
        case .contract where coversContract(signature): return isPromoted ? .promotion : .contract
        case .contract: return isPromoted ? .promotionUnsigned : .contractUnsigned
        }
    }

    /// The keys of the contract that nothing signed bears out and from which a key that was not
    /// revoked has its authority, with one such key, by the order of their ids.
    func unsignedIntroductions(_ signature: Vault.SignatureStanding) -> [(key: KeyID, of: KeyID)] {
        guard !coversContract(signature) else { return [] }
        var found: [KeyID: KeyID] = [:]
        for standing in values.sorted(by: { $0.id.description.precedes($1.id.description) })
        where standing.revocation == nil {
            guard let beginning = beginning(of: standing.id), beginning.introduction == .contract
            else { continue }
            if standing.id == beginning.id || found[beginning.id] == nil {
                found[beginning.id] = standing.id
            }
        }
        return found.map { ($0.key, $0.value) }
            .sorted { $0.0.description.precedes($1.0.description) }
    }
}
