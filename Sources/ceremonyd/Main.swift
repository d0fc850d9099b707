// Where the daemon's program begins: harden the process before anything secret can be in it, read
// the command line, run one command, turn whatever came of it into words and an exit code.

import ArgumentParser
import CPlatform
import CeremonyTerminal
import Glibc
import Sodium

@main
enum Main {
    static func main() async {
        // Core files and crash reports could show a PIN; without this nothing runs.
        guard ceremony_harden_process() == 0, SecretBytes.canLockMemory else {
            Talk.say(
                "ceremonyd: the system gives this process no protected memory (\(systemError())). "
                    + "Raise the limit on locked memory (ulimit -l).")
            exit(ExitStatus.configuration.rawValue)
        }
        exit(await run().rawValue)
    }

    private static func run() async -> ExitStatus {
        do {
            var command = try CeremonyDaemonCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .done
        } catch let error as ClientError {
            Output(json: false).fail(error)
            return error.status
        } catch  where CeremonyDaemonCommand.exitCode(for: error) == .success {
            Output(json: false).text([CeremonyDaemonCommand.fullMessage(for: error)])
            return .done
        } catch {
            Talk.say(CeremonyDaemonCommand.fullMessage(for: error))
            return .usage
        }
    }
}

/// The daemon's commands.
struct CeremonyDaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ceremonyd",
        abstract: "Key ceremonies on hardware tokens: the daemon.",
        discussion: """
            A log begins with its key (log-key) and its founding (init); then the daemon runs \
            (run) and people talk to it with ceremonyctl.
            """,
        version: Build.version,
        subcommands: [
            LogKeyCommand.self, InitCommand.self, RunCommand.self, ImportCommand.self,
            CheckConfigCommand.self,
        ])
}
