// Writes a vault from a committed outcome. What was put ready is used if it is there and comes to
// exactly what the outcome says; if not, it is worked out again from the vault, as long as that is
// as before. A vault that is neither before nor on the way nor done is not touched.

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
    func publish() throws(VaultError) {
        do {
            // A new vault is locked through the one that it follows.
            let lock = try VaultLock(old.path)
            if let files = try filesToWrite() { try write(files) }
            try checkWritten()
            // From here on nobody has to go on: the vault says everything itself.
            try staged.discard()
            _ = consume lock
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

    /// The files of the outcome; `nil` where the vault is as it is to be already.
    private func filesToWrite() throws(VaultError) -> [PublishedFile]? {
        if case .reset = publication.work.operation {
            if try isWritten() { return nil }
            try place.checkFree()
        }
        if let files = staged.files(), files.compactMap(\.vaultFile) == publication.files {
            return files
        }
        if try isWritten() { return nil }
        let plan = try VaultChangePlan(place, publication.work, of: old)
        let files = try plan.files()
        guard files.compactMap(\.vaultFile) == publication.files else {
            throw VaultError(
                .vaultChanged,
                "What the vault \(place.name) comes to now is not what the outcome says.")
        }
        _ = try plan.stage(boundary)
        return files
    }

    private func isWritten() throws(VaultError) -> Bool {
        guard let vault = try? place.read() else { return false }
        return publication.files.allSatisfy { file in
            vault.state(ofFile: file.path).map {
                $0.size == file.size && $0.sha256 == file.sha256.bytes
            } ?? false
        }
    }

    private func checkWritten() throws(VaultError) {
        let vault = try place.read()
        guard try isWritten(), vault.isInOrder else {
            let why = vault.findings.violations.first.map { "\($0)" } ?? "a file differs"
            throw VaultError(
                .vaultChanged, "The vault \(place.name) was written and does not verify: \(why)")
        }
    }
}
