// `sign FILE`: the same signature as every other verb makes, over a document that came as a file.
// It knows our documents by their first line, shows them, and signs nothing else.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// `sign FILE`.
struct SignVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Show one of our documents and sign it with your token; writes FILE.NAME.sig.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var signing: SigningOptions

    @Argument(help: "The document, byte for byte as it was given out.")
    var file: String

    @Flag(help: "Sign a statement as its initiator, to open the ceremony.")
    var open = false

    @Flag(help: "Sign a statement as a witness, to approve it. This is the default.")
    var approve = false

    mutating func validate() throws {
        if open && approve { throw ValidationError("Give --open or --approve, not both.") }
    }

    func perform(_ output: Output) throws(ClientError) {
        let document = try KnownDocument(
            try Files.read(file), intent: open ? .open : .approve)
        var keys = DocumentSigner.Keys.first
        if case .genesis = document.content { keys = .all }
        do {
            try SignatureFiles.make(
                for: document, beside: file, by: try signatories(of: document), with: keys,
                signing, output)
        } catch {
            throw hinted(error, on: document)
        }
    }

    /// A statement that its initiator is to open looks like one that its witnesses are to approve.
    private func hinted(_ error: ClientError, on document: KnownDocument) -> ClientError {
        guard error.code == "not-listed", case .statement(let statement) = document.content,
            document.namespace == .approve
        else { return error }
        let initiator = statement.initiator.name
        if let name = signing.name, !name.utf8.elementsEqual(initiator.utf8) { return error }
        return ClientError(
            error.status, error.code,
            "\(error.happened) Its initiator, \(initiator), signs it to open it, and does not "
                + "approve it.",
            meaning: error.meaning,
            next: "If you are \(initiator): ceremonyctl sign --open \(Display.neutralised(file)). "
                + error.next, requirement: error.requirement)
    }

    /// A key record does not say who may attest it; the statement does, and the daemon checks it.
    /// Who the members of an authority are the log says; `authority sign` holds a part to it.
    private func signatories(of document: KnownDocument) throws(ClientError) -> Signatories {
        if let lines = document.fingerprints { return Signatories(naming: lines) }
        guard let name = signing.name else {
            throw .usage(
                "A \(document.title) does not name those who sign it.",
                next: "Say who signs with --as NAME.")
        }
        if let path = signing.signature {
            return Signatories(naming: [(name, try SignatureFiles.key(in: path).fingerprint)])
        }
        let shelf = try TokenShelf(ModuleList(options: signing.tokens.modules))
        let keys = try shelf.tokens(named: signing.tokens.token).flatMap(IdentityKey.keys)
        return Signatories(naming: keys.map { (name, $0.key.fingerprint) })
    }
}

/// Signatures as files beside the document.
enum SignatureFiles {
    /// Signs, writes `FILE.<name>.sig` for each signature and prints the paths.
    ///
    /// - Throws: `file-exists` (1) where one is there already, before anything is asked; it is not
    ///   written over. Else what ``DocumentSigner`` throws.
    @discardableResult
    static func make(
        for document: KnownDocument, beside file: String, by signatories: Signatories,
        with keys: DocumentSigner.Keys, _ options: SigningOptions, _ output: Output
    ) throws(ClientError) -> [SignedBy] {
        let signed = try DocumentSigner(options).sign(document, by: signatories, with: keys) {
            identities throws(ClientError) in
            for identity in identities {
                let path = "\(file).\(identity.fileName).sig"
                if Files.exists(path) { throw Files.occupied(path) }
            }
        }
        for signature in signed {
            try Files.create(
                signature.path(beside: file), Array(signature.sshsig.armored.utf8))
        }
        output.result(
            signed.map { $0.path(beside: file) },
            .fields([
                "document": .string(document.content.digest.description),
                "namespace": .string(document.namespace.rawValue),
                "signatures": .array(
                    signed.map {
                        .fields([
                            "name": .string($0.signer), "number": .number($0.number),
                            "key": .string($0.sshsig.key.fingerprint.description),
                            "file": .string($0.path(beside: file)),
                            "sshsig": .string(Base64.encode($0.sshsig.blob)),
                        ])
                    }),
            ]))
        return signed
    }

    /// The key that a signature file says it was made by; nothing is verified.
    ///
    /// - Throws: `signature-file` (65).
    static func key(in path: String) throws(ClientError) -> SSHPublicKey {
        let bytes = try Files.read(path)
        do {
            return try SSHSIG(armored: bytes).key
        } catch {
            throw ClientError(
                .malformed, "signature-file", "\(path) is no SSH signature: \(error).",
                meaning: "Nothing was sent.", next: "Give the file that `ssh-keygen -Y sign` wrote."
            )
        }
    }
}
