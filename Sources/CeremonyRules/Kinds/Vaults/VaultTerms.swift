// What every ceremony on a vault says of it: which vault, how it stood, where the chain of the
// actor ends, who has to confirm. All of it stands in the statement; all but the vault's name is
// seen.

import CeremonyRecord
import Provara

/// The vault of a ceremony, as it was seen.
struct VaultTerms: Hashable {
    /// As the daemon's configuration calls it.
    let vault: String
    /// Its own name.
    let uid: String
    /// The Merkle root of its files.
    let root: MerkleRoot
    /// How many events its log has.
    let events: Int
    /// The log's last event, or `none`.
    let last: String
    /// The first time that comes after every time in its log. What is written is dated so, where
    /// the clock has not come there yet.
    let next: VaultTime
    /// Who speaks in the events that are written.
    let actor: String
    /// The actor's last event, and the logical time that comes next.
    let tip: Tip

    /// Where an actor's chain goes on.
    struct Tip: Hashable {
        /// Its last event; `nil` where it has none.
        let last: EventID?
        /// The logical time that comes next.
        let next: Int
    }

    /// Why a vault's key goes; the first is the ordinary one.
    static let causes = [
        "scheduled_rotation", "key_compromise", "device_loss", "staff_turnover",
        "security_upgrade", "administrative",
    ]
    /// The actor of the reference's rotations.
    static let actor = "key_rotation_authority"

    /// What is seen, and is none of the drafter's to say.
    static let seen: [KindParameter] = [
        "vault-uid", "vault-root", "vault-events", "vault-last", "vault-next", "revoke-key",
        "revoke-roles", "revoke-last", "contested", "actor-last", "actor-next",
    ].map { KindParameter($0, "seen in the vault", isFromLog: true) }

    /// - Throws: ``Refusal`` (`bad-parameter`) where it was not seen, or is not what is seen.
    init(_ parameters: [String: String]) throws(Refusal) {
        guard let vault = parameters["vault"], Identifier.isValid(vault) else {
            throw Refusal(
                .badParameter, "vault is the name of a vault in the daemon's configuration.",
                next: "Say which: --set vault=NAME.")
        }
        guard let uid = parameters["vault-uid"], !uid.utf8.isEmpty,
            let root = parameters["vault-root"].flatMap({ MerkleRoot($0) }),
            let events = parameters["vault-events"].flatMap({ Decimal.decode($0.utf8) }),
            let last = parameters["vault-last"],
            last == "none" || EventID(last) != nil,
            let actorLast = parameters["actor-last"],
            actorLast == "none" || EventID(actorLast) != nil,
            let next = parameters["vault-next"].flatMap({ VaultTime($0) }),
            let logicalTime = parameters["actor-next"].flatMap({ Decimal.decode($0.utf8) }),
            logicalTime >= 1
        else {
            throw Refusal(
                .badParameter, "The vault \(vault) was not looked at, or not as the daemon does.",
                next: "Let the daemon draft it: ceremonyctl start.")
        }
        let actor = parameters["actor"] ?? VaultTerms.actor
        guard Identifier.isValid(actor) else {
            throw Refusal(
                .badParameter, "actor is a name of a-z, 0-9, dot, dash and underscore.",
                next: "Leave it out for \(VaultTerms.actor).")
        }
        self.vault = vault
        self.uid = uid
        self.root = root
        self.events = events
        self.last = last
        self.next = next
        self.actor = actor
        tip = Tip(last: EventID(actorLast), next: logicalTime)
    }

    /// The vault and how it stands.
    var fields: [Field] {
        [
            Field(name: "vault", value: vault), Field(name: "vault-uid", value: uid),
            Field(name: "vault-root", value: "\(root)"),
            Field(name: "vault-events", value: String(events)),
            Field(name: "vault-last", value: last), Field(name: "vault-next", value: "\(next)"),
        ]
    }

    /// Where the events go on.
    var chain: [Field] {
        [
            Field(name: "actor", value: actor),
            Field(name: "actor-last", value: tip.last.map { "\($0)" } ?? "none"),
            Field(name: "actor-next", value: String(tip.next)),
        ]
    }

    /// What is looked at for a draft, an opening and an execution alike.
    static func sight(of parameters: [String: String]) throws(Refusal) -> VaultSight {
        guard let vault = parameters["vault"], Identifier.isValid(vault) else {
            throw Refusal(
                .badParameter, "vault is the name of a vault in the daemon's configuration.",
                next: "Say which: --set vault=NAME.")
        }
        var keys: [KeyID] = []
        for name in ["revoke", "authority", "promoter"] {
            guard let text = parameters[name] else { continue }
            guard let id = KeyID(text) else {
                throw Refusal(
                    .badParameter, "\(name) is the id of a key of the vault, bp1_ and 16 digits.",
                    next: "The vault's keys are shown by: ceremonyctl provara verify VAULT.")
            }
            keys.append(id)
        }
        return VaultSight(
            vault: vault, keys: keys, boundary: parameters["boundary"].flatMap { EventID($0) },
            actor: parameters["actor"] ?? VaultTerms.actor,
            vouched: try VouchTerms.wanted(in: parameters))
    }

    /// Every field of the kind by its name.
    static func parameters(of statement: Statement) -> [String: String] {
        var parameters: [String: String] = [:]
        for field in statement.fields.list where !["peer", "releases"].contains(field.name) {
            parameters[field.name] = field.value
        }
        for name in ["algorithm", "key-label", "old-key"] { parameters[name] = nil }
        let peers = statement.fields.all("peer").map {
            String(
                decoding: $0.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "=") : $0 },
                as: UTF8.self)
        }
        parameters["peers"] = peers.isEmpty ? "none" : peers.joined(separator: ",")
        return parameters
    }

    // MARK: People

    /// `NAME` for somebody on the roster with their first key, `NAME=SHA256:...` for anybody.
    static func peers(_ text: String?, in roster: Roster) throws(Refusal) -> [Signatory] {
        guard let text, text != "none" else { return [] }
        var peers: [Signatory] = []
        for word in text.utf8.split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        {
            let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1).map {
                String(decoding: $0, as: UTF8.self)
            }
            let key =
                parts.count == 2
                ? Fingerprint(parts[1])
                : parts.first.flatMap { roster.member(named: $0)?.keys.first?.key.fingerprint }
            guard let name = parts.first, Identifier.isPersonName(name), let key,
                !peers.contains(where: { $0.name == name || $0.fingerprint == key })
            else {
                throw Refusal(
                    .badParameter,
                    "peers lists names on the roster, or NAME=SHA256:... for others, each once.",
                    next: "Leave it out where nobody else has a copy of the vault.")
            }
            // Somebody on the roster is known by their keys, and a key by whose it is.
            let holder = roster.member(holding: key)?.member.name
            guard holder.map({ $0 == name }) ?? (roster.member(named: name) == nil) else {
                throw Refusal(
                    .badParameter,
                    "\(key) is not a key of \(name): on the roster "
                        + (holder.map { "it is that of \($0)." } ?? "\(name) has another."),
                    next:
                        "Somebody on the roster is named alone, without a key. Others have a name "
                        + "that nobody on the roster has: ceremonyctl roster.",
                    requirement: "CT-12")
            }
            peers.append(Signatory(name: name, fingerprint: key))
        }
        return peers
    }

    /// Who has to confirm, and who was to confirm an earlier change of the vault and is not waited
    /// for any more once this one is written.
    static func lines(of peers: [Signatory], besides fields: [Field], in state: State) -> [Field] {
        let waiting = peers.map { Field(name: "peer", value: "\($0.name) \($0.fingerprint)") }
        let released = state.followed(by: Fields(fields)).flatMap { earlier in
            earlier.unconfirmed.filter { !peers.contains($0) }.map {
                Field(name: "releases", value: "\(earlier.id) \($0.name) \($0.fingerprint)")
            }
        }
        return waiting + released
    }

    /// The `peer:` lines.
    static func peers(by fields: Fields) -> [Signatory] {
        fields.all("peer").compactMap { line in
            let parts = line.utf8.split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard parts.count == 2, let key = Fingerprint(parts[1]) else { return nil }
            return Signatory(name: parts[0], fingerprint: key)
        }
    }

    /// The people who sign for the authorities, each with their first key.
    static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet] {
        var asked: [Signatory] = []
        for name in ["authority-by", "promoter-by", "ordered-by"] {
            guard let person = fields[name], let member = roster.member(named: person),
                let key = member.keys.first?.key.fingerprint,
                !asked.contains(where: { $0.name == member.name })
            else { continue }
            asked.append(Signatory(name: member.name, fingerprint: key))
        }
        return asked.isEmpty ? [] : [AcceptanceSet("authority", asked)]
    }
}
