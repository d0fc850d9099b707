// One ceremony of a rehearsal, from its start until nothing more is awaited. What is to be done
// next and by whom is asked of the daemon before every act (`RehearsalTask`); what came of it is
// not said here (`RehearsalEvidence`).

import CeremonyRecord
import CeremonyTerminal

/// Carries one ceremony.
struct RehearsedCeremony {
    let house: RehearsalHouse
    let faults: RehearsalFaults
    var minutes: RehearsalMinutes

    private var id = ""
    /// What was tried, and is not tried again.
    private var tried: Set<RehearsalTask> = []
    /// How often the same command went well: several parts of one person can be called the same.
    private var repeats: [RehearsalTask: Int] = [:]
    private static let repeatsMax = 8
    private var crashed: Set<String> = []
    private var lost: Set<String> = []
    /// The order that is being carried out, and whose it is.
    private var order: (task: RehearsalTask, process: ChildProcess)?

    init(in house: RehearsalHouse, faults: RehearsalFaults, _ minutes: RehearsalMinutes) {
        self.house = house
        self.faults = faults
        self.minutes = minutes
    }

    /// Starts it and does what is awaited, until nothing is.
    ///
    /// - Returns: its identifier.
    /// - Throws: `rehearsal-trouble` (1) where it cannot even be started; `stopped` (1).
    mutating func carry(_ start: [String], by starter: RehearsalPerson) throws(ClientError)
        -> String
    {
        let said = try RehearsalPlayer(person: starter, genesis: house.genesis).acts(start)
        minutes.add(starter.name, "starts " + start[1], said)
        guard said.isDone else {
            throw .rehearsal(
                "\(starter.name) could not start it. \(said.trouble)",
                next: "What a ceremony of this kind takes is told by: ceremonyctl kinds.")
        }
        let opened = try said.json()
        id = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(opened)
            return try fields.string("ceremony")
        }
        defer { order?.process.end(9) }
        while let task = try next() { try play(task) }
        if try isOpen() { try cancel(by: starter) }
        return id
    }

    /// The next thing that is awaited and was not tried; waits while an order is carried out.
    private mutating func next() throws(ClientError) -> RehearsalTask? {
        while true {
            if let order, !order.process.isRunning {
                try told(order.task, order.process.said())
                self.order = nil
            }
            let awaited = try RehearsalTask.all(in: house).first { task in
                (task.isUnlocking || task.isAbout(id)) && !tried.contains(task)
            }
            if let awaited { return awaited }
            guard order != nil else { return nil }
            try Interruption.pause(seconds: 0.1)
        }
    }

    private mutating func told(_ task: RehearsalTask, _ said: Said) throws(ClientError) {
        minutes.add(task.person, RehearsalMinutes.doing(task.verb), said)
    }

    private mutating func play(_ task: RehearsalTask) throws(ClientError) {
        if task.isUnlocking {
            tried.insert(task)
            for token in house.tokens {
                let said = try house.unlock(token)
                minutes.add(house.operator.name, "unlocks the \(token) token", said)
            }
            return
        }
        if try befall(task) { return }
        tried.insert(task)
        guard
            let person = house.people.first(where: { $0.name.utf8.elementsEqual(task.person.utf8) })
        else {
            return minutes.befalls(
                "\(task.person) is asked (ceremonyctl \(task.words.joined(separator: " "))), and is "
                    + "nobody in this house")
        }
        let player = RehearsalPlayer(person: person, genesis: house.genesis)
        if faults.declining.contains(person.name) {
            let words = RehearsalPlayer.declining(task)
            return minutes.add(
                person.name, RehearsalMinutes.doing(words[0]), try player.acts(words))
        }
        switch task.verb {
        case "answer": try told(task, player.answers(task.words))
        case "execute":
            minutes.say("\(person.name) orders the execution.")
            switch try player.begins(task.words) {
            case .running(let process): order = (task, process)
            case .ended(let said): try told(task, said)
            }
        case "recover", "start":
            minutes.befalls(
                "left to \(task.person): ceremonyctl \(task.words.joined(separator: " "))")
        default:
            let said = try player.acts(task.words)
            repeats[task, default: 0] += 1
            if said.isDone, repeats[task, default: 0] < Self.repeatsMax { tried.remove(task) }
            try told(task, said)
        }
    }

    /// What goes wrong before an act; whether the daemon is another one now.
    private mutating func befall(_ task: RehearsalTask) throws(ClientError) -> Bool {
        for name in faults.losing where lost.insert(name).inserted {
            try house.person(name).losesToken()
            minutes.befalls("the token of \(name) is not there")
        }
        guard faults.crashing.contains(task.verb), crashed.insert(task.verb).inserted else {
            return false
        }
        house.killDaemon()
        minutes.befalls("the daemon is killed, and started again")
        try house.start()
        tried = tried.filter { !$0.isUnlocking }
        return true
    }

    // MARK: Coming to an end

    /// Whether the ceremony waits for somebody who cannot go on, on the daemon's word.
    private func isOpen() throws(ClientError) -> Bool {
        let shown = try house.observer.client(["show", id, "--genesis", house.genesis, "--json"])
        let state = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(shown)
            return try fields.text("state") { CeremonyState(rawValue: $0) }
        }
        return state == .pending || state == .approved
    }

    /// Nobody is left who could go on: whoever started it calls it off.
    private mutating func cancel(by starter: RehearsalPerson) throws(ClientError) {
        let said = try RehearsalPlayer(person: starter, genesis: house.genesis).acts(
            ["cancel", id, "--reason", "nobody is left who could go on"])
        minutes.add(starter.name, "cancels, because nobody is left who could go on", said)
    }

    /// The faults that never came to it.
    var unused: [String] { faults.crashing.filter { !crashed.contains($0) } }
}
