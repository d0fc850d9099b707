// `start`: have the daemon derive a statement, hold it against what was asked for and against the
// log, sign it as its initiator, and open the ceremony.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `start KIND [SUBJECT]`.
struct StartVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Draft a ceremony's statement, show it, sign it as its initiator, open it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var acting: ActingOptions

    @Argument(help: "The kind of ceremony; `ceremonyctl kinds` lists them.")
    var kind: String

    @Argument(
        help: "What it is done to; left out for kinds that are about the house itself.")
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "The receiving token, by its name, label or serial at the daemon.", valueName: "token"))
    var into: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A parameter of the kind; may be repeated.", valueName: "field=value"))
    var parameters: [String] = []

    @OptionGroup var options: KindOptions

    @Option(
        defaultAsFlag: "", parsing: .next,
        help: ArgumentHelp(
            "Replace a ceremony that is open; left out, the id is that of the only one of this "
                + "subject or in its way.", valueName: "id"))
    var supersede: String?

    @Option(help: "Why, for the record.")
    var reason: String

    @Flag(help: "Start it although nobody may be missing.")
    var acceptNoSpare = false

    func perform(_ output: Output) throws(ClientError) {
        let chosen = try StartVerb.chosen(parameters)
        let subject = try StartVerb.subject(subject, of: kind)
        try CeremonyStart(
            global: global, acting: acting, kind: kind, subject: { _ in subject },
            parameters: { roster throws(ClientError) in
                try options.parameters(chosen, for: kind, under: roster)
            }, into: into, supersede: supersede, reason: reason, acceptNoSpare: acceptNoSpare
        ).perform(output)
    }

    /// What was given, or the one subject that the kind is about.
    private static func subject(_ given: String?, of kind: String) throws(ClientError) -> String {
        if let given { return given }
        guard let known = try? Kinds.named(kind) else {
            throw ClientError(
                .notFound, "unknown-kind", "There is no kind of ceremony called \(kind).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "The kinds are listed by: ceremonyctl kinds.")
        }
        guard let own = known.houseSubject else {
            throw .usage(
                "\(kind) needs a subject.", next: "Write: ceremonyctl start \(kind) SUBJECT.")
        }
        return own
    }

    private static func chosen(_ settings: [String]) throws(ClientError) -> [String: String] {
        var chosen: [String: String] = [:]
        for setting in settings {
            guard let equals = setting.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .usage(
                    "--set \(setting) has no `=`.", next: "Write --set field=value.")
            }
            let name = String(setting[..<equals])
            let value = String(setting[setting.utf8.index(after: equals)...])
            guard chosen.updateValue(value, forKey: name) == nil else {
                throw .usage("--set \(name) stands there twice.", next: "Give each field once.")
            }
        }
        return chosen
    }
}
