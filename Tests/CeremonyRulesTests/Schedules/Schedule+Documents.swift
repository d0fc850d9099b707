// What people sign in a schedule, and what goes with it for the oracle.

import CeremonyRecord
import TestSupport

@testable import CeremonyRules

extension Schedule {
    // MARK: Documents

    mutating func approve(_ meeting: Oracle.Meeting, by name: String) {
        guard let statement = statements[meeting.plan.draft] else { return }
        let key = key(of: name)
        submit(
            Ask(
                matter: .approve(id: meeting.plan.id, draft: meeting.plan.draft), by: name,
                key: key),
            Signed(statement, by: SoftwareKey(key), for: .approve))
    }

    mutating func attest(_ id: String, by name: String) {
        guard let record = house.state.ceremony(named: id)?.record else { return }
        let key = key(of: name)
        submit(
            Ask(matter: .attest(id: id), by: name, key: key),
            Signed(record, by: SoftwareKey(key), for: .attest))
    }

    mutating func decline(_ meeting: Oracle.Meeting, by name: String) {
        act(.decline(id: meeting.plan.id, seen: meeting.phase), by: name)
    }

    mutating func accept(_ meeting: Oracle.Meeting, by name: String, _ key: Int) {
        guard let statement = statements[meeting.plan.draft] else { return }
        numbers += 1
        let acceptance = house.acceptance(of: statement, as: name, key: SoftwareKey(key))
        submit(
            Ask(
                matter: .accept(id: meeting.plan.id), by: name, key: key, number: numbers, at: now,
                size: oracle.size),
            Signed(acceptance, by: SoftwareKey(key), for: .accept))
    }

    mutating func submit(_ ask: Ask, _ signed: Signed) {
        if dice.chance(25) || held.isEmpty {
            held.append((ask, signed))
            if held.count > 12 { held.removeFirst() }
        }
        // Some only sign, and hand it in later or never.
        if dice.chance(92) { hand(ask, signed) }
    }

    /// An act, as its actor drafts it now.
    mutating func act(_ matter: Ask.Matter, by name: String, key: Int? = nil) {
        let key = key ?? self.key(of: name)
        let (act, role, id, seen) = Schedule.parts(of: matter)
        guard var document = try? house.act(act, by: "dave", as: role, on: id) else { return }
        if let seen, let from = CeremonyState(rawValue: seen.rawValue),
            let ceremony = id.flatMap({ house.state.ceremony(named: $0) })
        {
            document.from = from.rawValue
            document.document = from == .completed ? ceremony.record?.digest : ceremony.digest
            document.to =
                switch act {
                case .execute: CeremonyState.executing.rawValue
                case .cancel:
                    (from == .approved ? CeremonyState.expired : .failed).rawValue
                default: from.rawValue
                }
        }
        if case .recover(_, _, true, _) = matter,
            let object = id.flatMap({ house.state.ceremony(named: $0)?.announced })
        {
            document.evidence.append(object.lossEvidence)
        }
        document.actor = Signatory(name: name, fingerprint: fingerprint(key))
        numbers += 1
        submit(
            Ask(
                matter: matter, by: name, key: key, number: numbers, at: now, size: oracle.size),
            Signed(document, by: SoftwareKey(key), for: .act))
    }

    private static func parts(of matter: Ask.Matter) -> (
        act: ActName, role: ActRole, id: String?, seen: Ask.Phase?
    ) {
        func role(_ text: String) -> ActRole { ActRole(rawValue: text) ?? .participant }
        return switch matter {
        case .decline(let id, let seen): (.decline, .witness, id, seen)
        case .refuse(let id, let seen): (.decline, .participant, id, seen)
        case .cancel(let id, let text, let seen): (.cancel, role(text), id, seen)
        case .execute(let id, let text, let seen): (.execute, role(text), id, seen)
        case .recover(let id, _, _, _): (.recover, .operator, id, nil)
        case .halt: (.halt, .keeper, nil, nil)
        case .note(let text): (.note, role(text), nil, nil)
        default: (.note, .participant, nil, nil)
        }
    }
}
