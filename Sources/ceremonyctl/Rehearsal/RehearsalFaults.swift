// What goes wrong in a rehearsal because somebody wants to practise it: a person says no, a token
// is not there, the daemon dies. Each happens to the participants' side or to the process; nothing
// here touches the log.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// The faults of a rehearsal.
struct RehearsalFaults: Sendable {
    /// Those who say no to whatever is asked of them.
    var declining: [String] = []
    /// Those whose token is not there.
    var losing: [String] = []
    /// The verbs before which the daemon dies, once each.
    var crashing: [String] = []

    /// Whether nothing is to go wrong.
    var areNone: Bool { declining.isEmpty && losing.isEmpty && crashing.isEmpty }

    /// Refuses what names nobody and nothing.
    ///
    /// - Throws: `usage` (64).
    func check(among names: [String]) throws(ClientError) {
        for name in declining + losing
        where !names.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
            throw .usage(
                "Nobody in this rehearsal is called \(Display.neutralised(name)).",
                next: "There are \(Phrase.list(names)); --people N makes them more.")
        }
        let verbs = ["witness", "accept", "execute", "answer", "attest"]
        for verb in crashing where !verbs.contains(verb) {
            throw .usage(
                "\(Display.neutralised(verb)) is no act before which the daemon could be killed.",
                next: "Those are: \(Phrase.list(verbs)).")
        }
    }
}

/// The same as options.
struct RehearsalFaultOptions: ParsableArguments {
    @Option(
        name: .customLong("declines"),
        help: ArgumentHelp(
            "This person says no to whatever the ceremony asks of them; may be repeated.",
            valueName: "name"))
    var declining: [String] = []

    @Option(
        name: .customLong("loses"),
        help: ArgumentHelp(
            "This person's token is taken away before they are asked for anything; may be "
                + "repeated.", valueName: "name"))
    var losing: [String] = []

    @Option(
        name: .customLong("crash"),
        help: ArgumentHelp(
            "The daemon is killed right before somebody does this for the first time (witness, "
                + "accept, execute, answer, attest), and started again; may be repeated.",
            valueName: "verb"))
    var crashing: [String] = []

    /// The faults that were asked for.
    var faults: RehearsalFaults {
        RehearsalFaults(declining: declining, losing: losing, crashing: crashing)
    }
}
