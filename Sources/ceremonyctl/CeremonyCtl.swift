// The root of the command line: the verbs in the order in which a custodian meets them, and the
// protocol that every verb follows.

import ArgumentParser
import CeremonyTerminal

/// `ceremonyctl [--socket PATH] [--json] VERB`.
struct CeremonyCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ceremonyctl",
        abstract: "Take part in key ceremonies, and check what came of them.",
        discussion: """
            Standard output is the result, standard error is the talk. No verb signs anything \
            before it has shown what it signs and has been told yes.
            """,
        subcommands: [
            StatusVerb.self, NextVerb.self, DueVerb.self, TokensVerb.self, IdentityVerb.self,
            GenesisVerb.self, UnlockVerb.self, UnsealVerb.self, LockVerb.self, KindsVerb.self,
            StartVerb.self,
            ShowVerb.self, ListVerb.self, WatchVerb.self, WitnessVerb.self, InviteVerb.self,
            AcceptVerb.self, DeclineVerb.self, ExecuteVerb.self, AnswerVerb.self, AttestVerb.self,
            ConfirmVerb.self,
            CancelVerb.self,
            RecoverVerb.self, TidyVerb.self, AuthorityVerb.self, HaltVerb.self, NoteVerb.self,
            KeysVerb.self,
            KeyVerb.self,
            RosterVerb.self, PolicyVerb.self, LogVerb.self, ExportVerb.self, VerifyVerb.self,
            ProvaraVerb.self, SignVerb.self, SubmitVerb.self, CallVerb.self, RehearseVerb.self,
        ])

    @OptionGroup var global: GlobalOptions
}

/// One verb of the client.
protocol Verb: ParsableCommand {
    /// What stands before or after the verb alike.
    var global: GlobalOptions { get }
    /// Does it. Results go to `output`, talk to ``Talk``.
    func perform(_ output: Output) throws(ClientError)
}

extension Verb {
    /// What the argument parser calls.
    func run() throws {
        try perform(Output(json: global.json))
    }
}

/// A verb has told its result, and ends otherwise than done.
struct Ended: Error {
    let status: ExitStatus
}
