// What people with bad intentions hand in: answers of others, to other ceremonies, to other
// questions, with other keys. None of it may be taken, whatever state the house is in.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport

extension World {
    /// Somebody tries something.
    func forge(_ engine: Engine) {
        let state = engine.snapshot.state
        guard let ceremony = chance.pick(state.live.compactMap(state.ceremony)) else { return }
        let forged: Paper? =
            switch chance.number(0...8) {
            case 0: spoiled(ceremony)
            case 1: byOutsider(ceremony, in: state)
            case 2: otherPurpose(ceremony)
            case 3: misdirected(ceremony, in: state)
            case 4: otherOperation(ceremony)
            case 5: stolenKey(ceremony, in: state)
            case 6: turnedNo(ceremony, in: state)
            case 7: byInitiator(ceremony, in: state)
            default: twoVotes(ceremony)
            }
        guard var forged else { return }
        forged.isForged = true
        hand(in: forged)
    }

    /// An honest paper that somebody could hand in now.
    private func honest(_ ceremony: Ceremony) -> Paper? {
        let parts = ceremony.acceptances.flatMap { set in set.waiting.map { (set, $0) } }
        if chance.permille(600), let (set, line) = chance.pick(parts) {
            return yes(ceremony, set, as: line)
        }
        return chance.pick(ceremony.approvals.waiting).flatMap { approval(ceremony, as: $0) }
    }

    /// One bit of an honest paper is another one.
    private func spoiled(_ ceremony: Ceremony) -> Paper? {
        guard var paper = honest(ceremony) else { return nil }
        let bit: UInt8 = 1 << UInt8(chance.number(0...7))
        switch chance.number(0...2) {
        case 0: paper.document[chance.number(0...paper.document.count - 1)] ^= bit
        case 1: paper.sshsig[chance.number(0...paper.sshsig.count - 1)] ^= bit
        default:
            guard let count = paper.possession?.count else {
                paper.sshsig[chance.number(0...paper.sshsig.count - 1)] ^= bit
                break
            }
            paper.possession?[chance.number(0...count - 1)] ^= bit
        }
        return Paper(
            what: paper.what + ", spoiled", document: paper.document, sshsig: paper.sshsig,
            possession: paper.possession)
    }

    private func byOutsider(_ ceremony: Ceremony, in state: State) -> Paper? {
        let key = people.outsider.keys[0]
        let mallory = Signatory(name: "mallory", fingerprint: key.fingerprint)
        let approval = paper(
            "mallory approves \(ceremony.id)", ceremony.statement, by: key, for: .approve)
        let alice = signatory("alice") ?? mallory
        return chance.pick([
            approval,
            signed(act(.cancel, by: mallory, as: .operator, on: ceremony, in: state), by: key),
            signed(act(.halt, by: mallory, as: .keeper, in: state), by: key),
            signed(act(.cancel, by: alice, as: .witness, on: ceremony, in: state), by: key),
            signed(act(.execute, by: alice, as: .witness, on: ceremony, in: state), by: key),
        ])
    }

    /// A signature that was made for something else.
    private func otherPurpose(_ ceremony: Ceremony) -> Paper? {
        guard let name = chance.pick(ceremony.approvals.waiting),
            let key = key(of: name, in: ceremony.approvals),
            let purpose = chance.pick(
                SignatureNamespace.allCases.filter { $0 != .approve && $0 != .open })
        else { return nil }
        return paper(
            "\(name) signs \(ceremony.id) as \(purpose.rawValue)", ceremony.statement, by: key,
            for: purpose)
    }

    /// An acceptance that says it is for another ceremony, statement or person than it is.
    private func misdirected(_ ceremony: Ceremony, in state: State) -> Paper? {
        guard let (set, line) = openPart(ceremony), let identity = people.key(line.fingerprint)
        else { return nil }
        let made = people.make(for: line.name, ceremony: ceremony.id)
        var wrong = acceptance(of: ceremony, set: set.name, as: line)
        if set.bringsKey {
            wrong = bringing(made.key, id: made.id, to: ceremony, set: set.name, as: line)
        }
        let other = state.allCeremonies.last { $0.id != ceremony.id }
        switch chance.number(0...4) {
        case 0:
            guard let other else { return nil }
            wrong.ceremony = other.id
        case 1:
            guard let other else { return nil }
            wrong.statement = other.digest
        case 2: wrong.subject += "-two"
        case 3: wrong.kind = "set-policy" == wrong.kind ? "membership" : "set-policy"
        default: wrong.participant.name = line.name == "bob" ? "carol" : "bob"
        }
        var paper = signed(
            wrong, by: identity, possession: set.bringsKey ? made.key : nil)
        paper = Paper(
            what: paper.what + ", misdirected", document: paper.document, sshsig: paper.sshsig,
            possession: paper.possession)
        return paper
    }

    /// A statement with a line changed after people began to sign it.
    private func otherOperation(_ ceremony: Ceremony) -> Paper? {
        guard let name = chance.pick(ceremony.approvals.waiting),
            let key = key(of: name, in: ceremony.approvals)
        else { return nil }
        var statement = ceremony.statement
        switch chance.number(0...3) {
        case 0: statement.threshold = max(1, statement.threshold - 1)
        case 1: statement.reason += " too"
        case 2: statement.prestate = Digest(of: [7])
        default: statement.expires = statement.expires + 60
        }
        guard statement != ceremony.statement else { return nil }
        return paper(
            "\(name) approves another \(ceremony.id)", statement, by: key, for: .approve)
    }

    /// Somebody brings a key that is another's, or whose secret they do not have.
    private func stolenKey(_ ceremony: Ceremony, in state: State) -> Paper? {
        guard let (set, line) = openPart(ceremony), set.bringsKey,
            let identity = people.key(line.fingerprint)
        else { return nil }
        let mine = people.make(for: line.name, ceremony: ceremony.id)
        let known = people.memberKeys.filter {
            state.role(ofPoint: $0.key.publicKey.point) != nil && !$0.isLost
        }
        if chance.permille(500), let other = chance.pick(known) {
            return signed(
                bringing(other.key, id: other.id, to: ceremony, set: set.name, as: line),
                by: identity, possession: other.key)
        }
        // Its own identity key, or one without possession of it.
        let isSame = chance.permille(500)
        let shown = isSame ? identity : people.someKey()
        return signed(
            bringing(shown, id: mine.id, to: ceremony, set: set.name, as: line), by: identity,
            possession: isSame ? identity : mine.key)
    }

    /// A no that is to count as a yes.
    private func turnedNo(_ ceremony: Ceremony, in state: State) -> Paper? {
        guard let (set, line) = openPart(ceremony), let identity = people.key(line.fingerprint)
        else { return nil }
        let no = signed(
            act(.decline, by: line, as: .participant, on: ceremony, in: state), by: identity)
        let yes = signed(
            acceptance(of: ceremony, set: set.name, as: line), by: identity)
        return Paper(
            what: "a no of \(line.name) turned into a yes to \(ceremony.id)",
            document: yes.document, sshsig: no.sshsig, possession: nil)
    }

    /// Whoever started it, or is excluded from it, approves it.
    private func byInitiator(_ ceremony: Ceremony, in state: State) -> Paper? {
        let out = people.enrolled.map(\.member.name).filter {
            !ceremony.approvals.names.contains($0)
        }
        guard let name = chance.pick(out), let by = signatory(name),
            let key = people.key(by.fingerprint)
        else { return nil }
        return paper("\(name) approves \(ceremony.id)", ceremony.statement, by: key, for: .approve)
    }

    /// Somebody who has answered answers once more, with another key or another answer.
    private func twoVotes(_ ceremony: Ceremony) -> Paper? {
        guard let (name, answer) = ceremony.approvals.answers.min(by: { $0.key < $1.key }),
            let person = people.person(name),
            let key = person.keys.last(where: { $0.fingerprint != answer.key })
        else { return nil }
        return paper(
            "\(name) approves \(ceremony.id) again", ceremony.statement, by: key, for: .approve)
    }

    private func openPart(_ ceremony: Ceremony) -> (AcceptanceSet, Signatory)? {
        chance.pick(ceremony.acceptances.flatMap { set in set.waiting.map { (set, $0) } })
    }
}
