// `invite`: whoever started a ceremony makes a code for one of the people whom it asks. The code is
// signed and holds no secret, so that it may be sent, read out or held up to a camera.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Sodium

/// `invite [ID] --for NAME`.
struct InviteVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Make a code by which somebody finds and accepts their part in your ceremony.",
        discussion: """
            The code names log, ceremony, statement, person and key; it is signed with your token, \
            works for that person and key only, once, and until it expires. It holds no secret. \
            The code goes to standard output; its words, which you read out to whoever got it, \
            and a QR code go to the terminal. Where somebody has no daemon, --bundle writes what \
            they need for `ceremonyctl accept CODE --statement FILE`.
            """)

    /// How the QR code is drawn.
    enum Picture: String, ExpressibleByArgument, CaseIterable {
        case auto, inverse, ascii, none
    }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions

    @Argument(help: "The ceremony; left out, the only one that asks anybody.")
    var id: String?

    @Option(
        name: .customLong("for"), help: ArgumentHelp("Who is invited.", valueName: "name"))
    var invitee: String

    @Option(
        help: ArgumentHelp(
            "Which part, where several are asked of them, as `show` names it.", valueName: "set"))
    var part: String?

    @Option(
        help: ArgumentHelp(
            "How long the code is good, never longer than the ceremony.", valueName: "minutes"))
    var minutes = 15

    @Option(
        help: ArgumentHelp(
            "Write code, invite, statement and signatures into this new directory.",
            valueName: "directory"))
    var bundle: String?

    @Option(
        help: ArgumentHelp(
            "The invite that --draft wrote, signed elsewhere: give --signature too.",
            valueName: "file"))
    var document: String?

    @Option(
        help: ArgumentHelp(
            "The QR code: auto; inverse, for dark letters on a light ground without colours; "
                + "ascii; none.", valueName: "form"))
    var qr = Picture.auto

    mutating func validate() throws {
        guard (1...1440).contains(minutes) else {
            throw ValidationError("--minutes takes 1 to 1440.")
        }
        if (document == nil) != (acting.signing.signature == nil) {
            throw ValidationError("--document and --signature go together.")
        }
        if acting.isDraft, bundle != nil || document != nil {
            throw ValidationError("--draft signs nothing: leave --bundle and --document out.")
        }
    }

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        let report = try Participant.report(id, choice)
        try Standing.checkAccepting(report, choice, acting)
        let roster = try log.roster()
        let statement = try log.statement(of: report, roster)
        let line = try line(of: statement, report, roster)
        let now = choice.status.now
        let fresh = Invite(
            log: statement.log, mode: statement.mode, genesis: log.digest,
            ceremony: statement.ceremony, statement: statement.digest,
            initiator: statement.initiator.name, set: line.set,
            invitee: Signatory(name: line.name, fingerprint: line.fingerprint),
            expires: min(now + minutes * 60, statement.expires),
            nonce: Hex.encode(randomBytes(16)))
        let invite =
            try document.map { path throws(ClientError) in
                try InviteVerb.read(path, like: fresh, statement, now)
            } ?? fresh
        let known = try KnownDocument(invite.bytes)
        let initiator = statement.initiator
        if let path = acting.draft {
            try Files.create(path, known.bytes)
            return known.tellDraft(
                at: path, for: initiator.name, with: [initiator.fingerprint], output)
        }
        let signed = try DocumentSigner(acting.signing).sign(
            known, by: Signatories(naming: [(initiator.name, initiator.fingerprint)]))
        let code = InviteCode(invite, signedBy: signed[0].sshsig)
        if let bundle { try write(code, signed[0].sshsig, report, statement, log, to: bundle) }
        tell(code, now, output)
    }

    /// The part that the person is invited to.
    private func line(of statement: Statement, _ report: CeremonyReport, _ roster: Roster)
        throws(ClientError) -> AcceptLine
    {
        let isMeant = { (line: AcceptLine) in
            line.name.utf8.elementsEqual(invitee.utf8)
                && (part.map { line.set.utf8.elementsEqual($0.utf8) } ?? true)
        }
        let named = statement.accepts.filter(isMeant)
        guard !named.isEmpty else {
            let names = statement.accepts.map(\.name).reduce(into: [String]()) { names, name in
                if !names.contains(name) { names.append(name) }
            }
            throw ClientError(
                .notFound, "not-listed",
                "\(report.id) asks nothing of \(invitee)"
                    + (part.map { " in the part `\($0)`." } ?? "."),
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "It asks: \(Phrase.list(names)).", requirement: "CT-12")
        }
        let open = report.asked(by: statement).filter(isMeant)
        guard let first = open.first else {
            throw ClientError(
                .refused, "already-answered", "\(invitee) has answered \(report.id) already.",
                meaning: "Nothing was signed and no PIN was asked for. A first answer stands.",
                next: "What they said is shown by: ceremonyctl show \(report.id).",
                requirement: "CT-12")
        }
        guard open.contains(where: { !$0.set.utf8.elementsEqual(first.set.utf8) }) else {
            return first
        }
        // Whoever is to bring a key is invited for that, unless it is said otherwise.
        let sets = try Participant.kind(of: statement).acceptances(by: statement.fields, in: roster)
        let bringing = open.first { line in
            sets.contains { $0.bringsKey && $0.name.utf8.elementsEqual(line.set.utf8) }
        }
        guard let bringing else {
            throw .usage(
                "\(report.id) asks several things of \(invitee): "
                    + "\(Phrase.list(open.map(\.set))).", next: "Say which with --part SET.")
        }
        return bringing
    }

    /// An invite that was drafted before and is still right.
    private static func read(
        _ path: String, like fresh: Invite, _ statement: Statement, _ now: Timestamp
    ) throws(ClientError) -> Invite {
        let known = try KnownDocument(try Files.read(path))
        guard case .invite(var invite) = known.content else {
            throw .usage("\(path) is no invite.", next: "Give the file that --draft wrote.")
        }
        let (expires, nonce) = (invite.expires, invite.nonce)
        invite.expires = fresh.expires
        invite.nonce = fresh.nonce
        guard invite == fresh, expires <= statement.expires, now < expires else {
            throw ClientError(
                .refused, "document-differs",
                "\(path) is an invite to something else, or its time is over.",
                meaning: "No code was made.", next: "Draft it again and sign that.")
        }
        invite.expires = expires
        invite.nonce = nonce
        return invite
    }

    // MARK: Giving it out

    /// What an invitee without a daemon needs.
    private func write(
        _ code: InviteCode, _ sshsig: SSHSIG, _ report: CeremonyReport, _ statement: Statement,
        _ log: TrustedLog, to directory: String
    ) throws(ClientError) {
        guard !Files.exists(directory) else { throw Files.occupied(directory) }
        guard case .ceremonyOpened(let opened) = try log.event(at: report.seq).body,
            let opening = try? SSHSIG(blob: opened.signed.sshsig)
        else { throw Reply.malformed("event \(report.seq) opens no ceremony") }
        try Files.makeDirectory(directory)
        try Files.create(directory + "/code", Array((code.text + "\n").utf8))
        try Files.create(directory + "/invite", code.invite.bytes)
        try Files.create(directory + "/invite.sig", Array(sshsig.armored.utf8))
        try Files.create(directory + "/statement", statement.bytes)
        try Files.create(directory + "/statement.sig", Array(opening.armored.utf8))
    }

    private func tell(_ code: InviteCode, _ now: Timestamp, _ output: Output) {
        let invite = code.invite
        Talk.paragraph(
            "The code for \(invite.invitee.name), good once and "
                + "\(Phrase.until(invite.expires, now)). It holds no secret; \(invite.invitee.name) "
                + "runs: ceremonyctl accept CODE"
                + (bundle.map { " --statement \($0)/statement" } ?? ""))
        Talk.paragraph("The invite's words, to read out to \(invite.invitee.name):")
        for row in Phrase.words(invite.digest, indent: "  ") { Talk.say(row) }
        if !output.json { draw(code.text) }
        output.result(
            [code.text],
            .fields([
                "code": .string(code.text), "digest": .string("\(invite.digest)"),
                "words": .strings(PGPWords.words(of: invite.digest.bytes)),
                "document": .strings(invite.lines), "expires": .string("\(invite.expires)"),
                "ceremony": .string(invite.ceremony), "invitee": .string(invite.invitee.name),
            ]))
    }

    /// Draws the QR code on the terminal, or says why not.
    private func draw(_ text: String) {
        guard qr != .none, let columns = Talk.columns else { return }
        guard let picture = QRCode(text) else {
            return Talk.paragraph("The code is too long for a QR code: send it as text.")
        }
        let environment = TerminalAbility.environment
        let isUnicode = TerminalAbility.isUnicode(environment)
        let form: QRCode.Form
        if qr == .ascii || !isUnicode {
            form = .ascii(onLight: qr == .inverse)
        } else if TerminalAbility.hasColour(environment), qr == .auto {
            form = .coloured
        } else {
            form = .plain(onLight: qr == .inverse)
        }
        guard picture.columns(form) <= columns else {
            return Talk.paragraph(
                "This terminal cannot draw the QR code"
                    + (isUnicode ? "" : " in half blocks, because its locale is not UTF-8")
                    + ": it takes \(picture.columns(form)) columns, and there are \(columns). Send "
                    + "the code as text.")
        }
        for line in picture.lines(form) { Talk.say(line) }
    }
}
