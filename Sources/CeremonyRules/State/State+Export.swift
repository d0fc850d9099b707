// The keys of the house for those who verify signatures with stock tools: OpenSSH's list of allowed
// signers with the times in which each key is valid, its list of revoked keys, and a PEM file for
// each key. FORMATS section 6: dates in signatures made elsewhere are the signer's claim.

import CeremonyRecord

extension State {
    /// The files that tell a consumer which keys to accept, by their paths.
    ///
    /// `allowed_signers` names every key that is or was valid, and `pem/` holds it under the hex of
    /// its fingerprint; a revoked key is in neither, but in `revoked_keys`. `keys.json` says of
    /// each how it stands at the place. `authorities/NAME/EPOCH/` holds the record of each epoch
    /// up to there, and its members for the parts of what they sign.
    public func keyFiles(at place: LogPosition) -> [String: [UInt8]] {
        let told = [
            "# The keys of \(log.origin) (\(log.mode.rawValue)), as its log says",
            "# at \(place): size \(head.size), root \(head.root),",
            "# founded by \(log.genesis).",
        ]
        var files: [String: [UInt8]] = [:]
        var signers = told
        var revoked = told
        var index: [JSON] = []
        for entry in allKeys {
            let fingerprint = entry.publicKey.fingerprint
            guard let standing = standing(of: fingerprint, at: place) else { continue }
            if entry.revocation != nil {
                revoked.append(entry.publicKey.line)
            } else if let activated = entry.activated,
                let line = AllowedSigner(
                    entry.subject, entry.publicKey, from: activated.time, until: entry.until
                ).line
            {
                signers.append(line)
                files[State.pemPath(of: fingerprint)] = Array(entry.publicKey.pem.utf8)
            }
            index.append(
                .fields([
                    "fingerprint": .string("\(fingerprint)"), "subject": .string(entry.subject),
                    "status": .string(standing.status.rawValue),
                    "valid_from": .text(entry.activated.map { "\($0.time)" }),
                    "valid_until": .text((entry.revoked?.time ?? entry.until).map { "\($0)" }),
                    "ceremony": .string(entry.ceremony),
                    "pem": .text(
                        files[State.pemPath(of: fingerprint)].map { _ in
                            State.pemPath(of: fingerprint)
                        }),
                ]))
        }
        files.merge(authorityFiles(at: place)) { $1 }
        files["allowed_signers"] = State.text(signers)
        files["revoked_keys"] = State.text(revoked)
        let about = JSON.object([
            "origin": .string(log.origin), "mode": .string(log.mode.rawValue),
            "genesis": .string("\(log.genesis)"), "size": .number(head.size),
            "root": .string("\(head.root)"), "at": .string("\(place.time)"),
            "keys": .array(index),
        ])
        files["keys.json"] = about.canonicalBytes + [UInt8(ascii: "\n")]
        return files
    }

    private func authorityFiles(at place: LogPosition) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for authority in allAuthorities {
            for epoch in authority.epochs where epoch.begun.seq <= place.seq {
                let folder = "authorities/\(authority.name)/\(epoch.number)/"
                files[folder + "epoch.txt"] = epoch.record.bytes
                files[folder + "allowed_signers"] = State.text(
                    ["# \(epoch.sign) of \(epoch.members.count) sign"]
                        + authority.allowedSigners(in: epoch))
            }
        }
        return files
    }

    private static func pemPath(of fingerprint: Fingerprint) -> String {
        "pem/\(Hex.encode(fingerprint.bytes)).pem"
    }

    private static func text(_ lines: [String]) -> [UInt8] {
        Array(lines.map { $0 + "\n" }.joined().utf8)
    }
}
