// The rotation of a vault's key, for whoever starts, approves or accepts it: what is said of it on
// a command line, and in plain words which key goes, who signs for that, and what becomes of the
// vault.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara

/// What a rotation of a vault's key orders.
struct VaultRotation: ClientKind {
    static let kind: any CeremonyKind.Type = ProvaraRotation.self

    private let fields: Fields
    private let accepts: [AcceptLine]
    private let subject: String
    private let drafted: Timestamp
    private var vouched: VouchedReading
    /// The copy of the vault that agrees with the statement.
    private var copy: String?

    static func parameters(
        _ chosen: [String: String], _ options: KindOptions, under roster: Roster
    ) throws(ClientError) -> [String: String] { try inFull(chosen, under: roster) }

    /// Who signs the successor is said in full, and so are the peers' keys: what is asked for can
    /// then be held against the statement word for word.
    static func inFull(_ chosen: [String: String], under roster: Roster)
        throws(ClientError) -> [String: String]
    {
        var chosen = chosen
        if chosen["promoter"] == nil {
            guard chosen["promoter-by"] == nil else {
                throw .usage(
                    "promoter-by says who signs with a promoter's key, and none is named.",
                    next: "Name the key: --set promoter=bp1_..., or leave promoter-by out.")
            }
            chosen["promoter"] = chosen["authority"]
            chosen["promoter-by"] = chosen["authority-by"]
        }
        return try VaultPeers.inFull(chosen, under: roster)
    }

    /// The vault's own log says up to where a key has signed, and what it may do.
    static func comesTo(_ parameter: String, said: String?, in statement: Statement) -> String? {
        switch parameter {
        case "boundary" where said == nil || said == "last": statement.fields["revoke-last"]
        case "roles" where said == nil: statement.fields["revoke-roles"]
        default: nil
        }
    }

    init(_ statement: Statement, _ log: TrustedLog, _ roster: Roster) throws(ClientError) {
        fields = statement.fields
        accepts = statement.accepts
        subject = statement.subject
        drafted = statement.drafted
        vouched = VouchedReading(fields)
    }

    mutating func read(_ copy: VaultCopy) throws(ClientError) {
        try vouched.read(copy, fields)
        self.copy = copy.path
    }

    func tell(_ status: StatusReport) {
        for sentence in sentences(atMost: .max) { Talk.paragraph(Display.neutralised(sentence)) }
    }

    /// Of what an event says as much as fits on a line or two.
    var gist: [String] { sentences(atMost: 160).map { Display.neutralised($0) } }

    /// What is ordered.
    private func sentences(atMost most: Int) -> [String] {
        let vault = "the vault \(said("vault")) (\(said("vault-uid")))"
        var told = [
            "In \(vault) the key \(said("revoke")) ends (\(said("cause"))), and a new key takes its "
                + "place, made in the receiving token. The old one was: \(said("revoke-roles")). "
                + "The new one will be: \(said("roles"))."
        ]
        told.append(boundary)
        told += losses
        told += vouched.sentences(atMost: most)
        let (revoker, promoter) = (signer("authority"), signer("promoter"))
        told.append(
            revoker == promoter
                ? "Both events are signed with \(revoker)."
                : "The end is signed with \(revoker), the new key is promoted with \(promoter).")
        let warnings = VaultWarnings(fields)
        told += warnings.unsigned + warnings.sentences
        if said("old-status") == "revoked" { told.append(VaultRotation.revokedWarning) }
        told += VaultRotation.dateWarning(fields, drafted)
        told += VaultPeers.released(by: fields)
        let peers = fields.all("peer")
        if !peers.isEmpty {
            told.append(
                "Until these have confirmed that their copies know the new key, `ceremonyctl provara "
                    + "gate \(said("vault")) L3` says no: \(Phrase.list(peers)).")
        }
        if let copy {
            told.append(
                "All that the statement says of the vault (root \(said("vault-root"))) was compared "
                    + "with \(copy), which this client read by itself, and agrees.")
            return told
        }
        told.append(
            "How the vault stands (root \(said("vault-root")), \(said("vault-events")) events, the "
                + "last \(said("vault-last"))) is what the daemon saw. Whoever has the vault before "
                + "them compares that with: ceremonyctl provara verify DIRECTORY.")
        return told
    }

    /// Roles that end with the old key, and words that are no role of the package's.
    private var losses: [String] {
        func words(_ name: String) -> [String] {
            said(name).utf8.split(separator: UInt8(ascii: ",")).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let (old, new) = (words("revoke-roles"), words("roles"))
        let known = ["root", "quorum", "attestation", "none"]
        return old.filter { ["root", "quorum"].contains($0) && !new.contains($0) }.map {
            "The new key will not be \($0), as the old one was: the vault may be left without one."
        }
            + new.filter { !known.contains($0) }.map {
                "\($0) is no role that gives a key a standing in a vault."
            }
    }

    private var boundary: String {
        guard said("revoke-last") != "none" else { return "The old key has signed nothing." }
        let contested = Decimal.decode(said("contested").utf8) ?? 0
        guard contested > 0 else {
            let doubtful = said("cause").utf8.elementsEqual("key_compromise".utf8)
            return "Everything that the old key has signed stays trusted, up to "
                + "\(said("boundary"))."
                + (doubtful
                    ? " Although it is said to be compromised: --trust-boundary names the last event "
                        + "that was surely its owner's." : "")
        }
        return "What the old key signed after \(said("boundary")) is contested: "
            + "\(Phrase.count(contested, "event")). They count again one by one, where the new key "
            + "attests them."
    }

    private func signer(_ name: String) -> String {
        let by = said("\(name)-by")
        let holder =
            by.utf8.elementsEqual("daemon".utf8)
            ? "in a token of the daemon" : "which \(by) holds and is asked for"
        return "\(said(name)) (\(said("\(name)-roles")); "
            + "\(VaultWarnings(fields).origin(of: name))), \(holder)"
    }

    private func said(_ name: String) -> String { fields[name] ?? "none" }

    /// What each of the two events says.
    static func sentences(on message: Question.Message, of statement: Statement) -> [String] {
        func said(_ name: String) -> String { statement.fields[name] ?? "none" }
        switch message.title {
        case "KEY_REVOCATION":
            return [
                "In the vault \(said("vault")) the key \(said("revoke")) is revoked by "
                    + "\(said("authority")), for ever. It is trusted up to \(said("boundary"))."
            ] + dateWarning(statement.fields, statement.drafted)
        case "KEY_PROMOTION":
            return [
                "In the vault \(said("vault")) the new key takes the place of \(said("revoke")), "
                    + "with the roles \(said("roles")), promoted by \(said("promoter"))."
            ]
        default: return []
        }
    }

    /// That the vault's log is dated ahead of the clock, and with it whatever is written next.
    static func dateWarning(_ fields: Fields, _ now: Timestamp) -> [String] {
        guard let text = fields["vault-next"], let next = VaultTime(text),
            next.microseconds / 1_000_000 > now.seconds + Limits.clockLead
        else { return [] }
        return [
            "WARNING: the vault has an event that is dated in the future, and every later one has to "
                + "be dated after it: this rotation will say \(next), and it was drafted at \(now). "
                + "Find out who wrote that event before you agree."
        ]
    }

    /// What the literal status does to the package's own check.
    static let revokedWarning =
        "WARNING: keys.json will call the old key `revoked`. The package's own `provara verify` then "
        + "refuses every event that this key has ever signed, and with them the whole vault, unless "
        + "it signed none. `retired` is what it accepts; the vault's log says that the key is revoked "
        + "in both cases."
}
