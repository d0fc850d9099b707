// What waits for somebody: the honest next step of everybody in the house, each with a weight.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules

/// Something that somebody could do now, and how much it is on their mind.
private typealias Duty = (weight: Int, act: () -> Void)

extension World {
    /// Somebody does what waits for somebody.
    func doDuty(_ engine: Engine) {
        let state = engine.snapshot.state
        var duties = state.live.compactMap(state.ceremony).flatMap { ceremony in
            self.duties(in: ceremony, state, engine)
        }
        duties += self.duties(afterwardsIn: state)
        if state.isHalted { duties.append((10, { self.openClearing(engine) })) }
        if engine.clockReport.doubt != nil { duties.append((10, confirmClock)) }
        if let life, life.hangCount > 0 { duties.append((6, { self.answerHanging(life) })) }
        for token in tokens {
            if token.isIn {
                duties.append((1, { self.unlock(token.name, isDated: false) }))
            } else {
                duties.append((12, { self.putIn(token) }))
            }
        }
        if duties.count < 3 { duties.append((6, { self.openCeremony(engine) })) }
        chance.weighted(duties.map { ($0.weight, $0.act) })?()
    }

    private func answerHanging(_ life: Life) {
        note("the token that hangs answers")
        life.answerAll()
    }

    private func putIn(_ token: SimulatedToken) {
        note("\(token.name) is put in")
        token.putIn()
    }

    /// What is still to be done when a ceremony has ended.
    private func duties(afterwardsIn state: State) -> [Duty] {
        var duties: [Duty] = []
        for ceremony in state.unattested.compactMap(state.ceremony) {
            for name in ceremony.attestations.waiting {
                duties.append((3, { self.attest(ceremony, as: name) }))
            }
        }
        for ceremony in state.unrecovered.filter({ $0.recovery == nil }).prefix(3) {
            duties.append((2, { self.recover(ceremony, in: state) }))
        }
        for left in state.leftKeys.prefix(3) {
            duties.append((1, { self.tidy(left, in: state) }))
        }
        return duties
    }

    private func duties(in ceremony: Ceremony, _ state: State, _ engine: Engine) -> [Duty] {
        var duties: [Duty] = []
        let isOpen = ceremony.state == .pending
        if isOpen, !ceremony.approvals.isComplete {
            for name in ceremony.approvals.waiting {
                duties.append((3, { self.approve(ceremony, as: name) }))
            }
        }
        for set in ceremony.acceptances where isOpen && !set.isComplete {
            for line in set.waiting {
                duties.append((4, { self.accept(ceremony, set, as: line) }))
            }
        }
        if ceremony.state == .approved {
            duties.append((9, { self.execute(ceremony, in: state) }))
        }
        for question in engine.questions(of: ceremony.id) {
            duties.append((9, { self.answer(question, of: ceremony.id) }))
        }
        return duties
    }
}
