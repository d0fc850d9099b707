// Who signs for a key's end and its successor in a vault: a surviving authority of the vault, whose
// key is in a token of the daemon, or in that of a person who is asked to sign by their own client.

import CeremonyRecord
import Provara

/// One authority of a vault, as a statement names it.
struct VaultAuthority: Hashable {
    /// Where its key is.
    enum Place: Hashable {
        /// In a token of the daemon.
        case token(SigningKey)
        /// With a person.
        case person(String)
    }

    /// The key.
    let key: VaultPublicKey
    /// The same, as the log writes keys.
    let sshKey: SSHPublicKey
    /// The authority that it has, by the vault's log.
    let roles: String
    /// Where it is.
    let place: Place

    /// Reads an authority from a kind's parameters.
    ///
    /// - Parameter name: `authority` or `promoter`.
    /// - Throws: ``Refusal`` (`bad-parameter`).
    init(_ name: String, in parameters: [String: String]) throws(Refusal) {
        guard let id = parameters[name].flatMap({ KeyID($0) }) else {
            throw Refusal(
                .badParameter, "\(name) is the id of a key of the vault, bp1_ and 16 hex digits.",
                next: "The vault's keys are shown by: ceremonyctl provara verify VAULT.")
        }
        guard let line = parameters["\(name)-key"], let sshKey = SSHPublicKey(line: line),
            sshKey.algorithm == .ed25519, let key = VaultPublicKey(sshKey.point), key.id == id
        else { throw VaultAuthority.unseen(name) }
        guard let roles = parameters["\(name)-roles"] else { throw VaultAuthority.unseen(name) }
        self.key = key
        self.sshKey = sshKey
        self.roles = roles
        let by = parameters["\(name)-by"] ?? "daemon"
        guard by.utf8.elementsEqual("daemon".utf8) else {
            guard Identifier.isPersonName(by) else {
                throw Refusal(
                    .badParameter, "\(name)-by is daemon, or the name of somebody on the roster.",
                    next: "Say who holds that key: --set \(name)-by=NAME.")
            }
            place = .person(by)
            return
        }
        guard let token = parameters["\(name)-token"].flatMap({ TokenReference(uri: $0) }),
            let keyID = parameters["\(name)-id"].flatMap({ Hex.decode($0) }), !keyID.isEmpty
        else {
            throw Refusal(
                .badParameter,
                "The key \(id) is in none of the daemon's tokens that are unlocked here.",
                next: "Unlock its token, or say who signs with it: --set \(name)-by=NAME.")
        }
        place = .token(SigningKey(token: token, keyID: keyID, key: sshKey))
    }

    /// The lines of the statement.
    func fields(_ name: String) -> [Field] {
        var (by, token, id) = ("daemon", "none", "none")
        switch place {
        case .token(let key): (token, id) = (key.token.uri, Hex.encode(key.keyID))
        case .person(let person): by = person
        }
        return [
            Field(name: name, value: "\(key.id)"),
            Field(name: "\(name)-key", value: sshKey.line),
            Field(name: "\(name)-roles", value: roles),
            Field(name: "\(name)-by", value: by), Field(name: "\(name)-token", value: token),
            Field(name: "\(name)-id", value: id),
        ]
    }

    /// What the drafter may say, and what is seen in the vault and on the tokens.
    static func parameters(_ name: String, standard: String?) -> [KindParameter] {
        [
            KindParameter(
                name, "the vault's key that signs the \(name == "authority" ? "end" : "successor")",
                standard: standard, isFromLog: standard == nil ? false : true),
            KindParameter(
                "\(name)-by", "who signs with it: daemon, or a name on the roster",
                standard: "daemon"),
            KindParameter("\(name)-key", "seen in the vault", isFromLog: true),
            KindParameter("\(name)-roles", "seen in the vault", isFromLog: true),
            KindParameter("\(name)-token", "seen on the daemon's tokens", isFromLog: true),
            KindParameter("\(name)-id", "seen on the daemon's tokens", isFromLog: true),
        ]
    }

    /// The keys of authorities that are with the daemon.
    static func tokenKeys(in parameters: [String: String]) -> [String: [UInt8]] {
        var keys: [String: [UInt8]] = [:]
        for name in ["authority", "promoter"]
        where (parameters["\(name)-by"] ?? "daemon").utf8.elementsEqual("daemon".utf8) {
            keys[name] = parameters["\(name)-key"].flatMap { SSHPublicKey(line: $0)?.point }
        }
        return keys
    }

    /// Refuses a holder who could not be asked, because nobody of that name is on the roster.
    ///
    /// - Throws: ``Refusal`` (`not-on-roster`).
    func checkHolder(in roster: Roster) throws(Refusal) {
        guard case .person(let name) = place, roster.member(named: name) == nil else { return }
        throw Refusal(
            .notOnRoster, "\(name), who is to sign with \(key.id), is not on the roster.",
            next: "Only who is on the roster can be asked. See: ceremonyctl roster.",
            requirement: "CT-12")
    }

    private static func unseen(_ name: String) -> Refusal {
        Refusal(
            .badParameter, "The key of the \(name) is not what is seen in the vault.",
            next: "Let the daemon draft it: ceremonyctl provara rotate VAULT.")
    }
}
