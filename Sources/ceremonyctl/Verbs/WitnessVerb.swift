// `witness`: approve one ceremony, after reading what it is to do.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import PKCS11

/// `witness [ID]`.
struct WitnessVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Show a ceremony's statement and approve it with a signature by your token.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var copies: CopyOptions

    @Argument(help: "The ceremony; left out, the one that waits for you.")
    var id: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .witness, acting)
        let roster = try log.roster()
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .witness, by: party.member, acting)
        let statement = try log.statement(of: report, roster)
        let listed = statement.witnesses.filter { $0.name.utf8.elementsEqual(party.name.utf8) }
        let reading = try ClientKinds.reading(statement, log, roster, copies.copy)
        reading?.tell(choice.status)
        let document = try KnownDocument(statement.bytes, intent: .approve, told: reading?.gist)
        guard let signed = try party.sign(document, listed: listed.map(\.fingerprint), output)
        else { return }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }
}

/// `attest [ID]`.
struct AttestVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "attest",
        abstract: "Show the record of a new key and attest that it is the one you saw come out.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions

    @Argument(help: "The ceremony; left out, the one that waits for you.")
    var id: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .attest, acting)
        let roster = try log.roster()
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .attest, by: party.member, acting)
        let statement = try log.statement(of: report, roster)
        let record = try log.record(of: report, statement)
        if !acting.isDraft { try ReadBack(record, among: party.seenTokens).tell() }
        let listed = statement.witnesses.filter { $0.name.utf8.elementsEqual(party.name.utf8) }
        let document = try KnownDocument(record.bytes)
        guard let signed = try party.sign(document, listed: listed.map(\.fingerprint), output)
        else { return }
        let submission = try log.submit(document.bytes, signed.sshsig)
        try submission.tellEnding(of: document, by: signed.sshsig.key.fingerprint, output)
    }
}

/// Comparing a key record with the token itself, where this client can see the token.
struct ReadBack {
    private let record: KeyRecord
    private let seen: [TokenKey]?
    private let token: String

    /// Looks for the record's token among those here; no PIN is asked for.
    init(_ record: KeyRecord, among tokens: [SeenToken]) {
        self.record = record
        let here = tokens.first { $0.uri.description.utf8.elementsEqual(record.token.utf8) }
        seen = here?.keys
        token = here?.name ?? record.token
    }

    /// Says what was seen.
    ///
    /// - Throws: `other-key` (1) where the token is here and holds another key under that id.
    func tell() throws(ClientError) {
        guard let seen else {
            Talk.paragraph(
                "This client does not see the token itself: the public key is the daemon's word and "
                    + "the record's. What you saw in the room is what you attest.")
            return
        }
        let found = seen.filter { $0.id == record.keyID }
        guard !found.isEmpty else {
            Talk.paragraph(
                "The token \(token) is here, but shows no public key with that "
                    + "id without a PIN.")
            return
        }
        guard found.allSatisfy({ $0.key == record.publicKey }) else {
            throw ClientError(
                .refused, "other-key",
                "The token \(token) holds another key under the id "
                    + "\(Hex.encode(record.keyID)): \(found.map(\.key.fingerprint.description).joined(separator: ", ")).",
                meaning: "The record is not of the key in the token. Nothing was signed.",
                next:
                    "Decline it: ceremonyctl decline \(record.ceremony) --reason \"another key\".",
                requirement: "FR69")
        }
        Talk.paragraph(
            "Read from the token \(token) itself: it holds exactly this public "
                + "key under this id.")
    }
}
