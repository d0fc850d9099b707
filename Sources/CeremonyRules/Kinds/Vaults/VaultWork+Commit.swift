// From signed events to a commit, the same for every ceremony that writes a vault: the files are
// worked out, the new key stands for them, they are put ready, and the outcome holds all of it.

import CeremonyRecord
import Provara

extension VaultWork {
    /// What to do next, once the vault's events are signed.
    ///
    /// - Parameters:
    ///   - made: The new key's outcome.
    ///   - key: The new key, which stands for the files.
    ///   - signedAt: The time that its signature for them has.
    ///   - events: The 64 bytes over each event, in the order of the log.
    ///   - payloads: What the contested events say that the new key stands for.
    func next(
        after done: [StepResult], _ made: KeyOutcome, by key: SigningKey, signedAt: VaultTime,
        events: [[UInt8]], payloads: [[UInt8]] = []
    ) -> Work {
        guard let root = done.planned else { return .step(.plan(self)) }
        let record = ManifestSignature(root: root, signer: signer.id, signedAt: signedAt)
        guard let manifest = done.signature(by: key.key, of: record.bytesToSign) else {
            return .step(.sign(key, bytes: record.bytesToSign))
        }
        var work = self
        work.manifestSignature = manifest
        guard let files = done.staged else { return .step(.stage(work)) }
        var outcome = made
        outcome.also =
            VaultOutcome(
                events: events, payloads: payloads, manifest: manifest, root: root, files: files
            ).json
        return .commit(outcome.json)
    }
}
