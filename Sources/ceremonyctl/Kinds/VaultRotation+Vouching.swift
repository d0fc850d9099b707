// Which contested events a rotation's new key stands for, and what they say. That is the daemon's
// word until this client has read the vault itself.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Provara

/// The contested events of a statement, and what was read of them.
struct VouchedReading {
    /// Their ids and digests, as the statement has them.
    let lines: [(event: String, digest: String)]
    /// What they say, in canonical form; `nil` while no vault was read.
    private(set) var payloads: [[UInt8]]?

    init(_ fields: Fields) {
        lines = fields.all("reattest").map { line in
            let words = line.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1).map {
                String(decoding: $0, as: UTF8.self)
            }
            return (words.first ?? "nothing", words.count == 2 ? words[1] : "none")
        }
    }

    /// Holds a copy of the vault against the statement: the state that it was in, the key that
    /// goes, and what each event says.
    ///
    /// - Throws: `vault-differs` (1), `vault-trouble` (66).
    mutating func read(_ copy: VaultCopy, _ fields: Fields) throws(ClientError) {
        let events = lines.compactMap { EventID($0.event) }
        let boundary = fields["boundary"].flatMap { EventID($0) }
        let vault = try copy.read(events + (boundary.map { [$0] } ?? []))
        guard let old = fields["revoke"].flatMap({ KeyID($0) }),
            let standing = vault.log.standing(of: old)
        else { throw .vaultDiffers("it has no such key as goes", copy.path) }
        if let first = vault.findings.violations.first {
            throw .vaultDiffers("it breaks a rule: \(first)", copy.path)
        }
        let seen = VouchedReading.facts(of: vault, standing, boundary, fields)
        for (name, value) in seen where fields[name]?.utf8.elementsEqual(value.utf8) != true {
            throw .vaultDiffers(
                "\(name) is \(value) there, and \(fields[name] ?? "none") in the statement",
                copy.path)
        }
        if let unsaid = VaultWarnings(fields).unsaid(of: vault) {
            throw .vaultDiffers("it has \(unsaid), of which the statement does not warn", copy.path)
        }
        let vouched: [VouchedEvent]
        guard events.count == lines.count else {
            throw .vaultDiffers("a line reattest names no event", copy.path)
        }
        do { vouched = try vault.vouched(events, revoking: old, boundary: boundary) } catch {
            throw .vaultDiffers("\(error)", copy.path)
        }
        for (line, event) in zip(lines, vouched)
        where !"\(Digest(of: event.payload))".utf8.elementsEqual(line.digest.utf8) {
            throw .vaultDiffers("\(line.event) says something else there", copy.path)
        }
        payloads = vouched.map(\.payload)
    }

    /// What the vault says, by the names of the statement's fields.
    private static func facts(
        of vault: Vault, _ old: Provara.KeyStanding, _ boundary: EventID?, _ fields: Fields
    ) -> [(name: String, value: String)] {
        let tip = vault.log.tip(of: fields["actor"] ?? "none")
        let contested = boundary.flatMap { vault.log.passed($0)?.later } ?? 0
        var facts: [(name: String, value: String)] = []
        facts.append(("vault-uid", vault.genesis?.uid ?? "none"))
        facts.append(("vault-root", "\(vault.root)"))
        facts.append(("vault-events", "\(vault.log.eventCount)"))
        facts.append(("vault-last", vault.log.lastEvent.map { "\($0.id)" } ?? "none"))
        let next = VaultTime(microseconds: 0).flatMap { vault.log.nextTime(notBefore: $0) }
        facts.append(("vault-next", next.map { "\($0)" } ?? "none"))
        facts.append(("revoke-last", old.lastEvent.map { "\($0.id)" } ?? "none"))
        facts.append(("contested", "\(contested)"))
        facts.append(("actor-last", tip.last.map { "\($0)" } ?? "none"))
        facts.append(("actor-next", "\(tip.nextLogicalTime)"))
        for name in ["revoke", "authority", "promoter"] {
            let key = fields[name].flatMap { KeyID($0) }
            let roles = key.flatMap { vault.log.standing(of: $0) }?.roles ?? []
            facts.append(
                ("\(name)-roles", roles.isEmpty ? "none" : roles.joined(separator: ",")))
            guard name != "revoke" else { continue }
            let origin = key.flatMap { vault.origin(of: $0)?.rawValue }
            facts.append(("\(name)-introduced", origin ?? "none"))
        }
        return facts
    }

    /// What is told of them.
    ///
    /// - Parameter most: how many bytes of what each says are told.
    func sentences(atMost most: Int) -> [String] {
        guard !lines.isEmpty else { return [] }
        var told = [
            "The new key stands for \(Phrase.count(lines.count, "contested event")), and the vault "
                + "believes them again:"
        ]
        for (number, line) in lines.enumerated() {
            guard let payload = payloads?[number] else {
                told.append("  \(line.event), whose content has the digest \(line.digest)")
                continue
            }
            let text = String(decoding: payload.prefix(most), as: UTF8.self)
            let rest = payload.count > most ? " ... (\(payload.count) bytes in all)" : ""
            told.append("  \(line.event) says: \(text)\(rest)")
        }
        if payloads == nil {
            told.append(
                "What these events say was NOT seen by this client: it has not read the vault. Whoever "
                    + "has the vault before them adds --vault-copy DIRECTORY, and signs for what is "
                    + "shown then.")
        }
        return told
    }
}
