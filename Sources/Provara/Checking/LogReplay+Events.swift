// The fold's smaller events: birth, events whose content was taken out, and what is left to say
// when the log ends.

extension LogReplay {
    mutating func foldGenesis(
        _ place: Place, _ record: GenesisRecord, counts: Bool, _ note: (Vault.Finding) -> Void
    ) {
        guard !hasGenesis else { return }
        if eventCount > 1 {
            note(place.finding(.lateGenesis, "GENESIS is event \(eventCount) of the log"))
        }
        if let genesisFile, genesisFile != record {
            note(
                place.finding(
                    .genesisDiffers,
                    "\(VaultPath.genesis) and the GENESIS event say different things"))
        }
        guard counts, place.event.signer == record.rootKey else {
            note(
                place.finding(
                    .genesisSigner, "GENESIS is not signed by the root key \(record.rootKey)"))
            return
        }
        genesis = (record, place.reference)
    }

    mutating func foldTombstone(
        _ place: Place, by order: EventID?, counts: Bool, _ note: (Vault.Finding) -> Void
    ) {
        let isAboutKeys = EventType.Known(place.event.type)?.isAboutKeys == true
        guard let order, let signer = place.event.signer, counts, !isAboutKeys else {
            note(place.finding(.badTombstone, "the content of the event is gone"))
            return
        }
        tombstones[place.reference.id] = Tombstone(
            event: place.reference, signer: signer, order: order)
    }

    mutating func foldRedaction(
        _ place: Place, of target: EventID, _ note: (Vault.Finding) -> Void
    ) {
        guard let tombstone = tombstones[target], tombstone.order == place.reference.id,
            let signer = place.event.signer, let standing = keys[signer],
            signer == tombstone.signer || standing.isAuthority
        else { return }
        tombstones[target] = nil
        note(
            Vault.Finding(
                .redacted, "the content was redacted by \(place.reference)",
                event: tombstone.event.id, line: tombstone.event.line, key: tombstone.signer))
    }

    /// What can only be said when there is no further line.
    func finish(_ note: (Vault.Finding) -> Void) {
        if eventCount == 0 {
            note(Vault.Finding(.emptyLog, "the log has no event", path: VaultPath.events))
        } else if !hasGenesis {
            note(Vault.Finding(.noGenesis, "the log has no GENESIS event", path: VaultPath.events))
        }
        for tombstone in tombstones.values.sorted(by: { $0.event.line < $1.event.line }) {
            note(
                Vault.Finding(
                    .badTombstone,
                    "the content is gone, and no event \(tombstone.order) by the same key or an "
                        + "authority redacts it",
                    event: tombstone.event.id, line: tombstone.event.line, key: tombstone.signer))
        }
        for (key, revocation) in unfinished.sorted(by: { $0.value.event.line < $1.value.event.line }
        ) {
            note(
                Vault.Finding(
                    .unfinished, "\(key) is revoked and no key was promoted in its place",
                    event: revocation.event.id, line: revocation.event.line, key: key))
        }
        if contested.count > contested.kept.count {
            note(
                Vault.Finding(
                    .contestedUnlisted,
                    "\(contested.count) events are contested; the first \(contested.kept.count) are "
                        + "listed", path: VaultPath.events))
        }
        if let seal {
            note(
                Vault.Finding(
                    .sealed, "the vault is sealed", event: seal.event.id, line: seal.event.line))
        }
    }
}
