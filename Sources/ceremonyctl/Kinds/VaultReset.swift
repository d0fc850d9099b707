// A vault that begins anew, for whoever starts, approves or accepts it: what becomes of the old
// one, and that nothing but people's word says that no authority of it is left.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What a hard reset of a vault orders.
struct VaultReset: ClientKind {
    static let kind: any CeremonyKind.Type = ProvaraHardReset.self

    private let fields: Fields

    static func parameters(
        _ chosen: [String: String], _ options: KindOptions, under roster: Roster
    ) throws(ClientError) -> [String: String] { try VaultPeers.inFull(chosen, under: roster) }

    init(_ statement: Statement, _ log: TrustedLog, _ roster: Roster) throws(ClientError) {
        fields = statement.fields
    }

    var gist: [String] { sentences.map { Display.neutralised($0) } }

    func tell(_ status: StatusReport) {
        for sentence in sentences { Talk.paragraph(Display.neutralised(sentence)) }
    }

    /// What is ordered.
    var sentences: [String] {
        func said(_ name: String) -> String { fields[name] ?? "none" }
        var told = [
            "A new vault \(said("new-vault")) (\(said("new-uid"))) begins, with a new root key from "
                + "the receiving token, in the place of \(said("vault")) (\(said("vault-uid"))). The "
                + "old one is left as it is; the new one names its Merkle root.",
            "\(said("ordered-by")) orders it, because no authority of the old vault is left that "
                + "could sign for a rotation. Only people can know that.",
        ]
        if said("surviving") != "none" {
            told.append(
                "WARNING: by its own log these keys of the old vault still have authority: "
                    + "\(said("surviving")). Whoever approves says that none of them can be used or "
                    + "trusted. If one can, its key is rotated instead: provara rotate.")
        }
        if said("vault-faults") != "0" {
            told.append("The old vault breaks \(said("vault-faults")) rules.")
        }
        told += VaultWarnings(fields).sentences + VaultPeers.released(by: fields)
        let peers = fields.all("peer")
        if !peers.isEmpty {
            told.append(
                "Until these have confirmed it, `ceremonyctl provara gate \(said("new-vault")) L3` "
                    + "says no: \(Phrase.list(peers)).")
        }
        told.append(
            "How the old vault stands (root \(said("vault-root")), \(said("vault-events")) events) is "
                + "what the daemon saw. Whoever has it before them compares that with: ceremonyctl "
                + "provara verify DIRECTORY.")
        return told
    }
}

/// Those who have copies of a vault, as they are said on a command line.
enum VaultPeers {
    /// Who is not waited for any more.
    static func released(by fields: Fields) -> [String] {
        fields.all("releases").compactMap { line in
            let parts = line.utf8.split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard parts.count == 3 else { return nil }
            return
                "WARNING: \(parts[1]) (\(parts[2])) has not confirmed \(parts[0]), and is not waited "
                + "for any more once this is written. Their copy may still trust the old key."
        }
    }

    /// A name on the roster stands for that person's first key, and is asked for with it: then what
    /// is asked for can be held against the statement word for word.
    ///
    /// - Throws: `usage` (64).
    static func inFull(_ chosen: [String: String], under roster: Roster)
        throws(ClientError) -> [String: String]
    {
        guard let text = chosen["peers"], !text.utf8.elementsEqual("none".utf8) else {
            return chosen
        }
        let words = text.utf8.split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        let peers = try words.map { word throws(ClientError) in
            guard !word.utf8.contains(UInt8(ascii: "=")) else { return word }
            guard let key = roster.member(named: word)?.keys.first?.key.fingerprint else {
                throw .usage(
                    "\(word) is not on the roster, so their key has to be said.",
                    next: "Write NAME=SHA256:..., with the fingerprint of their key.")
            }
            return "\(word)=\(key)"
        }
        return chosen.merging(["peers": peers.joined(separator: ",")]) { $1 }
    }
}
