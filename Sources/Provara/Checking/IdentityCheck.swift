// Holds `keys.json` to what the birth and the log say of each key, once the log has been read.

/// What of `keys.json` does not follow from the log.
struct IdentityCheck {
    private(set) var findings: [Vault.Finding] = []

    init(_ registry: KeyRegistry, _ keys: [KeyID: KeyStanding]) {
        for entry in registry.entries {
            guard let standing = keys[entry.id] else {
                note(
                    .strangeKey, entry.id,
                    "neither the birth nor a promotion introduced \(entry.id)")
                continue
            }
            checkRoles(entry, standing)
            checkStatus(entry, standing)
        }
        for standing in keys.values.sorted(by: { $0.id.description < $1.id.description }) {
            guard case .promotion(let event) = standing.introduction,
                registry[standing.id] == nil
            else { continue }
            note(.missingKey, standing.id, "\(standing.id), promoted by \(event), has no entry")
        }
        for record in registry.revocations {
            let revocation = keys[record.key]?.revocation
            if revocation == nil || record.event.map({ $0 == revocation?.event.id }) == false {
                note(
                    .wrongStatus, record.key,
                    "the list of revocations has \(record.key) with an event that is not its revocation"
                )
            }
        }
    }

    private mutating func note(_ rule: Vault.Rule, _ key: KeyID, _ detail: String) {
        findings.append(Vault.Finding(rule, detail, path: VaultPath.keys, key: key))
    }

    private mutating func checkRoles(_ entry: KeyRegistry.Entry, _ standing: KeyStanding) {
        let agrees: Bool
        if case .promotion = standing.introduction {
            agrees =
                entry.roles.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
                == standing.roles.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        } else {
            // Of a key from birth no document gives more than the roles with authority.
            agrees =
                KeyStanding.authorityRoles(entry.roles)
                == KeyStanding.authorityRoles(standing.roles)
        }
        guard !agrees else { return }
        let given =
            standing.roles.isEmpty ? "none" : standing.roles.joined(separator: ", ").printable
        note(
            .wrongRoles, entry.id,
            "the entry gives \(entry.id) the roles \(entry.roles.joined(separator: ", ").printable), and "
                + "its introduction \(given)")
    }

    private mutating func checkStatus(_ entry: KeyRegistry.Entry, _ standing: KeyStanding) {
        if let revocation = standing.revocation {
            if !entry.saysEnded {
                note(
                    .wrongStatus, entry.id,
                    "the entry calls \(entry.id) active, which \(revocation.event) revoked")
            }
            if entry.revocation.map({ $0 == revocation.event.id }) == false {
                note(
                    .wrongStatus, entry.id,
                    "the entry of \(entry.id) names another event than \(revocation.event)")
            }
            if entry.status.isSame(as: KeyRegistry.EndedStatus.revoked.rawValue),
                standing.eventCount > 0
            {
                note(
                    .literalRevoked, entry.id,
                    "the status of \(entry.id), which signed \(standing.eventCount) events, is `revoked`"
                )
            }
        } else if entry.saysEnded || entry.revocation != nil {
            note(
                .wrongStatus, entry.id,
                "the entry calls \(entry.id) \(entry.status.printable), and the log does not revoke it"
            )
        }
        let promotion: EventID? =
            if case .promotion(let event) = standing.introduction { event.id } else { nil }
        if let named = entry.promotion, named != promotion {
            note(
                .wrongStatus, entry.id,
                "the entry of \(entry.id) names \(named), which did not promote it")
        }
    }
}
