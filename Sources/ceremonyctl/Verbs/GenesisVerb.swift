// Founding a log: a plan that people agree on, the document it becomes, and a founder's signature.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Sodium

/// `genesis plan|draft|sign`.
struct GenesisVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "genesis", abstract: "Found a log: plan it, draft it, sign it.",
        subcommands: [Plan.self, Draft.self, Sign.self])

    @OptionGroup var global: GlobalOptions

    /// The evidence of the log that another one is to go on from.
    struct ContinuesOption: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The evidence of the log that the new one goes on from: a folder that `export` "
                    + "wrote.", valueName: "folder"))
        var continues: String?

        /// The end of that log, read back by the rules; `nil` where none is given.
        ///
        /// - Throws: `log-damaged` (1) naming the defect, and what reading throws.
        func read() throws(ClientError) -> State? {
            guard let continues else { return nil }
            let logs = try EarlierLogFiles.read(continues)
            do { return try History(logs).state } catch let defect {
                throw ClientError(
                    .refused, "log-damaged", "The old log does not hold: \(defect)",
                    meaning: "Nothing can go on from it, and nothing was written.",
                    next: "Take another export of it, and keep this folder as it is.")
            }
        }
    }

    /// `genesis plan`: the template.
    struct Plan: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print a commented template of a plan.",
            discussion: """
                With --continues the plan is that of a log that goes on from an old one whose \
                token, quorum or last events are lost: its people and its rules, to be changed \
                where somebody or something is missing.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var old: ContinuesOption
        @OptionGroup var trust: TrustOptions

        func perform(_ output: Output) throws(ClientError) {
            guard let state = try old.read() else {
                return output.result(
                    [GenesisPlan.template], .fields(["template": .string(GenesisPlan.template)]))
            }
            if let given = try trust.genesis.map({ text throws(ClientError) in
                try Digest.given(text)
            }), given != state.log.genesis {
                throw ClientError(
                    .refused, "genesis-differs",
                    "The old log was founded by \(state.log.genesis), and you trust \(given).",
                    meaning:
                        "This is another log than the one that you trust. Nothing was written.",
                    next: "Find the evidence of the right log.", requirement: "VAL-2")
            }
            let plan = GenesisPlan.text(continuing: state)
            output.result([plan], .fields(["template": .string(plan)]))
            if trust.genesis == nil {
                Talk.paragraph(
                    "The old log was founded by \(state.log.genesis). Compare that with your own "
                        + "copy; --genesis does it.")
            }
        }
    }

    /// `genesis draft PLAN`: the document.
    struct Draft: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write the founding document of a plan, and say who is left for each act.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var old: ContinuesOption

        @Argument(help: "The plan.")
        var plan: String

        @Option(
            name: [.short, .long],
            help: ArgumentHelp(
                "Where the document goes; it must not be there yet. Otherwise standard output.",
                valueName: "file"))
        var output: String?

        @Flag(help: "Found a production in which some ceremony stops when one person is missing.")
        var acceptNoSpare = false

        func perform(_ output: Output) throws(ClientError) {
            let draft = try GenesisDraft(
                try GenesisPlan(try Files.read(plan)), after: try old.read(), now: .now,
                nonce: Hex.encode(randomBytes(16)), acceptNoSpare: acceptNoSpare)
            if let path = self.output { try Files.create(path, draft.genesis.bytes) }
            if output.json || self.output != nil {
                output.result(
                    [draft.genesis.digest.description], draft.json(path: self.output))
            } else {
                output.bytes(draft.genesis.bytes)
            }
            for line in draft.succession { Talk.say(Display.neutralised(line)) }
            Talk.say("Who is left:")
            for kind in draft.outlook { Talk.say("  " + Display.neutralised(kind.text)) }
            Talk.say("Every member now signs it: ceremonyctl genesis sign FILE")
        }
    }

    /// `genesis sign FILE`: a founder's signature.
    struct Sign: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show the founding document and sign it with every key of yours that is here."
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var signing: SigningOptions

        @Argument(help: "The founding document.")
        var file: String

        func perform(_ output: Output) throws(ClientError) {
            let document = try KnownDocument(try Files.read(file))
            guard case .genesis(let genesis) = document.content,
                let lines = document.fingerprints
            else {
                throw ClientError(
                    .malformed, "not-genesis",
                    "\(file) is no founding document, but a \(document.title).",
                    meaning: "Nothing was signed and no PIN was asked for.",
                    next: "`ceremonyctl sign` signs the other documents.")
            }
            try SignatureFiles.make(
                for: document, beside: file, by: Signatories(naming: lines), with: .all, signing,
                output)
            GenesisVerb.tellMissing(genesis, beside: file)
        }
    }

    /// Says which signatures are not there yet: every key of every member has to sign.
    private static func tellMissing(_ genesis: Genesis, beside file: String) {
        let missing = genesis.members.flatMap { member in
            member.keys.indices.compactMap { index in
                let name = SigningIdentity.fileName(member.name, index + 1)
                return Files.exists("\(file).\(name).sig") ? nil : name
            }
        }
        Talk.say(
            missing.isEmpty
                ? "Every key of every member has signed: `ceremonyd init` can be run."
                : "Not yet here: the signatures of \(missing.joined(separator: ", ")).")
    }
}
