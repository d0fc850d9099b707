// A change of a vault, worked out from the vault as it is and from what people agreed on. It is
// worked out anew whenever it is needed, and refuses where the vault is not as it was.

import CeremonyRecord
import CeremonyRules
import Provara

/// The files that a change comes to.
struct VaultChangePlan {
    private enum Change {
        case rotation(SignedRotation)
        case reset(NewVault)
    }

    private let place: VaultDesk.Place
    private let work: VaultWork
    private let change: Change

    /// - Parameters:
    ///   - old: The vault that it is worked out from: the same, but for a new vault.
    ///   - asListed: Whether the log counts only as far as the manifest says that it goes, because
    ///     the change may be half written.
    /// - Throws: ``VaultError`` where the vault is not as it was agreed on, or the change is not
    /// one that it would verify with.
    init(
        _ place: VaultDesk.Place, _ work: VaultWork, of old: VaultDesk.Place, asListed: Bool = false
    ) throws(VaultError) {
        self.place = place
        self.work = work
        var boundaries: [EventID] = []
        if case .rotation(let order, _, _, _) = work.operation, let boundary = order.boundary {
            boundaries = [boundary]
        }
        let vault = try old.read(boundaries: boundaries, asListed: asListed)
        guard vault.root == work.root else {
            throw VaultError(
                .vaultChanged,
                "The vault \(old.name) has changed since it was agreed on: its root is "
                    + "\(vault.root), and was \(work.root).")
        }
        do throws(RotationRefusal) {
            switch work.operation {
            case .rotation(let order, let revocation, let promotion, let attestations):
                change = .rotation(
                    try Rotation(vault, order).signed(
                        revocation: revocation.bytes, by: revocation.key,
                        promotion: promotion.bytes, by: promotion.key,
                        attestations: attestations))
            case .reset(let order, _, let genesis, let observation):
                change = .reset(
                    try HardReset(
                        of: vault, uid: order.uid, rootKey: order.rootKey, actor: order.actor,
                        times: order.times
                    ).signed(genesis: genesis, observation: observation))
            }
        } catch {
            throw VaultError(.vaultUnfit, "\(error)")
        }
    }

    /// The Merkle root afterwards.
    var root: MerkleRoot {
        switch change {
        case .rotation(let rotation): rotation.change.root
        case .reset(let vault): vault.manifest.root
        }
    }

    /// The files, in the order in which they are written.
    func files() throws(VaultError) -> [PublishedFile] {
        guard let signature = work.manifestSignature else {
            throw VaultError(.vaultUnfit, "Nobody has signed for the files of the vault yet.")
        }
        do throws(RotationRefusal) {
            return switch change {
            case .rotation(let rotation):
                try rotation.files(signature: signature, by: work.signer)
            case .reset(let vault): try vault.files(signature: signature)
            }
        } catch {
            throw VaultError(.vaultUnfit, "\(error)")
        }
    }

    /// Puts them ready beside the vault.
    func stage(_ boundary: (String) throws -> Void) throws(VaultError) -> [VaultFile] {
        let files = try files()
        do {
            try StagedChange(work.ceremony, beside: place.path).put(files, boundary: boundary)
        } catch {
            throw VaultError(.vaultTrouble, "\(error)")
        }
        return files.compactMap(\.vaultFile)
    }
}
