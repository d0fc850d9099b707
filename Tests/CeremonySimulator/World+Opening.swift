// What ceremonies people start: every kind that needs no foreign vault and no second log token.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport

/// What somebody wants to start.
private struct Wish {
    var kind: String
    var subject: String
    var parameters: [String: String] = [:]
    var into: String?
}

extension World {
    private static let authorities: [(name: String, role: String)] = [
        ("guardians", "guardian"), ("council", "group"), ("frank-devices", "device"),
        ("north", "block"),
    ]
    private static let subjects = ["keeper-alpha", "keeper-beta", "keeper-gamma"]

    /// Somebody starts something.
    func openCeremony(_ engine: Engine) {
        let state = engine.snapshot.state
        let wish: Wish?
        switch chance.number(0...99) {
        case 0...54: wish = membership(in: state)
        case 55...72:
            wish = Wish(
                kind: "new-keeper-key", subject: chance.pick(World.subjects) ?? "",
                into: chance.pick(tokens)?.name)
        case 73...81: wish = keyChange("key-rotation", in: state)
        case 82...87: wish = keyChange("key-revocation", in: state)
        case 88...91: wish = rosterChange(in: state)
        case 92...94: wish = policyChange(in: state)
        case 95...97: wish = Wish(kind: "halt-clear", subject: "house-halt")
        default:
            wish = Wish(
                kind: "clock-correction", subject: "house-clock",
                parameters: ["now": "\(clock.truth)"])
        }
        if let wish { open(wish, engine) }
    }

    func openClearing(_ engine: Engine) {
        open(Wish(kind: "halt-clear", subject: "house-halt"), engine)
    }

    private func open(_ wish: Wish, _ engine: Engine) {
        let names = [
            "dave", "dave", "dave", "dave", "alice", "bob", "gina", "gina", "frank", "erin",
        ]
        guard let by = chance.pick(names).flatMap({ signatory($0) }),
            let key = people.key(by.fingerprint)
        else { return }
        let state = engine.snapshot.state
        let live = state.live.compactMap(state.ceremony).filter {
            $0.statement.subject == wish.subject
        }
        let draft = Draft(
            kind: wish.kind, subject: wish.subject, parameters: wish.parameters,
            supersedes: chance.permille(250) ? live.first?.id : nil, initiator: by,
            reason: "the dice say so", drafted: engine.time, nonce: nonce())
        let drafted = Box<Statement>()
        let into = wish.into
        let call = ask("\(by.name) drafts \(wish.kind) for \(wish.subject)") {
            engine throws(EngineError) in
            drafted.value = try await engine.draft(draft, into: into)
            return nil
        }
        guard case .success = call?.answer, let statement = drafted.value, life != nil else {
            return
        }
        let opening = paper(
            "\(by.name) opens \(statement.ceremony) (\(wish.kind))", statement, by: key, for: .open)
        // Some go and fetch a coffee first.
        if chance.permille(50) { return papers.append(opening) }
        hand(in: opening)
    }

    // MARK: Wishes

    private func keyChange(_ kind: String, in state: State) -> Wish? {
        let keys = state.allKeys.filter { [.active, .retiring].contains($0.status(at: clock.now)) }
        guard let entry = chance.pick(keys) else { return nil }
        guard kind == "key-revocation" else {
            return Wish(kind: kind, subject: entry.subject, into: chance.pick(tokens)?.name)
        }
        return Wish(
            kind: kind, subject: entry.subject,
            parameters: [
                "key": "\(entry.publicKey.fingerprint)",
                "cause": chance.pick(["loss", "compromise"]) ?? "loss",
            ])
    }

    private func rosterChange(in state: State) -> Wish {
        var members = state.roster.members
        if let place = members.firstIndex(where: { $0.name == "hana" }) {
            members.remove(at: place)
        } else if chance.permille(700) {
            members.append(House.newcomer.member)
        } else if let name = chance.pick(["gina", "frank", "erin"]) {
            members.removeAll { $0.name == name }
        }
        members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return Wish(
            kind: "set-roster", subject: "house-roster",
            parameters: ["change": RosterChange(members: members).text])
    }

    private func policyChange(in state: State) -> Wish {
        var policy = state.roster.policy
        let lifetime = chance.pick([1800, 3600, 7200]) ?? 3600
        for name in ["membership", "new_keeper_key", "key_rotation"] {
            policy.kinds[name]?.lifetime = lifetime
        }
        policy.initiatorCounts = chance.permille(300)
        return Wish(
            kind: "set-policy", subject: "house-policy",
            parameters: ["change": RosterChange(policy: policy.json).text])
    }

    /// A change of an authority, or a new one.
    private func membership(in state: State) -> Wish? {
        guard let (name, role) = chance.pick(World.authorities) else { return nil }
        var parameters: [String: String] = [:]
        if chance.permille(300) {
            parameters["patience"] = "\(chance.pick([0, 30, 600]) ?? 0)"
        }
        guard let current = state.authority(name)?.current else {
            parameters["role"] = role
            let count = chance.number(1...4)
            parameters["add"] = newcomers(count, role: role, besides: []).joined(separator: ",")
            parameters["sign"] = "\(chance.number(1...max(1, count)))"
            if chance.permille(300) { parameters["accept"] = "\(chance.number(1...count))" }
            return Wish(kind: "membership", subject: name, parameters: parameters)
        }
        let members = current.members.map(\.name)
        let others = newcomers(chance.number(1...2), role: role, besides: members)
        let gone = chance.some(chance.number(1...2), of: members)
        switch chance.number(0...9) {
        case 0...3: parameters["add"] = others.joined(separator: ",")
        case 4...5: parameters["remove"] = gone.joined(separator: ",")
        case 6: parameters["renew"] = "all"
        case 7: parameters["renew"] = gone.joined(separator: ",")
        case 8:
            parameters["add"] = others.joined(separator: ",")
            parameters["remove"] = gone.joined(separator: ",")
        default: break
        }
        if chance.permille(400) { parameters["sign"] = "\(chance.number(1...4))" }
        if chance.permille(300) { parameters["approve"] = "\(chance.number(0...3))" }
        if chance.permille(150) { parameters["accept"] = "\(chance.number(1...2))" }
        return Wish(kind: "membership", subject: name, parameters: parameters)
    }

    /// Some who could come, as the parameter names them.
    private func newcomers(_ count: Int, role: String, besides members: [String]) -> [String] {
        guard role != "device" else {
            let devices = [
                ("laptop", SoftwareKey(6)), ("phone", SoftwareKey(7)), ("tablet", SoftwareKey(8)),
                ("watch", SoftwareKey(402)),
            ]
            return chance.some(count, of: devices.filter { !members.contains($0.0) }).map {
                "\($0.0)=\($0.1.fingerprint)"
            }
        }
        let known = people.enrolled.map(\.member).filter { $0.kind != .system }.map(\.name)
        let all =
            known.filter { $0 != "hana" }
            + people.strangers.map { "\($0.name)=\($0.key.fingerprint)" }
        return chance.some(
            count, of: all.filter { !members.contains(String($0.prefix { $0 != "=" })) })
    }
}
