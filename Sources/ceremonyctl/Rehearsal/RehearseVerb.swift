// `rehearse`: a ceremony of a kind, in a house that is founded for it and torn down afterwards,
// with the daemon, the clients and the rules as they are, each person a process of their own. What
// is shown at the end is what the signed log says once it was verified.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// `rehearse KIND [SUBJECT]`.
struct RehearseVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Rehearse a kind of ceremony with software tokens, in a log that is thrown away.",
        discussion: """
            Founds a log whose origin ends in /rehearsal, with a daemon, four people or more and \
            a software token for each, and carries a ceremony of that kind from its start to its \
            end: every act is a run of this client, one line each. What the kind needs first (a \
            key, an authority, a halt) comes about the same way. At the end the evidence is \
            exported and verified, and shown is what the log says.

            With --hands-on nobody is played: everybody is told how to make a terminal theirs, \
            and the house stays until Ctrl-C.

            Whatever stands behind -- goes to `start` as it is: rehearse set-roster -- --remove \
            erin. Ends with 0 where the ceremony was completed, 81 where it ended otherwise, as \
            one that is declined does, and 75 where its key waits for attestations.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var faultOptions: RehearsalFaultOptions

    @Argument(help: "The kind of ceremony; `ceremonyctl kinds` lists them.")
    var kind: String

    @Argument(help: "What it is done to; left out, something that fits.")
    var subject: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A parameter of the kind; may be repeated.", valueName: "field=value"))
    var parameters: [String] = []

    @Option(
        help: ArgumentHelp("How many people there are, 4 to 10.", valueName: "n"))
    var people = 5

    @Option(
        help: ArgumentHelp(
            "Leave everything in this directory, which must not be there yet.",
            valueName: "directory"))
    var keep: String?

    @Option(
        help: ArgumentHelp("SoftHSM's module, where it is not found.", valueName: "path"))
    var module: String?

    @Flag(help: "Play nobody: everybody plays themselves, at a terminal of their own.")
    var handsOn = false

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("Further options of `start`.", valueName: "option"))
    var further: [String] = []

    mutating func validate() throws {
        guard RehearsalHouse.peopleRange.contains(people) else {
            throw ValidationError("--people is a number from 4 to 10.")
        }
        guard global.socket.utf8.elementsEqual(GlobalOptions.defaultSocket.utf8) else {
            throw ValidationError("A rehearsal has a daemon of its own: leave --socket out.")
        }
        if handsOn, !faultOptions.faults.areNone || global.json {
            throw ValidationError(
                "With --hands-on people do what they want: leave --declines, --loses, --crash and "
                    + "--json out.")
        }
    }

    /// What the parser calls; the outcome is told already where it is not the one that was wanted.
    func run() throws {
        let status = try rehearse(Output(json: global.json))
        if status != .done { throw Ended(status: status) }
    }

    func perform(_ output: Output) throws(ClientError) { _ = try rehearse(output) }

    private func rehearse(_ output: Output) throws(ClientError) -> ExitStatus {
        Interruption.hold()
        let names = RehearsalHouse.names(people)
        let plan = try RehearsalPlan(
            kind, subject: subject, parameters: parameters, options: further, among: names)
        let faults = faultOptions.faults
        try faults.check(among: names)
        let programs = try RehearsalPrograms(module: module)
        let place = try RehearsalPlace(kept: keep, programs)
        let house = RehearsalHouse(at: place, people: people, annex: plan.first == .logKey)
        defer { house.end() }
        var minutes = RehearsalMinutes(output)
        minutes.say(
            "A rehearsal log with \(Phrase.list(house.people.map(\.name))), in \(place.directory)")
        try house.found()
        if handsOn || place.isKept { try RehearsalTerminals(house: house).furnish() }
        try house.start()
        let unlocked = try house.unlock("house")
        minutes.add(house.operator.name, "unlocks the house token", unlocked)
        guard unlocked.isDone else {
            throw .rehearsal("The daemon's token was not unlocked. " + unlocked.trouble)
        }
        var preparation = RehearsalPreparation(plan, house, minutes)
        let start = plan.start(with: try preparation.make())
        minutes = preparation.minutes
        if handsOn {
            try handOver(plan, start, house, output)
            return .done
        }
        minutes.say("Now it is rehearsed: \(plan.kind) of \(plan.subject)")
        var ceremony = RehearsedCeremony(in: house, faults: faults, minutes)
        let id = try ceremony.carry(start, by: try starter(of: plan, house))
        for verb in ceremony.unused {
            ceremony.minutes.befalls("nobody had to \(verb), so the daemon was not killed then")
        }
        let evidence = try RehearsalEvidence(of: house)
        output.page(
            ["", "What the signed log says:"] + evidence.outcome(of: id).map { "  " + $0 }
                + evidence.proof + kept(place), evidence.json(of: id, ceremony.minutes.acts))
        return evidence.status(of: id)
    }

    /// Who starts it: whoever the log awaits it of, else the operator.
    private func starter(of plan: RehearsalPlan, _ house: RehearsalHouse) throws(ClientError)
        -> RehearsalPerson
    {
        let awaited = try RehearsalTask.all(in: house).first { task in
            task.words.starts(with: ["start", plan.kind])
        }
        return try awaited.map { task throws(ClientError) in try house.person(task.person) }
            ?? house.operator
    }

    /// Leaves the house to its people until somebody ends it.
    private func handOver(
        _ plan: RehearsalPlan, _ start: [String], _ house: RehearsalHouse, _ output: Output
    ) throws(ClientError) {
        let terminals = RehearsalTerminals(house: house)
        let starter = try starter(of: plan, house)
        output.page(
            ["", "Everybody opens a terminal and types their own line:"]
                + house.people.map { "  \(terminals.path(of: $0))" }
                + [
                    "Then \(starter.name) begins:",
                    "  ceremonyctl " + start.map(RehearseVerb.word).joined(separator: " "),
                    "Ctrl-C here ends the rehearsal: it is verified, and the daemon is stopped.",
                ], .null)
        Interruption.wait()
        let evidence = try RehearsalEvidence(of: house)
        output.page(
            ["", "What the signed log says:"] + evidence.all.map { "  " + $0 } + evidence.proof
                + kept(house.place), .null)
    }

    private func kept(_ place: RehearsalPlace) -> [String] {
        place.isKept
            ? [
                "Everything is in \(place.directory). To go on there:",
                "  SOFTHSM2_CONF=\(place.directory)/house/softhsm2.conf ceremonyd run --config "
                    + "\(place.directory)/ceremonyd.toml",
                "  \(place.directory)/dave/enter        and the same for everybody else",
            ] : []
    }

    /// A word as somebody types it.
    private static func word(_ text: String) -> String {
        text.utf8.contains(UInt8(ascii: " ")) ? "\"\(text)\"" : text
    }
}
