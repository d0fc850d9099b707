// Recovery: destroys what a failed execution left on a token, by a person's order and only when
// everything says that it is that and nothing else (DESIGN section 3). In doubt nothing is touched,
// and the refusal says which doubt. A death between destroying and recording is harmless: the same
// order, handed in again, finds nothing and is recorded as `absent`.

import CeremonyRecord
import CeremonyRules
import Sodium

/// One order to recover, carried out.
struct Recovery: Sendable {
    let executor: Executor
    /// Whether nobody can have been given a newer log than this one, in which the object is a key.
    let isKnownNewest: Bool

    /// Finds out what became of the object, destroys it where it is there, and records that.
    ///
    /// - Throws: ``EngineError``: nothing was touched, but for `recorded-not-signed` and what the
    ///   writer refuses after the object was destroyed; the same order may then be handed in again.
    func carryOut(document: [UInt8], sshsig: [UInt8]) async throws(EngineError) -> Recorded {
        let id = try order(document, sshsig).ceremony.id
        // An execution that has been ended from outside may still be undoing its work.
        guard executor.executions.beginAlone(id) else {
            throw EngineError(
                Refusal(
                    .notYet, "The token is still at work for \(id), or another order is.",
                    next: "Hand the same order in again in a moment.", requirement: "FP-4"))
        }
        defer { executor.executions.end(id) }
        let order = try order(document, sshsig)
        let outcome: DestructionOutcome
        do throws(VaultError) {
            outcome =
                order.isTokenLost
                ? try await lose(order.object)
                : try await destroy(order.object, of: order.ceremony)
        } catch {
            throw error.engineError
        }
        await executor.boundary("recovered")
        return try await executor.writer.submit(
            .recover(document: document, sshsig: sshsig, outcome: outcome))
    }

    private func order(_ document: [UInt8], _ sshsig: [UInt8]) throws(EngineError) -> RecoveryOrder
    {
        let look = executor.watch.look()
        do throws(Refusal) {
            return try executor.published.snapshot.state.recovery(
                document: document, sshsig: sshsig, now: look.now, clock: look.standing)
        } catch {
            throw EngineError(error)
        }
    }

    /// A token that is here is not lost, whoever says so.
    private func lose(_ object: KeyIntent) async throws(VaultError) -> DestructionOutcome {
        guard try await vaults(holding: object).isEmpty else {
            throw VaultError(
                .tokenHere, "The token \(object.tokenSerial) is here, and the order calls it lost.")
        }
        return .unreachable
    }

    private func destroy(_ object: KeyIntent, of ceremony: Ceremony)
        async throws(VaultError) -> DestructionOutcome
    {
        let vault = try await vault(holding: object)
        let found = try await vault.objects(
            .named(id: object.keyID, label: Array(object.label.utf8)))
        guard !found.isEmpty else { return .absent }
        guard isKnownNewest else {
            throw VaultError(
                .logNotNewest,
                "A newer log than this one may exist, and in it \(Hex.encode(object.keyID)) on "
                    + "\(vault.name) may be a valid key.")
        }
        try checkNames(of: found, object)
        try await checkWasNotThere(object, before: ceremony, in: vault)
        try await checkIsNoKey(of: found, object, in: vault)
        // Halt first, at the last moment at which nothing has been done (CT-11).
        guard !executor.published.snapshot.isHalted else {
            throw VaultError(.executionFailed, "The house was halted before anything was touched.")
        }
        let left = try await vault.destroy(found)
        guard left == 0 else {
            throw VaultError(
                .tokenTrouble,
                "\(vault.name) says that it destroyed \(Hex.encode(object.keyID)), and \(left) "
                    + "objects of that name are still there.")
        }
        return .destroyed
    }

    // MARK: The token

    private func vaults(holding object: KeyIntent) async throws(VaultError)
        -> [any KeyVault]
    {
        var here: [any KeyVault] = []
        for vault in executor.vaults {
            guard let description = try? await vault.inspect(), object.isOn(description.reference)
            else { continue }
            here.append(vault)
        }
        return here
    }

    private func vault(holding object: KeyIntent) async throws(VaultError) -> any KeyVault {
        let here = try await vaults(holding: object)
        guard let vault = here.first else {
            throw VaultError(
                .tokenMissing,
                "The token \(object.tokenSerial) (\(object.manufacturer), \(object.model)) is none of "
                    + "the daemon's tokens that are here.")
        }
        guard here.count == 1 else {
            throw VaultError(
                .tokenAmbiguous,
                "\(here.map(\.name).joined(separator: " and ")) are both \(object.tokenSerial).")
        }
        guard try await vault.inspect().isUnlocked else {
            throw VaultError.locked(vault.name)
        }
        return vault
    }

    // MARK: The doubts

    /// Both names are the intent's, and there is one pair at most.
    private func checkNames(of found: [TokenObject], _ object: KeyIntent) throws(VaultError) {
        if let other = found.first(where: { !object.isNamed(id: $0.id, label: $0.label) }) {
            throw VaultError(
                .objectDiffers,
                "There is a \(other.objectClass) object with key-id \(Hex.encode(other.id)) and "
                    + "another label or id than key-id \(Hex.encode(object.keyID)) label "
                    + "\(object.label).")
        }
        if let other = found.first(where: { !$0.isPrivateKey && !$0.isPublicKey }) {
            throw VaultError(
                .objectDiffers,
                "There is a \(other.objectClass) object of that name, and no execution makes one.")
        }
        guard found.count(where: \.isPrivateKey) <= 1, found.count(where: \.isPublicKey) <= 1 else {
            throw VaultError(
                .objectAmbiguous,
                "There are \(found.count) keys with key-id \(Hex.encode(object.keyID)), and an "
                    + "execution makes one pair.")
        }
    }

    /// The intent holds a digest of what was on the token before, and no list. What the log itself
    /// has had made there since is taken away from what is there now; if what is left, this object
    /// with it, has the digest, the object was there before.
    ///
    /// Any other digest only says that the token has changed otherwise since. That is no reason to
    /// refuse: an object with the id or the label was refused at the survey that made the digest.
    private func checkWasNotThere(
        _ object: KeyIntent, before ceremony: Ceremony, in vault: any KeyVault
    ) async throws(VaultError) {
        let items = try await vault.inventory()
        let began = ceremony.execution?.seq ?? 0
        let since = executor.published.snapshot.state.allCeremonies.filter {
            $0.id != ceremony.id && ($0.execution?.seq ?? 0) > began
        }.compactMap(\.announced)
        let older = items.filter { item in
            !since.contains { $0.isNamed(id: item.id, label: item.label) }
        }
        let digests = [items, older].map { InventoryItem.digest(of: $0) }
        guard !digests.contains(object.inventory) else {
            throw VaultError(
                .objectBefore,
                "key-id \(Hex.encode(object.keyID)) was on \(vault.name) before \(ceremony.id) "
                    + "was executed.")
        }
    }

    /// The private half signs random bytes under a purpose of their own; no key that the log knows
    /// may have made that signature, whatever the public half beside it says.
    private func checkIsNoKey(
        of found: [TokenObject], _ object: KeyIntent, in vault: any KeyVault
    ) async throws(VaultError) {
        let state = executor.published.snapshot.state
        let publicHalf = found.first(where: \.isPublicKey)
        if let publicHalf {
            guard let point = publicHalf.point else {
                throw VaultError(
                    .objectDiffers,
                    "The public key of that name is no Ed25519 key, and an execution makes no "
                        + "other.")
            }
            if let role = state.role(ofPoint: point) { throw known(object, role) }
        }
        guard found.contains(where: \.isPrivateKey) else { return }
        let bytes = SSHSIG.signedBytes(namespace: .probe, message: randomBytes(32))
        let signature = try await vault.sign(bytes, with: .id(object.keyID))
        for point in state.knownPoints
        where Ed25519.isValid(signature: signature, of: bytes, by: point) {
            throw known(object, state.role(ofPoint: point) ?? "a key")
        }
        guard let point = publicHalf?.point else { return }
        guard Ed25519.isValid(signature: signature, of: bytes, by: point) else {
            throw VaultError(
                .objectDiffers,
                "The two keys of that name do not belong together, and an execution makes a pair.")
        }
    }

    private func known(_ object: KeyIntent, _ role: String) -> VaultError {
        VaultError(
            .objectKnown,
            "key-id \(Hex.encode(object.keyID)) signs for a key that the log knows as \(role).")
    }
}
