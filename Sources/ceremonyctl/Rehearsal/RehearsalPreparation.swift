// What has to be there before a ceremony can be rehearsed: brought about in the same house by real
// ceremonies, orders and commands, and said so. Nothing of it goes wrong on purpose.

import CeremonyRecord
import CeremonyTerminal

/// Prepares a house for what is rehearsed in it.
struct RehearsalPreparation {
    let plan: RehearsalPlan
    let house: RehearsalHouse
    private(set) var minutes: RehearsalMinutes

    init(_ plan: RehearsalPlan, _ house: RehearsalHouse, _ minutes: RehearsalMinutes) {
        self.plan = plan
        self.house = house
        self.minutes = minutes
    }

    /// Does it.
    ///
    /// - Returns: what the start needs of it: the fingerprint of the key that was made, or the new
    ///   log key.
    /// - Throws: `rehearsal-trouble` (1) where it does not come about.
    mutating func make() throws(ClientError) -> String? {
        guard let first = plan.first else { return nil }
        let people = Phrase.list(plan.members)
        switch first {
        case .key:
            minutes.say("\(plan.kind) needs a key: a ceremony gives \(plan.subject) one first.")
            return try ceremony(plan.founding)
        case .authority:
            minutes.say(
                "This changes an authority: a ceremony makes \(plan.subject) first, of \(people).")
            return try ceremony(plan.founding)
        case .halt:
            let keeper = house.people[0]
            minutes.say("\(plan.kind) needs a halt: \(keeper.name) raises one first.")
            try act(of: keeper, ["halt", "--reason", "a rehearsal"])
            return nil
        case .logKey:
            minutes.say("\(plan.kind) needs a new log key: it is made in the token annex first.")
            let key = try house.makeLogKey(in: RehearsalHouse.annex)
            let said = try house.unlock(RehearsalHouse.annex)
            minutes.add(house.operator.name, "unlocks the annex token", said)
            return key.vkey
        }
    }

    private mutating func act(of person: RehearsalPerson, _ words: [String]) throws(ClientError) {
        let said = try RehearsalPlayer(person: person, genesis: house.genesis).acts(words)
        minutes.add(person.name, RehearsalMinutes.doing(words[0]), said)
        guard said.isDone else { throw .rehearsal("There is no \(words[0]). " + said.trouble) }
    }

    /// Carries a ceremony; gives back the fingerprint of the key that came out, where one did.
    private mutating func ceremony(_ start: [String]) throws(ClientError) -> String? {
        var ceremony = RehearsedCeremony(in: house, faults: RehearsalFaults(), minutes)
        let id = try ceremony.carry(start, by: house.operator)
        minutes = ceremony.minutes
        let shown = try house.observer.client(["show", id, "--genesis", house.genesis, "--json"])
        let report = try CeremonyReport(shown)
        guard report.state == .completed else {
            throw .rehearsal("\(id) was not completed: it is \(report.state.rawValue).")
        }
        return report.key.map { "\($0)" }
    }
}
