// An invitee's part without a daemon: the statement and its initiator's signature came along as
// files, and what is made here goes back as files. Whether the log knows the initiator cannot be
// seen here; it is said, and the daemon that takes the acceptance checks it.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What came along with a code.
struct CarriedAcceptance {
    let invited: Invited
    let acting: ActingOptions
    /// The statement.
    let path: String
    /// Its initiator's signature.
    let signature: String
    /// Where the acceptance goes.
    let into: String?

    /// Checks code and statement, makes the key and signs, and writes what is handed in.
    func perform(_ vouched: String?, _ output: Output) throws(ClientError) {
        try invited.checkTime(.now)
        try invited.checkPerson(acting.signing.name)
        let statement = try statement()
        let key = try initiatorKey(statement)
        let line = try invited.line(of: statement, signedBy: key)
        try settle()
        let files = Written(
            document: acting.draft ?? into ?? "\(statement.ceremony).\(line.name).acceptance",
            signer: line.name)
        for file in files.all where Files.exists(file) { throw Files.occupied(file) }
        Talk.paragraph("The statement of \(statement.ceremony):")
        for line in statement.lines { Talk.paragraph("  " + Display.neutralised(line)) }
        for sentence in ClientKinds.part(of: statement.kind)?.alone(statement) ?? [] {
            Talk.paragraph(sentence)
        }
        Talk.paragraph(
            "It is signed by \(statement.initiator.name) with \(key.fingerprint). Whether the log "
                + "knows that key cannot be seen without its daemon, which checks it when this is "
                + "handed in.")
        let participant = try Participant(
            acting, asked: [line], in: statement.ceremony,
            otherwise: { here throws(ClientError) in
                try invited.checkHolder(
                    among: statement.accepts.map { ($0.name, $0.fingerprint) }, here)
            })
        try TypedFingerprint.obtain(vouched, for: line, in: statement)
        guard try bringsKey(statement) else {
            let document = try KnownDocument(participant.acceptance(of: statement).bytes)
            guard let signed = try participant.sign(document, output) else { return }
            return try write(document, signed.sshsig, nil, files, output)
        }
        guard let brought = try participant.bring(statement, output) else { return }
        try write(brought.document, brought.sshsig, brought.possession, files, output)
    }

    /// The names of what is written.
    private struct Written {
        let document: String
        let signer: String
        var signature: String { "\(document).\(signer).sig" }
        var possession: String { document + Participant.possessionSuffix }
        var all: [String] { [document, signature, possession] }
    }

    private func write(
        _ document: KnownDocument, _ sshsig: SSHSIG, _ possession: SSHSIG?, _ files: Written,
        _ output: Output
    ) throws(ClientError) {
        try Files.create(files.document, document.bytes)
        try Files.create(files.signature, Array(sshsig.armored.utf8))
        if let possession { try Files.create(files.possession, Array(possession.armored.utf8)) }
        let command =
            "ceremonyctl submit \(files.document) \(files.signature)"
            + (possession == nil ? "" : " --possession \(files.possession)")
        Talk.paragraph("Whoever reaches the daemon hands it in before \(invited.invite.expires):")
        Talk.paragraph("  " + command)
        output.page(
            possession == nil ? [files.document, files.signature] : files.all,
            .fields([
                "document": .string(files.document), "signature": .string(files.signature),
                "possession": .text(possession == nil ? nil : files.possession),
                "digest": .string("\(document.content.digest)"), "command": .string(command),
            ]))
    }

    /// - Throws: `not-our-document` (65).
    private func statement() throws(ClientError) -> Statement {
        let document = try KnownDocument(try Files.read(path))
        guard case .statement(let statement) = document.content else {
            throw ClientError(
                .malformed, "not-our-document", "\(path) is no statement.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Give the statement that came along with the code.")
        }
        return statement
    }

    /// The key that signed the statement as the initiator that it names.
    ///
    /// - Throws: `signature-file` (65), `bad-signature` (1).
    private func initiatorKey(_ statement: Statement) throws(ClientError) -> SSHPublicKey {
        let bytes = try Files.read(signature)
        let sshsig: SSHSIG
        do { sshsig = try SSHSIG(armored: bytes) } catch {
            throw ClientError(
                .malformed, "signature-file", "\(signature) is no SSH signature: \(error).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Give the signature that came along with the statement.")
        }
        do {
            guard sshsig.key.fingerprint == statement.initiator.fingerprint else {
                throw SSHSIGError.otherKey(sshsig.key.fingerprint)
            }
            try sshsig.verify(message: statement.bytes, namespace: .open, by: sshsig.key)
            return sshsig.key
        } catch {
            throw ClientError(
                .refused, "bad-signature",
                "The statement was not signed by \(statement.initiator.name), who is said to have "
                    + "started it: \(error).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Ask \(statement.initiator.name) for statement and signature once more.",
                requirement: "VAL-2")
        }
    }

    /// Which log it is: as the client remembers it, as somebody says, or as the initiator reads the
    /// code's words out. The word of a code alone is never remembered: whoever made it could
    /// make the real log a stranger to this client.
    private func settle() throws(ClientError) {
        let invite = invited.invite
        let pin = try TrustPin(origin: invite.log)
        if let given = try acting.trust.genesis.map({ text throws(ClientError) in
            try Digest.given(text)
        }) {
            guard given == invite.genesis else {
                throw ClientError(
                    .refused, "genesis-mismatch",
                    "The founding document should be \(given), and the code names "
                        + "\(invite.genesis).",
                    meaning: "It is for another log. Nothing was signed.",
                    next: "Check the digest that you gave, and ask \(invite.initiator).",
                    requirement: "VAL-2")
            }
        } else if try pin.genesis() == nil {
            guard invite.mode == .production else {
                return Talk.paragraph(
                    "The code names the founding document of \(invite.log), and nothing else says so: "
                        + "this is a rehearsal, and nothing of it is remembered.")
            }
            try invited.askWords()
        }
        try pin.pin(genesis: invite.genesis)
    }

    /// Who is on the roster changes nothing about whether a part brings a key.
    private func bringsKey(_ statement: Statement) throws(ClientError) -> Bool {
        let nobody = Roster(epoch: 1, members: [], policy: .standard)
        return try Participant.kind(of: statement).acceptances(by: statement.fields, in: nobody)
            .contains { $0.name.utf8.elementsEqual(invited.invite.set.utf8) && $0.bringsKey }
    }
}
