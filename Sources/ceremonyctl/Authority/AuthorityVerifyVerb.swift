// `authority verify`: whether enough members of an authority have signed a file, by the log of a
// daemon or by exported evidence.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `authority verify NAME FILE`.
struct AuthorityVerifyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify an authority's signatures on a file.",
        discussion: """
            The signatures name the place in the log at which they were made; the epoch that was \
            in force there counts. That place is the signers' own claim: whoever has left could \
            name an early one. With --current only the epoch in force is accepted.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The authority.")
    var name: String

    @Argument(help: "The file.")
    var file: String

    @Argument(help: "The multisignature; left out, FILE.NAME.multisig.")
    var signature: String?

    @Flag(help: "Accept only signatures of the epoch in force.")
    var current = false

    @Option(
        help: ArgumentHelp(
            "Exported evidence to verify against, in place of a daemon.", valueName: "dir"))
    var evidence: String?

    @Flag(help: "Take evidence of a rehearsal.")
    var rehearsal = false

    func perform(_ output: Output) throws(ClientError) {
        let path = signature ?? "\(file).\(name).multisig"
        let parts = try AuthoritySignVerb.read(path)
        let (size, digest) = try Files.measure(file)
        let (state, tree) = try log()
        let authority = try state.authority(called: name)
        guard parts.order.authority.utf8.elementsEqual(name.utf8), parts.order.file == digest,
            parts.order.size == size
        else {
            throw refusal(
                "multisignature-differs",
                parts.order.file == digest && parts.order.size == size
                    ? "The signatures are of \(parts.order.authority), not of \(name)."
                    : "The signatures are about another file, with the digest \(parts.order.file); "
                        + "this one has \(digest).", "Compare the files.")
        }
        let (epoch, members) = try state.checkedSigners(of: parts, in: tree)
        guard members.count >= epoch.sign else {
            throw refusal(
                "too-few", "\(members.count) of \(epoch.sign) members that are needed have signed.",
                "Have more sign: ceremonyctl authority sign \(name) \(Display.neutralised(file)).")
        }
        guard !current || epoch.number == authority.current.number else {
            throw refusal(
                "past-epoch",
                "They are of epoch \(epoch.number), and epoch \(authority.current.number) of \(name) "
                    + "is in force.", "Have those who are members now sign it.")
        }
        output.page(
            [
                "VERIFIED: \(name), epoch \(epoch.number)"
                    + (epoch.number == authority.current.number ? "" : " (past)"),
                "  signed by \(Phrase.list(members)); \(epoch.sign) of \(epoch.members.count) are needed",
                "  at a log of \(parts.order.treeSize) events, by their own account",
            ],
            .fields([
                "verified": .bool(true), "authority": .string(name),
                "epoch": .number(epoch.number),
                "in_force": .bool(epoch.number == authority.current.number),
                "members": .strings(members), "need": .number(epoch.sign),
                "tree_size": .number(parts.order.treeSize),
            ]))
    }

    private func log() throws(ClientError) -> (State, MerkleTree) {
        guard let evidence else {
            let copy = try LogCopy(try TrustedLog(global, trust))
            return (copy.state, copy.tree)
        }
        let trusted = Trust(
            genesis: try trust.genesis.map { text throws(ClientError) in try Digest.given(text) },
            seen: nil, allowsRehearsal: rehearsal)
        let found = EvidenceVerifier.verify(try EvidenceReader.read(evidence), against: trusted)
        guard found.isVerified, let state = found.state else {
            throw refusal(
                found.defect?.name.rawValue ?? "not-verified",
                "The evidence does not verify: \(found.defect?.detail ?? "it has no signed head")",
                "What is wrong with it says: ceremonyctl verify \(Display.neutralised(evidence)).")
        }
        return (state, found.tree)
    }

    private func refusal(_ code: String, _ what: String, _ next: String) -> ClientError {
        ClientError(
            .refused, code, what, meaning: "The authority does not stand behind the file.",
            next: next, requirement: "VAL-2")
    }
}
