// A key of a Provara vault replaced: its end and its successor are signed by authorities of the
// vault that survive, never by the new key or the old one, and the vault is written when the log
// has the outcome. The reference's rotation ceremony, steps 1 to 7; DESIGN 2.3 and 2.8.

public import CeremonyRecord
import HashTreeCollections
import Provara

/// Replaces a key of a vault.
public struct ProvaraRotation: CeremonyKind {
    /// `provara-rotation`
    public static let name = "provara-rotation"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Replaces a key of a Provara vault; a surviving authority of the vault signs for it."
    /// What the drafter says, and what is seen in the vault.
    public static let parameters: [KindParameter] =
        [
            KindParameter("token", "the receiving token; --into chooses it"),
            KindParameter(
                "key-id", "CKA_ID in hex, for tokens with fixed slots", standard: "random"),
            KindParameter("vault", "the vault, as the daemon's configuration calls it"),
            KindParameter("revoke", "the id of the vault's key that goes"),
            KindParameter(
                "boundary", "the last event of that key that is trusted, or last",
                standard: "last"),
            KindParameter(
                "reattest", "contested events that the new key stands for, evt_... with commas",
                standard: "none"),
            KindParameter("reattest-payloads", "seen in the vault", isFromLog: true),
            KindParameter(
                "cause", VaultTerms.causes.joined(separator: ", "),
                standard: VaultTerms.causes[0]),
            KindParameter(
                "roles", "what the new key may do, with commas; else what the old one may",
                isFromLog: true),
            KindParameter("old-status", "how keys.json calls the old key", standard: "retired"),
            KindParameter(
                "actor", "who speaks in the vault's log", standard: VaultTerms.actor),
            KindParameter(
                "peers", "who must confirm, NAME or NAME=SHA256:..., with commas",
                standard: "none"),
        ] + VaultAuthority.parameters("authority", standard: nil)
        + VaultAuthority.parameters("promoter", standard: "the authority")
        + VaultTerms.seen + VaultDoubts.seen

    /// Three witnesses. The key is active when the outcome is committed.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 0)
    /// The vault is written at once; nobody attests first.
    public static let mostAttestations = 0
    /// A key is made, and a vault is written.
    public static let hasSteps = true

    /// Whose key it is.
    public let subject: String
    /// The making of the key.
    public let making: KeyMaking
    /// `provara-root` for a key with the role root, else `operational`; fixed at the first key.
    public let subjectClass: String?
    let terms: VaultTerms
    let doubts: VaultDoubts
    let authority: VaultAuthority
    let promoter: VaultAuthority
    let order: RotationTerms
    let vouch: VouchTerms
    private let peers: [Field]

    /// Nobody holds it.
    public var holder: String? { nil }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        VaultTerms.parameters(of: statement).merging(VouchTerms.parameters(of: statement.fields)) {
            $1
        }
    }

    /// The promoter is the authority where nothing else is said.
    public static func completed(
        _ parameters: [String: String], drafted: Timestamp, in state: State
    ) throws(Refusal) -> [String: String] {
        guard parameters["promoter"] == nil else { return parameters }
        var parameters = parameters
        for part in ["", "-by", "-key", "-roles", "-introduced", "-token", "-id"] {
            parameters["promoter" + part] = parameters["authority" + part]
        }
        return parameters
    }

    /// The vault's state, the keys that are asked about and the end of the actor's chain.
    public static func sight(of parameters: [String: String]) throws(Refusal) -> VaultSight? {
        try VaultTerms.sight(of: parameters)
    }

    /// The authorities' keys, unless people hold them.
    public static func tokenKeys(in parameters: [String: String]) -> [String: [UInt8]] {
        VaultAuthority.tokenKeys(in: parameters)
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal``: `bad-parameter`; `wrong-key` where the key that goes is not the
    ///   subject's active one, or an authority may not sign; `key-exists`, `key-taken`,
    ///   `software-token`.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        terms = try VaultTerms(parameters)
        doubts = try VaultDoubts(parameters)
        order = try RotationTerms(parameters)
        vouch = try VouchTerms(parameters)
        authority = try VaultAuthority("authority", in: parameters)
        promoter = try VaultAuthority("promoter", in: parameters)
        peers = VaultTerms.lines(
            of: try VaultTerms.peers(parameters["peers"], in: state.roster), besides: terms.fields,
            in: state)
        self.subject = subject
        for signer in [authority, promoter] {
            try order.check(signer)
            try signer.checkHolder(in: state.roster)
            try state.checkVaultKey(signer.key, of: terms.uid)
            if let entry = state.logKey(signer.key),
                entry.status(at: state.head.time) != .active
            {
                throw Refusal(
                    .wrongKey,
                    "\(signer.key.id) is \(entry.status(at: state.head.time).rawValue) in this log, "
                        + "so it signs for nothing any more.",
                    next: "Name an authority that is not.")
            }
        }
        try state.checkVaultKey(order.revoked, of: terms.uid)
        subjectClass =
            try state.vaultClass(of: subject, inVault: terms.uid)
            ?? (order.roles.contains("root") ? "provara-root" : "operational")
        let old = try state.oldKey(order.revoked, of: subject)
        making = try KeyMaking(
            parameters, label: ceremony, oldKey: old, overlapDays: 0, isEndorsed: false, in: state)
    }

    /// The statement's block: the vault and its state, the key that goes, the authorities, the new
    /// key's place.
    public var fields: Fields {
        var list = [Field(name: "algorithm", value: "Ed25519")] + terms.fields + order.fields
        list += vouch.fields
        list.append(Field(name: "old-key", value: making.oldKey.map { "\($0)" } ?? "none"))
        list += authority.fields("authority") + promoter.fields("promoter")
        list += doubts.fields + terms.chain
        return Fields(list + peers + making.place)
    }

    /// The subject, the receiving token and the vault.
    public var locks: [Lock] {
        [.subject(subject), .token(making.token.serial), .vault(terms.vault)]
    }

    /// Whoever is to sign in a client of their own agrees to that beforehand.
    public static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet] {
        VaultTerms.acceptances(by: fields, in: roster)
    }

    /// Those who are to say that they have taken the new key over.
    public static func peers(by fields: Fields) -> [Signatory] { VaultTerms.peers(by: fields) }

    /// The vault as it was seen, and how its authorities stand in this log.
    public func dependencies(in state: State) -> [String: JSON] {
        [
            "vault": .object([
                "uid": .string(terms.uid), "root": .string("\(terms.root)"),
                "last": .string(terms.last),
            ]),
            "authorities": .array(
                [authority, promoter].map { signer in
                    let entry = state.logKey(signer.key)
                    return .string(
                        "\(signer.key.id) "
                            + (entry?.status(at: state.head.time).rawValue ?? "none"))
                }),
        ]
    }

    /// The intent is the key's, with the moment that stands in the vault.
    public func checkIntent(
        _ intent: JSON?, of ceremony: Ceremony, at time: Timestamp, in state: State
    ) throws(Refusal) {
        try making.checkVaultIntent(intent, after: terms.next, at: time, in: state)
    }

    /// A key that the log made itself ends with its end in the vault. One that others may have is
    /// revoked here as well.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        guard let old = making.oldKey, let cause = order.causeOfRevocation else { return [] }
        return [
            .keyRevoked(
                KeyRevoked(
                    ceremony: ceremony.id, fingerprint: old, subject: subject, reason: cause,
                    boundary: nil, boundaryTime: nil))
        ]
    }

    /// The keys of the vault that this names have that role in the log from here on.
    public var claims: [Claim] {
        [order.revoked, authority.key, promoter.key].map {
            Claim(point: $0.bytes, role: State.vaultRole(terms.uid))
        }
    }
}

extension State {
    /// The subject's key that goes, where the log made it; `nil` for one that the vault was born
    /// with.
    ///
    /// - Throws: ``Refusal`` (`key-exists`, `wrong-key`).
    func oldKey(_ revoked: VaultPublicKey, of subject: String) throws(Refusal) -> KeyEntry? {
        var active: KeyEntry?
        for fingerprint in self.subject(subject)?.keys ?? [] {
            guard let entry = keys[fingerprint] else { continue }
            switch entry.status(at: head.time) {
            case .active: active = entry
            case .registered, .retiring:
                throw Refusal(
                    .keyExists,
                    "\(subject) has a key that is \(entry.status(at: head.time).rawValue): "
                        + "\(fingerprint).", next: "Wait until that is settled: ceremonyctl keys.")
            case .retired, .revoked, .lapsed: break
            }
        }
        let entry = logKey(revoked)
        guard entry == active || (active == nil && entry?.subject == subject) else {
            throw Refusal(
                .wrongKey,
                "\(revoked.id) is not the key that \(subject) signs with in this log"
                    + (active.map { ": that is \(KeyID(publicKey: $0.publicKey.point))." } ?? "."),
                next: "Each key of a vault has a subject of its own: ceremonyctl keys.")
        }
        return active
    }
}
