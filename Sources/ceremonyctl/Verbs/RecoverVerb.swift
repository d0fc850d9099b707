// `recover`: order that what a failed execution left on a token be destroyed, or say that the token
// will not come back.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `recover [ID] [--token-lost]`.
struct RecoverVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Destroy what a failed execution left on a token.",
        discussion: """
            The daemon destroys it only where it is the object that the log announced, and no key \
            that the log knows; otherwise nothing is touched, and it says why. You type the key \
            id: the whole of it, or its last 8 digits. Without a terminal, for a draft too, it is \
            given with --key-id. Handing the same order in again is safe.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions
    @OptionGroup var evidence: EvidenceOptions

    @Argument(help: "The ceremony; left out, the only one that left something.")
    var id: String?

    @Flag(help: "The token will not come back: write down that the object was given up with it.")
    var tokenLost = false

    @Option(help: "Why, for the record.")
    var reason: String?

    @Option(
        name: .customLong("key-id"),
        help: ArgumentHelp("The whole key id, in place of typing it.", valueName: "hex"))
    var keyID: String?

    func perform(_ output: Output) throws(ClientError) {
        let evidence = try evidence.collected()
        let log = try TrustedLog(global, acting.trust)
        let choice = try Choice(log)
        try choice.requireOpen(for: .recover, acting)
        let party = try Party(acting, try log.roster())
        let report = try choice.ceremony(id, for: .recover, by: party.member, acting)
        let (object, statement) = try log.announced(by: report)
        let shown = try look(for: object, of: report, log)
        try party.requireFresh()
        Talk.say(Screen.lines(shown, columns: Talk.columns).joined(separator: "\n"))
        try TypedKeyID(object.keyID).obtain(keyID, about: shown)
        try OrderDraft(
            act: .recover, role: .operator, ceremony: report.id, document: statement,
            from: .failed, to: nil,
            evidence: [object.keyEvidence] + (tokenLost ? [object.lossEvidence] : []) + evidence,
            justification: reason
                ?? (tokenLost ? "the token is lost for good" : "left by a failed execution")
        ).carryOut(log, party, by: party.signatory, output)
    }

    /// What is meant and what is there of it, before anybody signs: an order that cannot be carried
    /// out now only wastes a PIN.
    private func look(for object: KeyIntent, of report: CeremonyReport, _ log: TrustedLog)
        throws(ClientError) -> [String]
    {
        var lines = [
            tokenLost
                ? "What \(report.id) left is to be given up with its token:"
                : "What \(report.id) left is to be destroyed, for good:",
            "  token:   serial \(object.tokenSerial) (\(object.manufacturer), \(object.model))",
            "  key id:  \(TypedKeyID(object.keyID).groups)",
            "  label:   \(object.label)",
        ]
        let token = try DaemonToken.list(log).first { token in
            object.isOn(
                TokenReference(
                    label: token.label, manufacturer: token.manufacturer, model: token.model,
                    serial: token.serial))
        }
        if tokenLost {
            if let token { throw refusal(.refused, "token-here", "\(token.title) is here", .here) }
            return lines
        }
        guard let token else {
            throw refusal(
                .token, "token-missing", "The daemon does not see the token \(object.tokenSerial)",
                .missing(report.id))
        }
        guard token.isUnlocked else {
            throw refusal(
                .notYet, "token-locked", "The token \(token.title) is locked", .locked(token.name))
        }
        let rows = try InventoryRow.all(on: token.name) { method, parameters throws(ClientError) in
            try log.call(method, parameters)
        }.filter { $0.id == object.keyID || $0.label == Array(object.label.utf8) }
        lines += rows.map { "  found:   \($0.cells.joined(separator: " "))" }
        if rows.isEmpty { lines.append("  found:   nothing; that is what will be recorded") }
        return lines
    }

    private enum WayOut {
        case here
        case missing(String)
        case locked(String)

        var next: String {
            switch self {
            case .here: "Leave --token-lost out, or unplug it if it is another one."
            case .missing(let id):
                "Plug it in at the daemon's machine. If it is lost for good: ceremonyctl recover "
                    + "\(id) --token-lost."
            case .locked(let name): "Whoever keeps its PIN unlocks it: ceremonyctl unlock \(name)."
            }
        }
    }

    private func refusal(
        _ status: CeremonyTerminal.ExitStatus, _ code: String, _ what: String, _ way: WayOut
    ) -> ClientError {
        ClientError(
            status, code, "\(what).",
            meaning: "Nothing was signed, nothing was destroyed, and no PIN was asked for.",
            next: way.next)
    }
}
