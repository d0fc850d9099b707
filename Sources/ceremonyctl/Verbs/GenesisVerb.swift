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

    /// `genesis plan`: the template.
    struct Plan: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print a commented template of a plan.")

        @OptionGroup var global: GlobalOptions

        func perform(_ output: Output) throws(ClientError) {
            output.result(
                [GenesisPlan.template], .fields(["template": .string(GenesisPlan.template)]))
        }
    }

    /// `genesis draft PLAN`: the document.
    struct Draft: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write the founding document of a plan, and say who is left for each act.")

        @OptionGroup var global: GlobalOptions

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
                try GenesisPlan(try Files.read(plan)), now: .now,
                nonce: Hex.encode(randomBytes(16)), acceptNoSpare: acceptNoSpare)
            if let path = self.output { try Files.create(path, draft.genesis.bytes) }
            if output.json || self.output != nil {
                output.result(
                    [draft.genesis.digest.description], draft.json(path: self.output))
            } else {
                output.bytes(draft.genesis.bytes)
            }
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
