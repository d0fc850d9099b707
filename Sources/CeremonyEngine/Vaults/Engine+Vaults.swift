// What a statement says that is outside the log: seen when it is drafted, seen again when it is
// opened, and a third time when it is carried out. The rules hold the statement to the log; this
// holds it to what is there.

import CeremonyRecord
import CeremonyRules

extension Engine {
    /// The draft with what is seen of the vault, and where the keys are that are to sign.
    ///
    /// Nobody has signed for a draft. So whoever could not start it has nothing looked at, and the
    /// others take their turns.
    ///
    /// - Throws: ``EngineError``: `unknown-vault`, `vault-unfit`, `vault-trouble`, `overloaded`;
    ///   the kind's; what a drafter is refused for.
    func looked(_ draft: Draft) async throws(EngineError) -> Draft {
        guard let kind = try? Kinds.named(draft.kind) else { return draft }
        let sight: VaultSight?
        do throws(Refusal) { sight = try kind.sight(of: draft.parameters) } catch {
            throw EngineError(error)
        }
        guard let sight else { return draft }
        do throws(Refusal) { try snapshot.state.checkDrafter(of: draft) } catch {
            throw EngineError(error)
        }
        var draft = draft
        do throws(VaultError) {
            draft.parameters.merge(try await executor.desk.look(sight, now: time).facts) { $1 }
        } catch {
            throw error.engineError
        }
        for (name, point) in kind.tokenKeys(in: draft.parameters) {
            guard let place = await self.place(of: point) else { continue }
            draft.parameters["\(name)-token"] = place.token.uri
            draft.parameters["\(name)-id"] = Hex.encode(place.keyID)
        }
        return draft
    }

    /// Refuses to open what was drafted on a vault that is not as it was. Nothing is looked at
    /// before the rules have nothing against the opening, its signature included.
    ///
    /// - Throws: ``EngineError`` (`vault-changed`, and what a look or the opening is refused for).
    func checkSeen(_ statement: Statement, in command: Command) async throws(EngineError) {
        let state = snapshot.state
        guard state.ceremony(named: statement.ceremony) == nil,
            let kind = try? Kinds.named(statement.kind),
            let sight = try? kind.sight(of: kind.parameters(of: statement))
        else { return }
        let look = watch.look()
        do throws(Refusal) {
            _ = try decide(state, command, now: look.now, clock: look.standing)
        } catch {
            throw EngineError(error)
        }
        do throws(VaultError) {
            let seen = try await executor.desk.look(sight, now: time)
            guard let changed = seen.difference(from: kind.parameters(of: statement)) else {
                return
            }
            throw VaultError(
                .vaultChanged,
                "The vault \(sight.vault) is not as it was when this was drafted: \(changed).")
        } catch {
            throw error.engineError
        }
    }

    /// Takes away what an interrupted execution has put ready beside a vault: it comes to nothing.
    func discardStaged(of ceremony: Ceremony) async {
        guard let kind = try? Kinds.named(ceremony.kind),
            let sight = try? kind.sight(of: kind.parameters(of: ceremony.statement))
        else { return }
        await executor.desk.discard(ceremony.id, of: sight.successor ?? sight.vault)
    }

    /// Where a key is on the daemon's tokens; `nil` where none that is unlocked has it.
    private func place(of point: [UInt8]) async -> SigningKey? {
        guard let key = SSHPublicKey(ed25519: point) else { return nil }
        for vault in vaults {
            guard let description = try? await vault.inspect(), description.isUnlocked,
                let objects = try? await vault.objects(.all),
                let object = objects.first(where: { $0.isPublicKey && $0.point == point })
            else { continue }
            return SigningKey(token: description.reference, keyID: object.id, key: key)
        }
        return nil
    }
}
