// Signing a document, whichever verb wants it: find out who is here, check their token, show the
// document, get the yes, ask for the PIN, sign, and verify the signature off the token before
// anything is done with it.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import PKCS11
import Sodium

/// A signature that was verified, and who made it.
struct SignedBy: Hashable, Sendable {
    /// The person.
    let signer: String
    /// Which of their keys, from 1.
    let number: Int
    /// The signature.
    let sshsig: SSHSIG

    /// Where the signature of a document file goes: `FILE.<name>.sig`, `FILE.<name>+2.sig`.
    func path(beside file: String) -> String {
        "\(file).\(SigningIdentity.fileName(signer, number)).sig"
    }
}

/// Signs documents the way the options say.
struct DocumentSigner {
    private let options: SigningOptions
    private let confirmation: Confirmation

    /// Reads the options. No token is looked at yet.
    ///
    /// - Throws: `usage` (64).
    init(_ options: SigningOptions) throws(ClientError) {
        self.options = options
        confirmation = try Confirmation(options.confirm)
    }

    /// The identities of the one person who is here, with nothing asked of them yet.
    ///
    /// Tokens are checked too, so that nobody types a PIN for a token that is locked.
    /// - Parameter otherwise: is told the keys that are here where none of them is among those, and
    ///   may throw what says more.
    /// - Throws: what ``TokenShelf`` and ``Signatories`` throw.
    func present(
        among signatories: Signatories,
        otherwise: ([Fingerprint]) throws(ClientError) -> Void = { _ in }
    ) throws(ClientError) -> Present {
        let shelf = try TokenShelf(ModuleList(options: options.tokens.modules))
        let tokens = try shelf.tokens(named: options.tokens.token)
        let identities: [SigningIdentity]
        do { identities = try signatories.identities(on: tokens, as: options.name) } catch {
            if error.code == "not-listed" {
                try otherwise(tokens.flatMap(\.keys).map(\.key.fingerprint))
            }
            throw error
        }
        let login = TokenLogin(options.pin)
        for identity in identities {
            try login.check(identity.token, in: try shelf.slot(of: identity.token))
        }
        return Present(identities: identities, shelf: shelf, login: login)
    }

    /// Who is here and how their tokens are reached.
    struct Present {
        /// The person's keys that are here, in the order of the roster; never empty.
        let identities: [SigningIdentity]
        /// Every token here; a module is loaded once in a process.
        let shelf: TokenShelf
        let login: TokenLogin

        /// The person.
        var signer: String { identities[0].signer }
    }

    /// How many of a person's keys sign.
    enum Keys: Sendable {
        /// The first of theirs that is here.
        case first
        /// Every one that is here: a founding document.
        case all
    }

    /// Signs as the one person who is here, or takes the signature that `--signature` names.
    ///
    /// - Parameter ready: is told who would sign, before anything is asked; it may refuse.
    func sign(
        _ document: KnownDocument, by signatories: Signatories, with keys: Keys = .first,
        ready: ([SigningIdentity]) throws(ClientError) -> Void = { _ in }
    ) throws(ClientError) -> [SignedBy] {
        if let path = options.signature { return [try foreign(path, document, signatories)] }
        let present = try present(among: signatories)
        let identities = keys == .all ? present.identities : [present.identities[0]]
        try ready(identities)
        return try sign(document, with: present, identities: identities)
    }

    /// Shows, asks, signs: with identities that were found present before.
    func sign(
        _ document: KnownDocument, with present: Present, identities: [SigningIdentity]
    ) throws(ClientError) -> [SignedBy] {
        for identity in identities {
            Talk.paragraph("Signing as \(identity.signer) on \(identity.token.name) with")
            Talk.say("  \(identity.key.fingerprint)")
        }
        try confirmation.obtain(for: document.shown)
        var signed: [SignedBy] = []
        for identity in identities {
            let sshsig = try present.login.sign(
                document.bytes, document.namespace, with: identity.tokenKey, on: identity.token,
                in: try present.shelf.slot(of: identity.token),
                purpose: "sign the \(document.title)")
            signed.append(
                SignedBy(signer: identity.signer, number: identity.number, sshsig: sshsig))
        }
        return signed
    }

    /// A signature that was made elsewhere, on a FIDO token or by `ssh-keygen -Y sign`.
    private func foreign(_ path: String, _ document: KnownDocument, _ signatories: Signatories)
        throws(ClientError) -> SignedBy
    {
        let bytes = try Files.read(path)
        do {
            let sshsig = try SSHSIG(armored: bytes)
            guard let (signer, number) = try signatories.owner(of: sshsig.key, as: options.name)
            else { throw SSHSIGError.otherKey(sshsig.key.fingerprint) }
            try sshsig.verify(
                message: document.bytes, namespace: document.namespace, by: sshsig.key)
            return SignedBy(signer: signer, number: number, sshsig: sshsig)
        } catch let error as ClientError {
            throw error
        } catch let error as SSHSIGError {
            throw .foreignSignature(path, error)
        } catch {
            throw .foreignSignature(path, .signatureInvalid)
        }
    }
}

extension TokenLogin {
    /// Signs a message under a namespace with one key, in one login, and verifies the result.
    ///
    /// - Throws: what ``withSession(on:in:_:to:_:)`` throws, and `signature-wrong` (74) where the
    ///   token returned something that is no signature by this key.
    func sign(
        _ message: [UInt8], _ namespace: SignatureNamespace, with key: TokenKey,
        on token: SeenToken, in slot: Slot, purpose: String
    ) throws(ClientError) -> SSHSIG {
        try sign(message, as: [(namespace, key)], on: token, in: slot, purpose: purpose)[0]
    }

    /// Signs a message with several keys of one token, each for its purpose, in one login.
    ///
    /// - Throws: as ``sign(_:_:with:on:in:purpose:)``.
    func sign(
        _ message: [UInt8], as signers: [(namespace: SignatureNamespace, key: TokenKey)],
        on token: SeenToken, in slot: Slot, purpose: String
    ) throws(ClientError) -> [SSHSIG] {
        let signatures = try withSession(on: token, in: slot, .readOnly, to: purpose) {
            session, secret throws(PKCS11Error) in
            var signatures: [[UInt8]] = []
            for signer in signers {
                let blob = SSHSIG.signedBytes(namespace: signer.namespace, message: message)
                signatures.append(
                    try session.signature(
                        over: blob, by: signer.key, pin: secret, lastTry: lastTry))
            }
            return signatures
        }
        do {
            return try zip(signers, signatures).map { signer, signature in
                let key = signer.key.key
                let sshsig = try SSHSIG(
                    signature: signature, key: key, namespace: signer.namespace)
                try sshsig.verify(message: message, namespace: signer.namespace, by: key)
                return sshsig
            }
        } catch {
            throw ClientError(
                .token, "signature-wrong",
                "What the token \(token.name) returned is no signature by its key: \(error).",
                meaning: "It was thrown away; nothing was signed that counts.",
                next: "Do not use this token until it has been looked at.")
        }
    }
}

extension TokenLogin {
    /// Signs what a person is asked for in an execution, in one login, and verifies the results.
    /// These bytes have no purpose of ours in front, because they are another system's events; so
    /// nothing comes here but a question whose bytes were made by this client.
    ///
    /// - Throws: as ``sign(_:_:with:on:in:purpose:)``.
    func answer(
        _ asked: CheckedQuestion, with key: TokenKey, on token: SeenToken, in slot: Slot,
        taking share: ShareTaking? = nil
    ) throws(ClientError) -> [[UInt8]] {
        let messages = asked.question.messages
        let result: Result<[[UInt8]], ClientError> = try withSession(
            on: token, in: slot, share == nil ? .readOnly : .readWrite,
            to: "sign for \(asked.statement.ceremony)"
        ) { session, secret throws(PKCS11Error) in
            guard
                try !session.find([.objectClass(.privateKey), .bytes(.id, key.id)], limit: 1)
                    .isEmpty
            else { return .failure(.keyGone(key, on: token, asked)) }
            // Nobody signs for a share that they do not have.
            if let trouble = try share?.keep(
                in: session, on: token, with: key, pin: secret, lastTry: lastTry)
            {
                return .failure(trouble)
            }
            var signatures: [[UInt8]] = []
            for message in messages {
                signatures.append(
                    try session.signature(
                        over: message.bytes, by: key, pin: secret, lastTry: lastTry))
            }
            return .success(signatures)
        }
        let signatures = try result.get()
        guard asked.question.isAnswered(by: signatures) else {
            throw ClientError(
                .token, "signature-wrong",
                "What the token \(token.name) returned is no signature by the key that is asked.",
                meaning: "It was thrown away; nothing was sent.",
                next: "Do not use this token until it has been looked at.")
        }
        return signatures
    }
}

extension Session {
    /// The 64 bytes of a signature by the private half of a key.
    func signature(
        over blob: [UInt8], by key: TokenKey, pin: SecretBytes?, lastTry: Bool
    ) throws(PKCS11Error) -> [UInt8] {
        let found = try find([.objectClass(.privateKey), .bytes(.id, key.id)], limit: 8)
        guard let object = found.first else { throw .notEd25519("its private half is missing") }
        guard found.count == 1 else { throw .tooManyObjects(limit: 1) }
        let attributes = try attributes([.alwaysAuthenticate], of: object)
        guard attributes.alwaysAuthenticates.value == true, let pin else {
            return try sign(blob, with: object)
        }
        // The PIN was right a moment ago; some keys want it once more for every signature.
        return try unsafe pin.withBytes { bytes in
            Result { () throws(PKCS11Error) in
                try unsafe sign(blob, with: object, pin: bytes, allowFinalTry: lastTry)
            }
        }.get()
    }
}

extension ClientError {
    /// A token that shows the public half of a key that is asked, and has lost the private one.
    fileprivate static func keyGone(
        _ key: TokenKey, on token: SeenToken, _ asked: CheckedQuestion
    ) -> ClientError {
        ClientError(
            .token, "key-gone",
            "The token \(token.name) shows the public key \(key.key.fingerprint), and holds no "
                + "private key to it.", meaning: "Nothing was signed.",
            next: AnswerVerb.gone(asked.statement.ceremony, asked.question.person))
    }

    /// A signature file that does not fit the document.
    fileprivate static func foreignSignature(_ path: String, _ error: SSHSIGError) -> ClientError {
        let status: ExitStatus =
            switch error {
            case .otherKey: .notPermitted
            case .otherNamespace, .noUserPresence, .signatureInvalid: .refused
            default: .malformed
            }
        return ClientError(
            status, "signature-file", "The signature in \(path) is not taken: \(error).",
            meaning: "Nothing was sent.",
            next: "Sign this very document, with an enrolled key, in the namespace that "
                + "`ceremonyctl sign` names.")
    }
}
