// Who may sign a document, and whose token is here: the public keys on the tokens are compared
// with the keys that the document or the roster names. One person here needs no flag; several are
// listed, and the one who acts says `--as`.

import CeremonyRecord
import CeremonyTerminal

/// A person and their keys, in the order of the roster; the first names their signature files.
struct Signer: Hashable, Sendable {
    /// The identifier on the roster.
    let name: String
    /// The fingerprints of their keys.
    let keys: [Fingerprint]
}

/// A key of a person that a token here holds.
struct SigningIdentity: Hashable, Sendable {
    /// Whose key it is.
    let signer: String
    /// Its place among the person's keys, from 1.
    let number: Int
    /// The key pair.
    let tokenKey: TokenKey
    /// Where it is.
    let token: SeenToken

    /// The public key.
    var key: SSHPublicKey { tokenKey.key }
    /// `<name>`, or `<name>+2` for a person's second key: how their signature files end.
    var fileName: String { SigningIdentity.fileName(signer, number) }

    /// The middle of the name of a signature file.
    static func fileName(_ signer: String, _ number: Int) -> String {
        number == 1 ? signer : "\(signer)+\(number)"
    }
}

/// The people who may sign.
struct Signatories: Sendable {
    private let signers: [Signer]

    /// The people a roster names.
    init(_ signers: [Signer]) { self.signers = signers }

    /// The people a document names, each with their keys in its order.
    init(naming lines: [(name: String, fingerprint: Fingerprint)]) {
        var signers: [Signer] = []
        for line in lines {
            let keys = signers.last.map {
                $0.name.utf8.elementsEqual(line.name.utf8) ? $0.keys : []
            }
            if let keys, !keys.isEmpty { signers.removeLast() }
            signers.append(Signer(name: line.name, keys: (keys ?? []) + [line.fingerprint]))
        }
        self.signers = signers
    }

    /// The identities of the one person who is here.
    ///
    /// - Parameters:
    ///   - tokens: what is plugged in.
    ///   - name: what stood behind `--as`.
    /// - Throws: `not-listed` (77) where the name or the keys here are not among the people;
    ///   `no-identity-key` (74) where there is no key; `ambiguous-signer` (74) listing them.
    func identities(on tokens: [SeenToken], as name: String?) throws(ClientError)
        -> [SigningIdentity]
    {
        let wanted = try chosen(name)
        var found: [SigningIdentity] = []
        for signer in wanted {
            for (index, key) in signer.keys.enumerated() {
                let holders = tokens.flatMap { token in
                    token.keys.filter { $0.key.fingerprint == key }.map { (token, $0) }
                }
                guard !holders.isEmpty else { continue }
                let identities = holders.map { token, tokenKey in
                    SigningIdentity(
                        signer: signer.name, number: index + 1, tokenKey: tokenKey, token: token)
                }
                guard Set(identities.map(\.token)).count == 1 else {
                    throw ambiguous("One key is on several tokens", identities)
                }
                found.append(identities[0])
            }
        }
        guard let first = found.first else { throw nobody(on: tokens, wanted: name) }
        guard found.allSatisfy({ $0.signer.utf8.elementsEqual(first.signer.utf8) }) else {
            throw ambiguous("Tokens of several people are here", found)
        }
        return found
    }

    /// Whose key it is and which of theirs; `nil` where nobody's.
    func owner(of key: SSHPublicKey, as name: String?) throws(ClientError) -> (String, Int)? {
        for signer in try chosen(name) {
            if let index = signer.keys.firstIndex(of: key.fingerprint) {
                return (signer.name, index + 1)
            }
        }
        return nil
    }

    private func chosen(_ name: String?) throws(ClientError) -> [Signer] {
        guard let name else { return signers }
        let found = signers.filter { $0.name.utf8.elementsEqual(name.utf8) }
        guard !found.isEmpty else {
            throw ClientError(
                .notPermitted, "not-listed", "\(name) is not among those who may sign this.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Those who may: \(signers.map(\.name).joined(separator: ", ")).",
                requirement: "FR69")
        }
        return found
    }

    private func nobody(on tokens: [SeenToken], wanted: String?) -> ClientError {
        let keys = tokens.flatMap(\.keys)
        if keys.isEmpty {
            return ClientError(
                .token, "no-identity-key",
                "No token here holds an Ed25519 key: \(tokens.map(\.name).joined(separator: ", ")).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Plug in the right token, or make a key with `ceremonyctl identity create`.")
        }
        let who = wanted ?? "anybody who may sign this"
        return ClientError(
            .notPermitted, "not-listed",
            "No key on the tokens here belongs to \(who). Keys here: "
                + keys.map(\.key.fingerprint.description).joined(separator: ", ") + ".",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Plug in the right token. Who may sign stands in the document or the roster.",
            requirement: "FR69")
    }

    private func ambiguous(_ what: String, _ found: [SigningIdentity]) -> ClientError {
        let list = found.map { "\($0.signer) with \($0.token.name)" }.joined(separator: "; ")
        return ClientError(
            .token, "ambiguous-signer", "\(what): \(list).",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "Say who signs with --as NAME, or unplug the other tokens.")
    }
}
