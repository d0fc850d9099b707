// A share code held against everything that it names. A code is carried by mail, by voice or by a
// picture, so it is believed in nothing: the key that signed it comes from the statement's
// initiator, and the statement from the signed log or from its initiator's own signature.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A code that somebody was given.
struct Invited: Sendable {
    let code: InviteCode
    var invite: Invite { code.invite }

    /// So many of its words are typed where nothing else says which log is the right one: 64 bits,
    /// as with the founding document.
    static let words = 8

    /// The code in an argument; `nil` where that names a ceremony.
    ///
    /// - Throws: `invite-damaged` (65) where it was mistyped or cut short.
    init?(_ text: String?) throws(ClientError) {
        guard let text, InviteCode.isMeant(text) else { return nil }
        do { code = try InviteCode(text: text) } catch {
            throw ClientError(
                .malformed, "invite-damaged", "This is not a code as it was given out: \(error).",
                meaning: "Nothing was signed and no PIN was asked for. It is no sign of a forgery.",
                next: "Copy the whole line once more, or scan it.", requirement: "CT-12")
        }
    }

    /// Refuses a code whose time is over.
    func checkTime(_ now: Timestamp) throws(ClientError) {
        guard now >= invite.expires else { return }
        throw refused(
            "invite-expired", "The code for \(invite.ceremony) was good until \(invite.expires).",
            next: "Ask \(invite.initiator) for a new one: ceremonyctl invite \(invite.ceremony) "
                + "--for \(invite.invitee.name).")
    }

    /// Refuses a code for another log than the one that is shown.
    func checkLog(_ genesis: Genesis) throws(ClientError) {
        guard invite.log.utf8.elementsEqual(genesis.log.utf8), invite.mode == genesis.mode,
            invite.genesis == genesis.digest
        else {
            throw refused(
                "invite-other-log",
                "The code is for the log \(invite.log), founded by \(invite.genesis), and the "
                    + "daemon here has \(genesis.log), founded by \(genesis.digest).",
                next: "Use the daemon of that log: --socket PATH. If this is the right one, tell "
                    + "\(invite.initiator) that somebody carries codes for another log.")
        }
    }

    /// Refuses somebody who says that they are another person than the invitee.
    func checkPerson(_ name: String?) throws(ClientError) {
        guard let name, !name.utf8.elementsEqual(invite.invitee.name.utf8) else { return }
        throw refused(
            "invite-other-person", "The code is for \(invite.invitee.name), not for \(name).",
            next: "A code works for one person: \(invite.initiator) gives you your own.")
    }

    /// Refuses somebody whose token is here and whom the code is not for.
    ///
    /// - Parameter keys: those that are here.
    func checkHolder(
        among asked: [(name: String, key: Fingerprint)], _ keys: [Fingerprint]
    ) throws(ClientError) {
        let other = asked.first { keys.contains($0.key) }?.name
        let who =
            other.map { ", and the token here is \($0)'s." } ?? ", whose key is on no token here."
        throw refused(
            "invite-other-person", "The code is for \(invite.invitee.name)\(who)",
            next: "\(invite.invitee.name) plugs in the token with the key "
                + "\(invite.invitee.fingerprint). Whoever else is asked gets a code of their own from "
                + "\(invite.initiator).")
    }

    /// Refuses a code whose invitee has answered.
    func checkUnused(_ report: CeremonyReport) throws(ClientError) {
        let rows = report.acceptances.filter { $0.set.utf8.elementsEqual(invite.set.utf8) }
            .flatMap(\.rows)
        guard
            let row = rows.first(where: { $0.key == invite.invitee.fingerprint }),
            row.answer != .open
        else { return }
        let what = row.answer == .no ? "declined" : "accepted"
        throw refused(
            "invite-used",
            "The code was used: \(invite.invitee.name) \(what) at \(row.at.map { "\($0)" } ?? "?").",
            next: "A code works once, and a first answer stands. Whoever did not give it tells "
                + "\(invite.initiator) at once: ceremonyctl show \(report.id).")
    }

    /// The line of the statement that the code is for, once everything fits.
    ///
    /// - Parameter key: the initiator's, as the signed log or the statement's signature says.
    /// - Throws: `invite-other-statement`, `invite-forged`, `invite-other-person` (1).
    func line(of statement: Statement, signedBy key: SSHPublicKey) throws(ClientError) -> AcceptLine
    {
        guard invite.ceremony.utf8.elementsEqual(statement.ceremony.utf8),
            invite.statement == statement.digest,
            invite.log.utf8.elementsEqual(statement.log.utf8), invite.mode == statement.mode
        else {
            throw refused(
                "invite-other-statement",
                "The code is for \(invite.ceremony) with the statement \(invite.statement), and "
                    + "what is here is \(statement.ceremony) with \(statement.digest).",
                next: "Ask \(invite.initiator) which of the two is meant.")
        }
        do {
            guard statement.initiator.name.utf8.elementsEqual(invite.initiator.utf8) else {
                throw SSHSIGError.otherKey(key.fingerprint)
            }
            try code.verify(by: key)
        } catch {
            throw refused(
                "invite-forged",
                "The code was not signed by \(statement.initiator.name), who started "
                    + "\(statement.ceremony).",
                next: "It is whole, so this is no slip: somebody else made it. Tell "
                    + "\(statement.initiator.name), and ask for a code by another way.")
        }
        guard invite.expires <= statement.expires else {
            throw refused(
                "invite-forged", "The code claims to outlive its ceremony.",
                next: "No client of this system makes such a code: ask \(invite.initiator).")
        }
        let line = AcceptLine(
            set: invite.set, name: invite.invitee.name, fingerprint: invite.invitee.fingerprint)
        guard statement.accepts.contains(line) else {
            throw refused(
                "invite-other-person",
                "\(statement.ceremony) does not ask \(line.name) with the key "
                    + "\(line.fingerprint) for the part `\(line.set)`.",
                next: "Ask \(invite.initiator) for a code for a person whom the statement names.")
        }
        return line
    }

    /// Asks for the code's words as the initiator reads them out: at the first contact with a
    /// production log, where the code alone would say which log is the right one.
    func askWords() throws(ClientError) {
        let terminal: Terminal
        do { terminal = try Terminal() } catch {
            throw ClientError(
                .refused, "genesis-unknown",
                "It is not known which founding document the log \(invite.log) should have.",
                meaning: "A code is not enough for a production log. Nothing was signed.",
                next: "Give --genesis with the SHA-256 from your own copy of the founding "
                    + "document, or run it in a terminal and compare the code's words.",
                requirement: "VAL-2")
        }
        terminal.write(
            "\n"
                + Screen.paragraph(
                    "This client meets the production log \(invite.log) for the first time, and "
                        + "nothing but this code says which one it is. Ask \(invite.initiator), by "
                        + "a way that you trust, to read out the first \(Self.words) words of the "
                        + "invite, and type them.", after: "", columns: terminal.columns) + "\n")
        let wanted = Invited.lowered(
            PGPWords.words(of: invite.digest.bytes).prefix(Self.words).joined(separator: " "))
        for _ in 0..<3 {
            terminal.write("Words, or nothing to stop: ")
            let typed = String(decoding: try terminal.readLine(), as: UTF8.self)
            let words = typed.utf8.split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            if words.isEmpty { break }
            if Invited.lowered(words.joined(separator: " ")) == wanted { return }
            terminal.write("Those are not the first words of this code's invite.\n")
        }
        throw refused(
            "invite-words", "The words of the code were not given.",
            next: "If \(invite.initiator) reads out other words, the code is not theirs: tell them."
        )
    }

    private static func lowered(_ text: String) -> [UInt8] {
        text.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }

    private func refused(_ code: String, _ what: String, next: String) -> ClientError {
        ClientError(
            .refused, code, what, meaning: "Nothing was signed and no PIN was asked for.",
            next: next, requirement: "CT-12")
    }
}
