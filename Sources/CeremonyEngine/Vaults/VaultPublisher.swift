// Writes a vault from a committed outcome. What was put ready is used if it is there and comes to
// exactly what the outcome says; if not, it is worked out again from the outcome's signatures and
// the vault, however far the writing has come. A vault that is neither before nor on the way nor
// done is not touched.

import CeremonyRecord
import CeremonyRules
import Provara

/// One publication.
struct VaultPublisher {
    private let place: VaultDesk.Place
    private let old: VaultDesk.Place
    private let publication: VaultPublication
    private let boundary: (String) throws -> Void
    private let staged: StagedChange

    init(
        _ place: VaultDesk.Place, _ publication: VaultPublication, of old: VaultDesk.Place,
        _ boundary: @escaping (String) throws -> Void
    ) {
        self.place = place
        self.old = old
        self.publication = publication
        self.boundary = boundary
        staged = StagedChange(publication.work.ceremony, beside: place.path)
    }

    /// Writes what is not written yet.
    ///
    /// - Parameter onlyIfBegun: Whether a vault in which nothing of it stands is left as it is.
    /// - Returns: Whether it is written.
    func publish(_ onlyIfBegun: Bool) throws(VaultError) -> Bool {
        do {
            // A new vault is locked through the one that it follows.
            let lock = try VaultLock(old.path)
            let isLeft = try onlyIfBegun && isUntouched()
            if try !isLeft && !isDone() {
                let files = try filesToWrite()
                if let first = try besidesForeignManifest(files) {
                    try write(first)
                    guard let rest = try rest() else { throw differs }
                    try write(rest)
                } else {
                    try write(files)
                }
                try checkDone()
            }
            // From here on nobody has to go on: the vault says everything itself.
            try staged.discard()
            _ = consume lock
            return !isLeft
        } catch let error as VaultError {
            throw error
        } catch {
            throw VaultError(.vaultTrouble, "\(error)")
        }
    }

    private func write(_ files: [PublishedFile]) throws {
        switch publication.work.operation {
        case .rotation:
            try VaultWriter.publish(files, from: staged, to: place.path, boundary: boundary)
        case .reset:
            try VaultWriter.create(
                files, directories: HardReset.emptyDirectories, from: staged, at: place.path,
                boundary: boundary)
        }
    }

    // MARK: What is written

    /// The files that are to be written: those that were put ready, if not a byte of them is other
    /// than the outcome has it, or else the same worked out again.
    private func filesToWrite() throws -> [PublishedFile] {
        if isNew {
            try place.checkFree()
        } else if let files = try filesOfMovedOn() {
            try staged.begin()
            return files
        }
        if let files = staged.files(), isAgreed(files),
            try isNew || files.allSatisfy({ try $0.isSound(in: place.path) })
        {
            return files
        }
        let files = try filesWorkedOutAgain()
        try staged.put(files, boundary: boundary)
        return files
    }

    /// Keys, manifest and root, where the log is written and events of others came after before the
    /// rest was: they follow from the signed log, as they do at a peer. Nobody signed for those
    /// files. `nil` where nothing came after.
    private func filesOfMovedOn() throws(VaultError) -> [PublishedFile]? {
        let log = try log()
        guard try begins(with: log), let times = publication.work.operation.fileTimes else {
            return nil
        }
        let vault = try place.read()
        guard vault.log.size > log.size else { return nil }
        let listed = try place.read(asListed: true)
        let createdAt = times.manifestCreatedAt
        do throws(RotationRefusal) {
            let begun = try PeerUpdate(
                begunAt: vault, listed: listed, from: nil, createdAt: createdAt)
            if let begun { return begun.change.files(signatureFile: nil) }
            return try PeerUpdate(vault, from: nil, createdAt: createdAt).change
                .files(signatureFile: nil)
        } catch {
            throw VaultError(
                .vaultChanged,
                "Something was appended to the vault \(place.name) before all of the change was "
                    + "written. Once whoever did that has made its manifest anew, it is gone on "
                    + "with. \(error)")
        }
    }

    private var isNew: Bool {
        if case .reset = publication.work.operation { true } else { false }
    }

    private func isAgreed(_ files: [PublishedFile]) -> Bool {
        files.compactMap(\.vaultFile) == publication.files
    }

    private func filesWorkedOutAgain() throws(VaultError) -> [PublishedFile] {
        if !isNew, let rest = try rest() { return rest }
        let plan = try VaultChangePlan(place, publication.work, of: old, asListed: !isNew)
        let files = try plan.files()
        guard isAgreed(files) else { throw differs }
        return files
    }

    private var differs: VaultError {
        VaultError(
            .vaultChanged,
            "What the vault \(place.name) comes to now is not what the outcome says.")
    }

    /// What is to be written before manifest, root and signature, where our log is written and
    /// somebody has made one of these anew since: they say nothing that the rest of the vault does
    /// not, and are worked out again from it. `nil` where they are ours or as they were.
    private func besidesForeignManifest(_ files: [PublishedFile]) throws -> [PublishedFile]? {
        guard !isNew, try begins(with: log()) else { return nil }
        let isForeign = try files.contains { file in
            try VaultPublisher.derived.contains(file.path)
                && file.progress(in: place.path) == .other
        }
        guard isForeign else { return nil }
        return files.filter { !VaultPublisher.derived.contains($0.path) }
    }

    /// What follows from the other files of a vault.
    private static let derived = [VaultPath.manifest, VaultPath.root, VaultPath.signature]

    /// Manifest, root and signature, where the log and the keys are as the outcome has them: the
    /// vault is then all that these are about. `nil` where there is more to do.
    private func rest() throws(VaultError) -> [PublishedFile]? {
        let vault = try place.read()
        let last = VaultPublisher.derived
        let first = publication.files.filter { !last.contains($0.path) }
        guard first.allSatisfy({ isWritten($0, in: vault) }),
            let times = publication.work.operation.fileTimes,
            let signature = publication.work.manifestSignature
        else { return nil }
        let change = VaultChange(closing: vault, createdAt: times.manifestCreatedAt)
        let signer = publication.work.signer
        let record = change.signature(by: signer.id, at: times.manifestSignedAt)
        // Where the root is another, the signature is not over it, and nothing can be written.
        guard let bytes = try? record.fileBytes(signature: signature, by: signer) else {
            throw differs
        }
        let files = change.files(signatureFile: bytes)
        guard files.compactMap(\.vaultFile) == publication.files.filter({ last.contains($0.path) })
        else { throw differs }
        return files
    }

    // MARK: What is done

    /// Whether nothing of it stands in the vault: that is in order, and does not know the new key.
    /// A log in which an append was cut off is not in order.
    private func isUntouched() throws(VaultError) -> Bool {
        if try begins(with: log()) { return false }
        // A new vault gets its name when it is there as a whole.
        if isNew { return true }
        let vault = try place.read()
        return vault.findings.violations.isEmpty
            && vault.log.standing(of: publication.work.signer.id) == nil
    }

    /// Whether nothing is left to be written: the vault is in order, its log begins with all that
    /// was written to it, our key is in it as that says, and every file is the outcome's. A vault
    /// that has moved on since, because events came after and its manifest was made anew, has other
    /// files, and nothing of ours is left to be written to it.
    private func isDone() throws(VaultError) -> Bool {
        // Most often the log says no, and the rest need not be read for it.
        guard try begins(with: log()) else { return false }
        return try doubt(place.read()) == nil
    }

    /// The log as it was to be.
    private func log() throws(VaultError) -> VaultFile {
        guard let log = publication.files.first(where: { $0.path == VaultPath.events }) else {
            throw VaultError(.vaultUnfit, "The outcome writes no log of the vault \(place.name).")
        }
        return log
    }

    private func begins(with log: VaultFile) throws(VaultError) -> Bool {
        let state = PublishedFile.State(size: log.size, sha256: log.sha256.bytes)
        do throws(Provara.VaultError) {
            return try Vault.log(at: place.path, beginsWith: state)
        } catch {
            // A new vault is not there before it is written.
            if isNew, case .noVault = error { return false }
            throw VaultError(.vaultTrouble, "\(error)")
        }
    }

    private func checkDone() throws(VaultError) {
        if try isDone() { return }
        let why = try doubt(place.read()) ?? "the log is not the one that was written"
        throw VaultError(
            .vaultChanged, "The vault \(place.name) was written and does not verify: \(why)")
    }

    /// What keeps a vault from being what was wanted; `nil` where nothing does.
    private func doubt(_ vault: Vault) -> String? {
        if let first = vault.findings.violations.first { return "\(first)" }
        let key = publication.work.signer.id
        switch publication.work.operation {
        case .rotation(let order, _, _, _):
            // Whether that key was revoked since is not ours to ask: ours is done.
            guard let standing = vault.log.standing(of: key), standing.replaces == order.revoke
            else { return "\(key) did not take the place of \(order.revoke)" }
        case .reset:
            guard vault.genesis?.rootKey == key else { return "\(key) is not its first key" }
        }
        let other = publication.files.first { !isWritten($0, in: vault) }
        guard let other, isRootOurs(vault) else { return nil }
        return "\(other.path) is not as it is to be"
    }

    private func isWritten(_ file: VaultFile, in vault: Vault) -> Bool {
        vault.state(ofFile: file.path)?.isState(of: file) == true
    }

    /// Whether the files are those that were wanted, but perhaps for the signature over their root.
    private func isRootOurs(_ vault: Vault) -> Bool {
        publication.files.contains { $0.path == VaultPath.root && isWritten($0, in: vault) }
    }
}

extension PublishedFile.State {
    fileprivate func isState(of file: VaultFile) -> Bool {
        size == file.size && sha256 == file.sha256.bytes
    }
}

extension VaultWork.Operation {
    /// The times that stand in a changed vault's manifest and in its signature; `nil` for a new
    /// vault, which is there as a whole or not at all.
    fileprivate var fileTimes: (manifestCreatedAt: VaultTime, manifestSignedAt: VaultTime)? {
        switch self {
        case .rotation(let order, _, _, _):
            (order.times.manifestCreatedAt, order.times.manifestSignedAt)
        case .reset: nil
        }
    }
}
