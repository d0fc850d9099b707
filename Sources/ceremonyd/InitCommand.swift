// `ceremonyd init`: founds the log from a genesis document that every founder has signed with every
// key. It happens once; whoever does it types the origin, so that it is not done by accident.

import ArgumentParser
import CeremonyDaemon
import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyStore
import CeremonyTerminal

/// `ceremonyd init`.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Found the log from a genesis document and its signatures.",
        discussion: """
            The signatures stand beside the document: FILE.NAME.sig, and FILE.NAME+2.sig and so on \
            for further keys of a person.
            """)

    @OptionGroup var file: ConfigurationOption
    @OptionGroup var pin: PINOptions

    @Option(help: ArgumentHelp("The genesis document.", valueName: "file"))
    var genesis: String

    @Option(help: ArgumentHelp("The log's origin, in place of typing it.", valueName: "origin"))
    var origin: String?

    @Option(
        help: ArgumentHelp(
            "The evidence of the log that this one goes on from: a folder that `export` wrote.",
            valueName: "folder"))
    var continues: String?

    @Flag(help: "Found a production log although nobody may be missing for some ceremony.")
    var acceptNoSpare = false

    mutating func run() async throws {
        try await Ending.told(meaning: "The log was not founded; nothing was recorded.") {
            let configuration = try self.file.read()
            let bytes = try Files.read(genesis)
            let document: Genesis
            do { document = try Genesis(bytes: bytes) } catch {
                throw ClientError(
                    .malformed, "malformed", "\(genesis) is no genesis document: \(error).",
                    meaning: "The log was not founded.",
                    next: "Draft it: ceremonyctl genesis draft.")
            }
            let earlier = try continues.map { folder throws(ClientError) in
                try EarlierLogFiles.read(folder)
            }
            try checkOutlook(document)
            try confirm(document, digest: Digest(of: bytes))
            let signatures = try GenesisSignatureFiles.read(beside: genesis, for: document)
            let directory = try StateDirectory(configuration.stateDirectory)
            let ledger = try SQLiteLedger(createIn: directory)
            try directory.keep(earlier ?? [])
            let founded = try await LogTokenAccess(configuration).run(pin) { vault in
                try await Founding.found(
                    genesis: bytes, signatures: signatures, after: earlier ?? [], in: ledger,
                    logVault: vault, clock: SystemClock())
            }
            withExtendedLifetime(directory) {}
            let log = founded.state.log
            Output(json: false).text(["founded: \(log.origin)", "genesis: \(log.genesis)"])
            if let why = founded.withoutGuard {
                Talk.say(
                    Screen.paragraph(
                        "The log token does not keep the head of the log. \(why) It would not tell "
                            + "an older copy of the state directory from the newest: keep "
                            + "checkpoints in other hands, and start the daemon with them "
                            + "(ceremonyd run --seen FILE).", after: "", columns: Talk.columns))
            }
            Talk.say(
                "Keep the genesis digest outside this machine: an auditor needs it and nothing else."
            )
        }
    }

    /// Says for each kind who is indispensable; production founds nothing without a spare unawares.
    private func checkOutlook(_ document: Genesis) throws {
        let outlook = try document.foundingRoster().outlook()
        for kind in outlook { Talk.say(kind.text) }
        let short = outlook.filter { !$0.hasSpare }
        guard document.mode == .production, !short.isEmpty, !acceptNoSpare else { return }
        throw ClientError(
            .refused, "no-spare",
            "With these people nobody may be missing for: "
                + "\(short.map(\.kind).joined(separator: ", ")).",
            meaning: "The log was not founded.",
            next: "Enrol one more person, or say --accept-no-spare if that is meant.")
    }

    private func confirm(_ document: Genesis, digest: Digest) throws {
        Talk.say("log: \(document.log) (\(document.mode.rawValue))")
        if let old = document.continues {
            Talk.say("goes on from: \(old.origin), \(old.size) events, root \(old.root)")
        }
        let now = Timestamp.now
        Talk.say(
            "now: \(now) by this machine's clock, \(abs(now - document.created)) s "
                + "\(now < document.created ? "BEFORE" : "after") the document was drafted")
        Talk.say("genesis: \(digest)")
        for row in PGPWords.rows(PGPWords.words(of: digest.bytes)) { Talk.say("  " + row) }
        let typed: String
        if let origin {
            typed = origin
        } else {
            let terminal = try Terminal()
            terminal.write("If the clock is right, type the origin of the log to found it: ")
            typed = String(decoding: try terminal.readLine(), as: UTF8.self)
        }
        guard typed.utf8.elementsEqual(document.log.utf8) else {
            throw ClientError(
                .refused, "not-confirmed", "What was typed is not the origin of this document.",
                meaning: "The log was not founded.", next: "Type \(document.log).")
        }
    }
}
