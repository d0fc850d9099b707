// What people answer: to a statement, to their part in it, to a key that came out, to a question
// that an execution puts to them.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport

extension World {
    /// The key with which somebody who is listed answers.
    func key(of name: String, in set: ResponseSet) -> SoftwareKey? {
        chance.pick(set.invited.filter { $0.name == name }).flatMap { people.key($0.fingerprint) }
    }

    func approval(_ ceremony: Ceremony, as name: String) -> Paper? {
        key(of: name, in: ceremony.approvals).map {
            paper("\(name) approves \(ceremony.id)", ceremony.statement, by: $0, for: .approve)
        }
    }

    func approve(_ ceremony: Ceremony, as name: String) {
        if let paper = approval(ceremony, as: name) { hand(in: paper) }
    }

    func attest(_ ceremony: Ceremony, as name: String) {
        guard let record = ceremony.record, let key = key(of: name, in: ceremony.attestations)
        else { return }
        hand(in: paper("\(name) attests \(ceremony.id)", record, by: key, for: .attest))
    }

    /// Somebody's yes to their part; they make a key for it where one is wanted.
    func yes(_ ceremony: Ceremony, _ set: AcceptanceSet, as line: Signatory) -> Paper? {
        guard let identity = people.key(line.fingerprint) else { return nil }
        guard set.bringsKey else {
            return signed(acceptance(of: ceremony, set: set.name, as: line), by: identity)
        }
        let made = people.make(for: line.name, ceremony: ceremony.id)
        return signed(
            bringing(made.key, id: made.id, to: ceremony, set: set.name, as: line), by: identity,
            possession: made.key)
    }

    func accept(_ ceremony: Ceremony, _ set: AcceptanceSet, as line: Signatory) {
        if let paper = yes(ceremony, set, as: line) { hand(in: paper) }
    }

    /// A no, to a statement, to one's part or to a key.
    func decline(_ engine: Engine) {
        let state = engine.snapshot.state
        guard
            let ceremony = chance.pick((state.live + state.unattested).compactMap(state.ceremony))
        else { return }
        // While it is carried out everybody tries who was ever asked for anything.
        let parts = ceremony.acceptances.flatMap {
            ceremony.state == .executing ? $0.invited : $0.waiting
        }
        if chance.permille(500), let line = chance.pick(parts),
            let key = people.key(line.fingerprint)
        {
            hand(
                in: signed(
                    act(.decline, by: line, as: .participant, on: ceremony, in: state), by: key))
            return
        }
        guard let name = chance.pick(ceremony.approvals.names), let by = signatory(name),
            let key = people.key(by.fingerprint)
        else { return }
        hand(in: signed(act(.decline, by: by, as: .witness, on: ceremony, in: state), by: key))
    }

    func execute(_ ceremony: Ceremony, in state: State) {
        var by: (name: String, role: ActRole) = ("dave", .operator)
        if chance.permille(200) { by = (ceremony.statement.initiator.name, .initiator) }
        if chance.permille(200), let name = chance.pick(ceremony.approvals.names) {
            by = (name, .witness)
        }
        // What is worth most goes wrong most: a death or a fault in the middle of it.
        switch chance.number(0...19) {
        case 0...3: faults.deathIn = chance.number(0...30)
        case 4...6:
            faults.token = chance.pick(Faults.Token.allCases).map { (chance.number(0...14), $0) }
        case 7: faults.disk = chance.pick(Faults.Disk.allCases).map { (chance.number(0...2), $0) }
        default: break
        }
        order(.execute, by: by.name, as: by.role, on: ceremony, in: state)
    }

    /// An act by somebody with their first key.
    func order(
        _ name: ActName, by person: String, as role: ActRole, on ceremony: Ceremony? = nil,
        evidence: [Evidence] = [], in state: State
    ) {
        guard let by = signatory(person), let key = people.key(by.fingerprint) else { return }
        hand(
            in: signed(
                act(name, by: by, as: role, on: ceremony, evidence: evidence, in: state), by: key))
    }

    func cancel(_ engine: Engine) {
        let state = engine.snapshot.state
        guard let ceremony = chance.pick(state.live.compactMap(state.ceremony)) else { return }
        let who: [(String, ActRole)] = [
            ("dave", .operator), (ceremony.statement.initiator.name, .initiator),
            (chance.pick(ceremony.approvals.names) ?? "alice", .witness), ("erin", .operator),
        ]
        guard let (name, role) = chance.pick(who) else { return }
        order(.cancel, by: name, as: role, on: ceremony, in: state)
    }

    func halt(_ engine: Engine) {
        guard let name = chance.pick(["alice", "bob", "carol", "frank", "gina", "dave"]) else {
            return
        }
        order(.halt, by: name, as: .keeper, in: engine.snapshot.state)
    }

    func writeNote(_ engine: Engine) {
        let who: [(String, ActRole)] = [
            ("erin", .auditor), ("alice", .witness), ("dave", .operator),
        ]
        guard let (name, role) = chance.pick(who) else { return }
        let state = engine.snapshot.state
        let ceremony = chance.permille(500) ? chance.pick(state.allCeremonies) : nil
        order(.note, by: name, as: role, on: ceremony, in: state)
    }

    /// The operator orders what a failed execution left to be destroyed.
    func recover(_ ceremony: Ceremony, in state: State) {
        guard let object = ceremony.announced else { return }
        let isLost = chance.permille(150)
        order(
            .recover, by: "dave", as: .operator, on: ceremony,
            evidence: [object.keyEvidence] + (isLost ? [object.lossEvidence] : []), in: state)
    }

    /// Somebody takes a key away that came to nothing, and says so.
    func tidy(_ left: LeftKey, in state: State) {
        guard let ceremony = state.ceremony(named: left.ceremony),
            let identity = people.key(left.participant.fingerprint)
        else { return }
        var outcome: DestructionOutcome = chance.permille(800) ? .destroyed : .absent
        // A token that is lost is found again, perhaps.
        if !left.isTokenLost, chance.permille(200) { outcome = .unreachable }
        if outcome != .unreachable {
            people.memberKeys.removeAll { $0.key.publicKey == left.key.key }
        }
        hand(
            in: signed(
                act(
                    .tidy, by: left.participant, as: .participant, on: ceremony,
                    evidence: [left.evidence(outcome)], in: state), by: identity))
    }

    /// A member is asked to sign with the key that they brought.
    func answer(_ question: Question, of id: String) {
        var key = people.key(question.key.fingerprint)
        let isRight = chance.permille(920)
        if !isRight { key = people.someKey() }
        guard let key else { return note("\(question.person) has lost the key that is asked") }
        let signatures = question.messages.map { key.signature(over: $0.bytes) }
        let fingerprint = question.key.fingerprint
        audit.answered(signatures)
        let call = ask("\(question.person) answers for \(id)") { engine throws(EngineError) in
            try engine.answer(signatures, by: fingerprint, for: id)
            return nil
        }
        if !isRight, case .success = call?.answer {
            audit.report("a question to \(question.person) was answered with another key")
        }
    }
}
