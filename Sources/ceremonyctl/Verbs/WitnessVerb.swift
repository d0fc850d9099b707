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

    @Argument(help: "The ceremony; left out, the one that waits for you.")
    var id: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, acting.trust)
        try log.requireOpen()
        let choice = try Choice(log)
        let roster = try log.roster(epoch: choice.status.epoch)
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .witness, by: party.member)
        let statement = try log.statement(of: report, roster)
        let listed = statement.witnesses.filter { $0.name.utf8.elementsEqual(party.name.utf8) }
        let signed = try party.sign(
            try KnownDocument(statement.bytes, intent: .approve), listed: listed.map(\.fingerprint))
        guard let signed else { return acting.tellDraft(output) }
        let submission = try log.submit(statement.bytes, signed.sshsig)
        Talk.paragraph(
            submission.isRepeat
                ? "\(party.name) had approved \(report.id) already; nothing was recorded now."
                : "\(party.name) approved \(report.id).")
        submission.tell(output, at: choice.status.now)
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
        try log.requireOpen()
        let choice = try Choice(log)
        let roster = try log.roster(epoch: choice.status.epoch)
        let party = try Party(acting, roster)
        let report = try choice.ceremony(id, for: .attest, by: party.member)
        let statement = try log.statement(of: report, roster)
        let record = try log.record(of: report, statement)
        if acting.draft == nil { try ReadBack(record, among: party.seenTokens).tell() }
        let listed = statement.witnesses.filter { $0.name.utf8.elementsEqual(party.name.utf8) }
        let signed = try party.sign(
            try KnownDocument(record.bytes), listed: listed.map(\.fingerprint))
        guard let signed else { return acting.tellDraft(output) }
        let submission = try log.submit(record.bytes, signed.sshsig)
        Talk.paragraph(
            submission.isRepeat
                ? "\(party.name) had attested it already; nothing was recorded now."
                : "\(party.name) attested the key \(record.fingerprint).")
        submission.tell(output, at: choice.status.now)
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

extension ActingOptions {
    /// The result where only a draft was wanted.
    ///
    /// - Parameter opens: whether it is a statement to be signed as its initiator.
    func tellDraft(_ output: Output, opens: Bool = false) {
        let path = draft ?? ""
        let shown = Display.neutralised(path)
        // Commands to be copied are not wrapped.
        Talk.say(
            "Nothing was signed. Have it signed, and hand it in:\n"
                + "  ceremonyctl sign \(opens ? "--open " : "")\(shown)\n"
                + "  ceremonyctl submit \(shown) \(shown).NAME.sig")
        output.page([path], .fields(["draft": .string(path)]))
    }
}

extension Submission {
    /// The result of a verb that handed something in.
    func tell(_ output: Output, at now: Timestamp) {
        let stands =
            seq.map { "event \($0)" }
            ?? "held in the halt file; written into the log as soon as that can be"
        output.page(ceremony?.text(at: now) ?? [stands], json)
    }
}
