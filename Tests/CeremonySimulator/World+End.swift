// The end of a house: everything is put right, and then everything must be able to come to rest.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules

extension World {
    /// Puts everything right, lets a few days pass, and reads the whole log again.
    func finish() {
        note("the end: everything is put right")
        faults.clear()
        clock.set(error: 0)
        life?.answerAll()
        settle()
        for token in tokens {
            token.putIn()
            token.giveTries()
        }
        if life != nil { end("the end") }
        start()
        // A log that was dated by a clock ahead goes on when its time has come.
        if let last = audit.state?.head.time, last > clock.truth { clock.pass(last - clock.truth) }
        clock.pass(10)
        unlock("house", isDated: true)
        guard let engine, !engine.snapshot.isSealed else {
            return audit.report("the house cannot be opened at the end")
        }
        if let doubt = engine.clockReport.doubt {
            return audit.report("the clock is doubted at the end: \(doubt.detail)")
        }
        for _ in 0..<3 {
            clock.pass(200_000)
            ask("the timers run") { engine in
                await engine.tick()
                return nil
            }
        }
        look()
        let live = engine.snapshot.state.live
        if !live.isEmpty { audit.report("\(live) never end") }
        if !calls.isEmpty { audit.report("nobody answers: \(calls.map(\.what))") }
        if let doubt = engine.clockReport.doubt {
            audit.report("the clock is doubted after a rest: \(doubt.detail)")
        }
        ask("the daemon is stopped") { engine in
            await engine.close()
            return nil
        }
        if life != nil { end("the end") }
        audit.close(by: &chance)
        count()
    }

    private func count() {
        guard let state = audit.state else { return }
        counts.events = state.head.size
        counts.ceremonies = state.ceremonyCount
        for event in audit.events { counts.types[event.body.type, default: 0] += 1 }
        for ceremony in state.allCeremonies {
            counts.kinds[ceremony.kind, default: 0] += 1
            let end = ceremony.end?.reason ?? ceremony.state.rawValue
            counts.ends[end, default: 0] += 1
        }
    }
}
