// The files under `trust-copies/`: what ssh-keygen and note verifiers take as input. They are
// copies for convenience. Whoever checks takes them from the log that the genesis digest vouches
// for, never from a bundle on its word. FORMATS section 5.

/// Keys in the forms of stock tools, each in the order in which the log brought it.
struct TrustCopies {
    private var logKeys: [String] = []
    private var signers: [String] = []
    private var revoked: [String] = []
    private var known: [Fingerprint: SSHPublicKey] = [:]

    private static let people: [SignatureNamespace] = [
        .open, .approve, .attest, .act, .accept, .genesis,
    ]

    /// Remembers the keys that an event brings or revokes.
    mutating func take(_ event: Event) {
        switch event.body {
        case .logCreated(let body):
            for key in (try? Genesis(lines: body.genesis))?.logKeys ?? [] { add(logKey: key.vkey) }
        case .logRekeyed(let body): add(logKey: body.vkey)
        case .rosterSet(let body):
            for member in body.members {
                for key in member.keys { add(key.key, of: member.name, TrustCopies.people) }
            }
        case .ceremonyAccepted(let body):
            if let signature = try? SSHSIG(blob: body.signed.sshsig) {
                add(signature.key, of: body.participant, [.accept])
            }
            if let key = body.newKey {
                add(key, of: body.participant, [.accept, .possession])
            }
        case .ceremonyCompleted(let body):
            if let outcome = try? KeyOutcome(body.outcome) {
                add(outcome.record.publicKey, of: outcome.record.subject, [.key])
            }
        case .keyRevoked(let body):
            if let key = known[body.fingerprint], !revoked.contains(key.line) {
                revoked.append(key.line)
            }
        default: break
        }
    }

    /// The texts by their file names.
    var files: [String: String] {
        [
            "log.vkey": TrustCopies.text(logKeys), "allowed_signers": TrustCopies.text(signers),
            "revoked_keys": TrustCopies.text(revoked),
        ]
    }

    private mutating func add(logKey: String) {
        if !logKeys.contains(logKey) { logKeys.append(logKey) }
    }

    private mutating func add(
        _ key: SSHPublicKey, of name: String, _ namespaces: [SignatureNamespace]
    ) {
        known[key.fingerprint] = key
        guard let line = AllowedSigner(name, key, for: namespaces).line else { return }
        if !signers.contains(line) { signers.append(line) }
    }

    private static func text(_ lines: [String]) -> String {
        lines.map { $0 + "\n" }.joined()
    }
}
