// What happens next. Most of the time somebody does what waits for them; the rest is what a house
// has to expect: second thoughts, mistakes, malice, a clock, a disk and tokens.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules

/// A sort of thing that happens.
private enum Choice {
    case duty, open, replay, forge, decline, cancel, halt, note, chores, time, clock, arm, crash,
        stop, lock, pull, lose, knock
}

extension World {
    private static let choices: [(Int, Choice)] = [
        (760, .duty), (180, .open), (30, .replay), (60, .forge), (14, .decline), (12, .cancel),
        (4, .halt), (10, .note), (40, .chores), (18, .time), (5, .clock), (30, .arm), (10, .crash),
        (4, .stop), (6, .lock), (8, .pull), (6, .lose), (10, .knock),
    ]

    /// One thing happens.
    func takeAction() {
        guard let engine else {
            if chance.permille(80) { startOnOldCopy() }
            if chance.permille(930) { start() } else { clock.pass(chance.number(1...4000)) }
            return
        }
        if engine.snapshot.isSealed, chance.permille(850) { return open(engine) }
        if chance.permille(250) { runTimers() }
        guard life?.engine != nil, let choice = chance.weighted(World.choices) else { return }
        switch choice {
        case .duty:
            guard chance.permille(150) else { return doDuty(engine) }
            together { for _ in 0..<chance.number(2...5) { doDuty(engine) } }
        case .open: openCeremony(engine)
        case .replay: if let paper = chance.pick(papers) { hand(in: paper) }
        case .forge: forge(engine)
        case .decline: decline(engine)
        case .cancel: cancel(engine)
        case .halt: halt(engine)
        case .note: writeNote(engine)
        case .chores: doChores()
        case .time: passTime()
        case .clock: setClock()
        case .arm: arm()
        case .crash: end("it is killed")
        case .stop: stop()
        case .lock: lock()
        case .pull: pull()
        case .lose: lose(engine)
        case .knock: knock(engine)
        }
    }

    // MARK: The daemon's keepers

    /// Somebody opens a sealed log.
    private func open(_ engine: Engine) {
        let house = tokens[0]
        if !house.isIn {
            note("house is put in")
            return house.putIn()
        }
        if house.tries == 0 {
            note("house gets its tries back")
            return house.giveTries()
        }
        // A clock that is wrong is set right, mostly; and whoever unlocks reads its date.
        if clock.error != 0, chance.permille(800) { setClockRight() }
        let isDated = engine.clockReport.standing.wantsDate ? chance.permille(900) : false
        unlock(house.name, isDated: isDated, isRight: chance.permille(970))
    }

    func unlock(_ name: String, isDated: Bool, isRight: Bool = true) {
        let date = isDated ? date : nil
        guard let pin = try? World.pin(isRight ? SimulatedToken.pin : "wrong-0000") else { return }
        audit.unlocks += 1
        ask("somebody unlocks \(name)" + (isRight ? "" : " with a wrong PIN")) {
            engine throws(EngineError) in
            try await engine.unlock(name, pin: pin, clock: date)
            return nil
        }
    }

    /// What a calendar on the wall says, or the machine's clock.
    private var date: String { String("\(clock.now)".prefix(10)) }

    private func setClockRight() {
        note("the clock is set right, by \(-clock.error) s")
        clock.set(error: 0)
    }

    private func setClock() {
        let error = chance.pick([-4, -100, 250, 400, 2000, -2000, 40_000, -40_000, 3_000_000]) ?? 0
        note("the clock is set wrong, by \(error) s")
        clock.set(error: error)
    }

    func confirmClock() {
        if clock.error != 0, chance.permille(900) { setClockRight() }
        let date = date
        ask("somebody confirms the date") { engine throws(EngineError) in
            try await engine.confirmClock(date)
            return nil
        }
    }

    private func passTime() {
        let seconds = chance.pick([60, 120, 300, 600, 900, 3600, 3600, 90_000, 700_000, 2_600_000])
        note("\(seconds ?? 0) s pass")
        clock.pass(seconds ?? 0)
    }

    /// What the daemon does by itself every half minute.
    private func runTimers() {
        ask("the timers run") { engine in
            await engine.tick()
            await engine.checkTokens()
            return nil
        }
    }

    private func doChores() {
        if chance.permille(500) {
            runTimers()
        } else if let chore = chance.pick(Engine.Chore.allCases) {
            ask("the timer of \(chore.rawValue) runs") { engine throws(EngineError) in
                try await engine.perform(chore)
                return nil
            }
        }
    }

    private func arm() {
        switch chance.number(0...9) {
        case 0...4:
            let after = chance.number(0...40)
            note("the process will die at the \(after). place from here")
            faults.deathIn = after
        case 5...7:
            let fault = chance.pick(
                Faults.Token.allCases.filter { $0 != .answersWrongly || chance.permille(200) })
            guard let fault else { return }
            let after = chance.number(0...12)
            note("the \(after). call to a token from here \(fault)")
            faults.token = (after, fault)
        default:
            guard let fault = chance.pick(Faults.Disk.allCases) else { return }
            let after = chance.number(0...2)
            note("the \(after). write from here: the disk \(fault)")
            faults.disk = (after, fault)
        }
    }

    private func stop() {
        ask("the daemon is stopped") { engine in
            await engine.close()
            return nil
        }
        // One that waits for a token that hangs is killed in the end.
        if life != nil { end("it has stopped") }
    }

    private func lock() {
        guard let token = chance.pick(tokens) else { return }
        let name = token.name
        ask("somebody locks \(name)") { engine throws(EngineError) in
            try await engine.lock(name)
            return nil
        }
    }

    private func pull() {
        guard let token = chance.pick(tokens) else { return }
        note("\(token.name) is pulled out")
        token.pull()
        if chance.permille(500) {
            ask("the timer looks at the tokens") { engine in
                await engine.checkTokens()
                return nil
            }
        }
    }

    /// Somebody's key is lost with their token, or a key of the daemon's.
    private func lose(_ engine: Engine) {
        if chance.permille(700), !people.memberKeys.isEmpty {
            let place = chance.number(0...people.memberKeys.count - 1)
            people.memberKeys[place].isLost = true
            return note("\(people.memberKeys[place].owner) loses a key")
        }
        let made = tokens[1].objects.filter { $0.objectClass == "private-key" }
        guard let object = chance.pick(made) else { return }
        note("annex loses \(String(decoding: object.label, as: UTF8.self))")
        tokens[1].lose(object.id)
    }

    private func knock(_ engine: Engine) {
        audit.knocks += 1
        engine.noteRefusal(
            AccessRefused(
                uid: 1000, gid: 1000, pid: 42, method: "Unlock", code: "not-permitted",
                claimed: nil, ceremony: nil, digest: nil, count: 1))
    }
}
