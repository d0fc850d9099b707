// `authority sign`: one member's part of an authority's signature on a file. The members go one
// after the other, each in a client of their own, and the file with the parts goes round.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `authority sign NAME FILE`.
struct AuthoritySignVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a file for an authority, with your key in it.",
        discussion: """
            The first member writes the multisignature file, the next ones add to it; it ends \
            with 75 as long as too few have signed. Everybody signs the same short document, which \
            names the file by its digest and the authority by its epoch.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var signing: SigningOptions

    @Argument(help: "The authority.")
    var name: String

    @Argument(help: "The file.")
    var file: String

    @Option(
        help: ArgumentHelp(
            "Where the signatures go; else FILE.NAME.multisig.", valueName: "file"))
    var into: String?

    @Flag(help: "Only write the document, unsigned; the digest for --confirm is told.")
    var draft = false

    func perform(_ output: Output) throws(ClientError) {
        let path = into ?? "\(file).\(name).multisig"
        let (size, digest) = try Files.measure(file)
        let log = try TrustedLog(global, trust)
        let copy = try LogCopy(log)
        let authority = try copy.state.authority(called: name)
        var signature = Multisignature(
            AuthorityOrder(
                log: copy.state.log.origin, mode: copy.state.log.mode, authority: authority.name,
                epoch: authority.current.number, record: authority.current.record.digest,
                sign: authority.current.sign, name: AuthoritySignVerb.title(of: file), size: size,
                file: digest, treeSize: copy.tree.size, treeRoot: copy.tree.root))
        if Files.exists(path) {
            signature = try AuthoritySignVerb.read(path)
            try check(signature, digest, size, authority, copy, at: path)
        }
        if draft {
            try Files.replace(path, signature.bytes)
            return output.page(
                [path, "\(signature.order.digest)"],
                .fields([
                    "file": .string(path), "digest": .string("\(signature.order.digest)"),
                ]))
        }
        let signed = try sign(signature, for: authority)
        for part in signed {
            signature.add(Multisignature.Part(member: part.signer, sshsig: part.sshsig))
        }
        let signers = try copy.signers(of: signature)
        try Files.replace(path, signature.bytes)
        try tell(signers, at: path, output)
    }

    /// The parts of the member who is here.
    ///
    /// - Throws: `already-answered` (1) where their part is in the file; `not-listed` (77) where
    ///   only keys of past epochs are here; what ``DocumentSigner`` throws.
    private func sign(_ signature: Multisignature, for authority: Authority) throws(ClientError)
        -> [SignedBy]
    {
        let signatories = Signatories(
            naming: authority.current.members.map { ($0.name, $0.key.fingerprint) })
        let document = try KnownDocument(signature.order.bytes)
        let signer = try DocumentSigner(signing)
        guard signing.signature == nil else {
            return try signer.sign(document, by: signatories)
        }
        let present = try signer.present(
            among: signatories,
            otherwise: { here throws(ClientError) in try authority.checkPast(here) })
        if signature.parts.contains(where: { $0.member.utf8.elementsEqual(present.signer.utf8) }) {
            throw ClientError(
                .refused, "already-answered",
                "\(present.signer) has signed this file for \(name) already.",
                meaning: "Nothing was signed and no PIN was asked for. Each member counts once.",
                next:
                    "Give the signatures to the next member, or check them: ceremonyctl authority "
                    + "verify \(name) \(Display.neutralised(file))"
                    + (into.map { " \(Display.neutralised($0))" } ?? "") + ".")
        }
        return try signer.sign(document, with: present, identities: [present.identities[0]])
    }

    /// What the file is called, without the folders above it.
    private static func title(of path: String) -> String {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map {
            String(decoding: $0, as: UTF8.self)
        }
        return name.flatMap { FreeText.isValid($0) ? $0 : nil } ?? "a file"
    }

    /// Reads a multisignature file.
    ///
    /// - Throws: `not-a-multisignature` (65).
    static func read(_ path: String) throws(ClientError) -> Multisignature {
        do { return try Multisignature(bytes: try Files.read(path)) } catch let error as ClientError
        {
            throw error
        } catch {
            throw ClientError(
                .malformed, "not-a-multisignature",
                "\(Display.neutralised(path)) is no multisignature: \(error).",
                meaning: "Nothing was signed or verified by it.",
                next: "Give the file that `ceremonyctl authority sign` wrote.")
        }
    }

    /// Nobody adds a part to signatures on another file, of another epoch, or that do not hold.
    private func check(
        _ signature: Multisignature, _ digest: Digest, _ size: Int, _ authority: Authority,
        _ copy: LogCopy, at path: String
    ) throws(ClientError) {
        let order = signature.order
        let isCurrent = order.epoch == authority.current.number
        guard order.isAbout(digest, size: size), order.authority.utf8.elementsEqual(name.utf8),
            isCurrent
        else {
            throw ClientError(
                .refused, "multisignature-differs",
                "\(Display.neutralised(path)) is about "
                    + (order.isAbout(digest, size: size)
                        ? "\(order.authority) in epoch \(order.epoch)."
                        : "another file, of \(order.size) bytes with the digest \(order.file)."),
                meaning: "Nothing was signed and no PIN was asked for.",
                next: isCurrent
                    ? "Give another place with --into."
                    : "The members have changed since. Begin again in another place: --into FILE.")
        }
        _ = try copy.signers(of: signature)
    }

    private func tell(_ signers: AuthoritySigners, at path: String, _ output: Output)
        throws(ClientError)
    {
        let (have, need) = (signers.members.count, signers.epoch.sign)
        output.page(
            [path],
            .fields([
                "file": .string(path), "have": .number(have), "need": .number(need),
                "members": .strings(signers.members),
            ]))
        guard !signers.isEnough else {
            return Talk.paragraph(
                "\(have) of \(need) members that are needed have signed: "
                    + "\(Phrase.list(signers.members)). It is complete.")
        }
        throw ClientError(
            .notYet, "not-yet", "\(have) of \(need) members that are needed have signed.",
            meaning: "Your part is in \(Display.neutralised(path)).",
            next: "The next member runs, with that file: ceremonyctl authority sign \(name) "
                + Display.neutralised(file)
                + (into.map { " --into \(Display.neutralised($0))" } ?? ""))
    }
}

extension Authority {
    /// Says which member of an earlier epoch is here.
    ///
    /// - Throws: `not-listed` (77).
    fileprivate func checkPast(_ keys: [Fingerprint]) throws(ClientError) {
        for (epoch, next) in zip(epochs, epochs.dropFirst()).reversed() {
            guard let member = epoch.members.first(where: { keys.contains($0.key.fingerprint) })
            else { continue }
            let isThere = current.member(named: member.name) != nil
            throw ClientError(
                .notPermitted, "not-listed",
                "The key here is the one that \(member.name) had in \(name) up to epoch "
                    + "\(epoch.number); it counts no more since epoch \(next.number), "
                    + "\(next.begun.time).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: isThere
                    ? "\(member.name) signs with the newer key; plug in the token that holds it."
                    : "The members now: \(Phrase.list(current.members.map(\.name))).",
                requirement: "I7")
        }
    }
}

extension LogCopy {
    /// The members whose signatures hold.
    ///
    /// - Throws: the rules' refusals, as `1`.
    func signers(of signature: Multisignature) throws(ClientError) -> AuthoritySigners {
        try state.checkedSigners(of: signature, in: tree)
    }
}

extension State {
    /// The members whose signatures hold, by a log with that tree.
    ///
    /// - Throws: the rules' refusals, as `1`.
    func checkedSigners(of signature: Multisignature, in tree: MerkleTree) throws(ClientError)
        -> AuthoritySigners
    {
        do throws(Refusal) {
            return try signers(of: signature) { $0 <= tree.size ? tree.root(at: $0) : nil }
        } catch {
            throw ClientError(
                .refused, error.code.rawValue, error.detail,
                meaning: "The signatures are not the authority's.",
                next: (error.code == .badSignature ? nil : error.next)
                    ?? "Trust it no further; show it to the other members.",
                requirement: error.requirement ?? "VAL-2")
        }
    }
}
