// The signatures that founders left beside the genesis document: FILE.NAME.sig, FILE.NAME+2.sig.

import CeremonyRecord
import CeremonyTerminal

/// Reads the signatures beside a genesis document.
enum GenesisSignatureFiles {
    /// Every signature that is there, in the order of members and keys; the rules say which miss.
    static func read(beside path: String, for document: Genesis) throws(ClientError)
        -> [GenesisSignature]
    {
        var signatures: [GenesisSignature] = []
        for member in document.members {
            for (index, held) in member.keys.enumerated() {
                let name = index == 0 ? member.name : "\(member.name)+\(index + 1)"
                let file = "\(path).\(name).sig"
                guard Files.exists(file) else { continue }
                let bytes = try Files.read(file)
                do throws(SSHSIGError) {
                    signatures.append(
                        GenesisSignature(
                            member: member.name, key: held.key.fingerprint,
                            sshsig: try SSHSIG(armored: bytes).blob))
                } catch {
                    throw ClientError(
                        .malformed, "malformed", "\(file) is no signature: \(error).",
                        meaning: "The log was not founded.",
                        next: "Have \(member.name) sign again: ceremonyctl genesis sign.")
                }
            }
        }
        return signatures
    }
}
