// Where the client begins and ends: harden the process before anything secret can be in it, read
// the command line, run one verb, and turn whatever came of it into words and an exit status.

import ArgumentParser
import CPlatform
import CeremonyRecord
import CeremonyTerminal
import Glibc

@main
enum Main {
    static func main() {
        // Core files and crash reports could show a PIN; without this nothing is asked for.
        guard ceremony_harden_process() == 0 else {
            Talk.say("ceremonyctl: the system refuses to protect this process: \(systemError())")
            exit(ExitStatus.configuration.rawValue)
        }
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    /// Runs one command line and tells its outcome.
    static func run(_ arguments: [String]) -> ExitStatus {
        do {
            var command = try CeremonyCtl.parseAsRoot(arguments)
            try command.run()
            return .done
        } catch let ended as Ended {
            return ended.status
        } catch let error as ClientError {
            Output(json: wantsJSON(arguments)).fail(error)
            return error.status
        } catch {
            return tellParser(error, json: wantsJSON(arguments))
        }
    }

    /// Help and version are results; every other word of the parser is a usage error.
    private static func tellParser(_ error: any Error, json: Bool) -> ExitStatus {
        let message = CeremonyCtl.fullMessage(for: error)
        guard CeremonyCtl.exitCode(for: error) != .success else {
            Output(json: false).text([message])
            return .done
        }
        Output(json: json).fail(
            .usage(sentence(CeremonyCtl.message(for: error)), next: next(message)))
        return .usage
    }

    /// The parser's words on one line, with a full stop.
    private static func sentence(_ text: String) -> String {
        let line = oneLine(text.utf8)
        guard let last = line.utf8.last, !".?!".utf8.contains(last) else { return line }
        return line + "."
    }

    /// How the verb is used, where the parser says it.
    private static func next(_ message: String) -> String {
        let heading = "Usage: "
        let lines = message.utf8.split(separator: UInt8(ascii: "\n"))
        guard let usage = lines.first(where: { $0.starts(with: heading.utf8) }) else {
            return "See `ceremonyctl --help`."
        }
        // The verb's name is what stands before the first option or argument.
        let words = usage.dropFirst(heading.utf8.count).split(separator: UInt8(ascii: " "))
        let verb = words.prefix { (0x61...0x7a).contains($0.first ?? 0) }.map(oneLine)
        return "It is used as `\(oneLine(words.joined(separator: " ".utf8)))`; see also `"
            + verb.joined(separator: " ") + " --help`."
    }

    private static func oneLine(_ text: some Sequence<UInt8>) -> String {
        String(
            decoding: text.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }

    /// Errors of the parser come before its options are known.
    private static func wantsJSON(_ arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains("--json")
    }
}
