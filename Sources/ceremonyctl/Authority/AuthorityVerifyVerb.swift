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
            name an early one, so it is told how far the log or the evidence here goes, and \
            whether that epoch is in force there. With --current only that is accepted.
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
        let isAboutFile = parts.order.isAbout(digest, size: size)
        guard parts.order.authority.utf8.elementsEqual(name.utf8), isAboutFile else {
            throw refusal(
                "multisignature-differs",
                isAboutFile
                    ? "The signatures are of \(parts.order.authority), not of \(name)."
                    : "The signatures are about another file, of \(parts.order.size) bytes with the "
                        + "digest \(parts.order.file); this one has \(size) and \(digest).",
                "Compare the files.")
        }
        let signers = try state.checkedSigners(of: parts, in: tree)
        let (epoch, members) = (signers.epoch, signers.members)
        guard signers.isEnough else {
            throw refusal(
                "too-few", "\(members.count) of \(epoch.sign) members that are needed have signed.",
                epoch.number == authority.current.number
                    ? "Have more sign: ceremonyctl authority sign \(name) \(Display.neutralised(file))"
                        + (signature.map { " --into \(Display.neutralised($0))" } ?? "")
                    : "Epoch \(epoch.number) is over, and nobody can add to it. Have those who are "
                        + "members now sign the file anew.")
        }
        guard !current || epoch.number == authority.current.number else {
            throw refusal(
                "past-epoch",
                "They are of epoch \(epoch.number), and epoch \(authority.current.number) of \(name) "
                    + "is in force.", "Have those who are members now sign it.")
        }
        let isInForce = epoch.number == authority.current.number
        output.page(
            [
                "VERIFIED: \(name), epoch \(epoch.number)" + (isInForce ? "" : " (past)"),
                "  signed by \(Phrase.list(members)); \(epoch.sign) of \(epoch.members.count) are needed",
                "  at a log of \(parts.order.treeSize) events, by their own account",
                "  the \(evidence == nil ? "log" : "evidence") here has "
                    + "\(Phrase.count(state.head.size, "event")), the last of \(state.head.time); by "
                    + "then epoch \(authority.current.number) was in force"
                    + (isInForce
                        ? "" : ": these members may have left since, or their keys be lost"),
            ],
            .fields([
                "verified": .bool(true), "authority": .string(name),
                "epoch": .number(epoch.number),
                "in_force": .bool(isInForce), "current_epoch": .number(authority.current.number),
                "log_size": .number(state.head.size), "log_time": .string("\(state.head.time)"),
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
                "What is wrong with it says: ceremonyctl verify \(Display.neutralised(evidence)) "
                    + "--genesis DIGEST" + (rehearsal ? " --rehearsal" : ""))
        }
        return (state, found.tree)
    }

    private func refusal(_ code: String, _ what: String, _ next: String) -> ClientError {
        ClientError(
            .refused, code, what, meaning: "The authority does not stand behind the file.",
            next: next, requirement: "VAL-2")
    }
}
