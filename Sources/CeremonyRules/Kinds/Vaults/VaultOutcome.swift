// What a ceremony on a vault has made besides its key: field `also` of the outcome. With the
// statement and the intent it is everything that publication needs; the vault's events themselves
// follow from them.

import CeremonyRecord
import Provara

/// The signatures that a vault's log and files get, and what the files come to.
struct VaultOutcome: Hashable {
    /// The 64 bytes over each event, in the order of the log.
    var events: [[UInt8]]
    /// What the contested events say that the new key stands for, in the order of the log.
    var payloads: [[UInt8]]
    /// The 64 bytes over the record of `manifest.sig`.
    var manifest: [UInt8]
    /// The Merkle root afterwards.
    var root: MerkleRoot
    /// Every file that is written, as it is afterwards.
    var files: [VaultFile]

    init(
        events: [[UInt8]], payloads: [[UInt8]] = [], manifest: [UInt8], root: MerkleRoot,
        files: [VaultFile]
    ) {
        self.events = events
        self.payloads = payloads
        self.manifest = manifest
        self.root = root
        self.files = files
    }

    /// Reads it.
    ///
    /// - Throws: ``JSONError`` for anything that ``json`` does not write.
    init(_ json: JSON) throws(JSONError) {
        var fields = try JSONFields(json, at: "outcome.also")
        events = try fields.strings("events").map { text throws(JSONError) in
            guard let bytes = Base64.decode(text), bytes.count == 64 else {
                throw fields.refused("events", expected: "64 bytes in base64 each")
            }
            return bytes
        }
        // Where there are none, the field is not there.
        let isVouching = fields.has("payloads")
        payloads = try (isVouching ? try fields.strings("payloads") : []).map {
            text throws(JSONError) in
            guard let bytes = Base64.decode(text) else {
                throw fields.refused("payloads", expected: "base64 each")
            }
            return bytes
        }
        guard payloads.isEmpty != isVouching else {
            throw fields.refused("payloads", expected: "one or more")
        }
        manifest = try fields.parsed("manifest", as: "64 bytes in base64") { text in
            Base64.decode(text).flatMap { $0.count == 64 ? $0 : nil }
        }
        root = try fields.parsed("root", as: "a Merkle root") { MerkleRoot($0) }
        files = try fields.objects("files").map { object throws(JSONError) in
            var object = object
            let file = VaultFile(
                path: try object.string("path"), size: try object.number("size"),
                sha256: try object.parsed("sha256", as: "a digest") { text in
                    Hex.decode(text).flatMap { Digest(bytes: $0) }
                })
            try object.finish()
            return file
        }
        try fields.finish()
    }

    /// As it stands in the event.
    var json: JSON {
        var fields: [String: JSON] = [
            "events": .strings(events.map { Base64.encode($0) }),
            "manifest": .string(Base64.encode(manifest)), "root": .string("\(root)"),
            "files": .array(
                files.map { file in
                    .object([
                        "path": .string(file.path), "size": .number(file.size),
                        "sha256": .string(Hex.encode(file.sha256.bytes)),
                    ])
                }),
        ]
        if !payloads.isEmpty { fields["payloads"] = .strings(payloads.map { Base64.encode($0) }) }
        return .object(fields)
    }
}

/// The moments that an execution writes into a vault: field `also` of the intent. Everything that
/// follows in the vault has this time or the microsecond after it.
struct VaultMoment: Hashable {
    let time: VaultTime

    init(_ time: VaultTime) { self.time = time }

    init?(intent: JSON?) {
        guard let intent, var fields = try? JSONFields(intent, at: "intent.also"),
            let text = try? fields.string("time"), let time = VaultTime(text),
            time.description.utf8.elementsEqual(text.utf8), (try? fields.finish()) != nil
        else { return nil }
        self.time = time
    }

    var json: JSON { .object(["time": .string("\(time)")]) }

    /// Whether it is the time at which an execution begins, or the first that the vault's log
    /// leaves where that is dated ahead of it.
    func isNow(_ now: Timestamp, after next: VaultTime?) -> Bool {
        let seconds = time.microseconds / 1_000_000
        guard let next else { return isNear(now, seconds) }
        return time == next
            ? seconds >= now.seconds - Limits.vaultMomentAge
            : time > next && isNear(now, seconds)
    }

    /// The vault is looked at before the token is, and that may take its time.
    private func isNear(_ now: Timestamp, _ seconds: Int) -> Bool {
        (-Limits.vaultMomentAge...Limits.clockSlack).contains(seconds - now.seconds)
    }

    /// The intent of a key's making with this moment in it.
    func announced(with intent: JSON) -> JSON {
        guard var announced = try? KeyIntent(intent) else { return intent }
        announced.also = json
        return announced.json
    }
}

extension KeyMaking {
    /// Holds an intent to the statement, and to naming the moment that the vault will have.
    ///
    /// - Parameters:
    ///   - next: The first time that the vault's log leaves; `nil` for a new vault.
    ///   - time: When the execution begins.
    /// - Throws: ``Refusal`` (`outcome-differs`).
    func checkVaultIntent(
        _ intent: JSON?, after next: VaultTime?, at time: Timestamp, in state: State
    ) throws(Refusal) {
        let moment = intent.flatMap { try? KeyIntent($0) }.flatMap { VaultMoment(intent: $0.also) }
        try checkIntent(intent, also: moment?.json, in: state)
        guard let moment else {
            throw Refusal(
                .outcomeDiffers, "The announced execution names no moment for the vault.",
                requirement: "FR69")
        }
        guard moment.isNow(time, after: next) else {
            throw Refusal(
                .outcomeDiffers,
                "The announced execution dates the change of the vault \(moment.time), and it is "
                    + "\(time).", next: "Nothing was done. Execute it again.",
                requirement: "FR69")
        }
    }
}
