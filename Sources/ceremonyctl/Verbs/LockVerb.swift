// `lock`: logs the daemon out of its tokens.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// `lock [TOKEN]`.
struct LockVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Log the daemon out of its tokens. Without the log token it is sealed.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The token; left out, all of them.")
    var token: String?

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        var parameters: [String: JSON] = [:]
        if let token {
            let wanted = try DaemonToken.named(token, among: try DaemonToken.list(log))
            parameters["token"] = .string(wanted.name)
        }
        _ = try log.call("Lock", parameters)
        let tokens = try DaemonToken.list(log)
        output.page(
            Phrase.table(tokens.map(\.row)),
            .fields(["tokens": .array(tokens.map(\.json)), "head": log.shown.json]))
    }
}
