// The plan of a log that goes on from another one, filled from that one's end: its people with
// their keys, its rules as departures from the defaults. Its founders change what has to change.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension GenesisPlan {
    /// A commented plan of the successor of a log, to be completed by a name and a log key.
    static func text(continuing state: State) -> String {
        let end = state.head
        var lines = [
            "# The plan of a log that goes on from \(state.log.origin), which was founded by",
            "# \(state.log.genesis). That log ends here:",
            "# \(end.size) events, the last of \(end.time). What came after them is lost.",
            "#",
            "# Its \(Phrase.count(state.allKeys.count, "key")) and subjects are carried over, "
                + "and every public key that it knew.",
            "# Ceremonies that were under way, halts and nonces are not.",
            "",
            "# A name of its own, such as the old one with a number.",
            "origin: NEW-NAME" + (state.log.mode == .rehearsal ? "/rehearsal" : ""),
            "mode: \(state.log.mode.rawValue)",
            "continues: \(state.log.origin) \(end.size) \(end.root)",
            "",
            "# A new log key, as `ceremonyd log-key` printed it. The old one is never taken again.",
            "log-key: VKEY pkcs11:token=house;manufacturer=MAKER;model=MODEL;serial=SERIAL",
            "",
            "# The people of the old log. Take away who is lost; who stays keeps name and keys.",
        ]
        for member in state.roster.members {
            let roles = member.roles.map(\.rawValue).joined(separator: ",")
            lines.append(
                "member: \(member.name) \(member.kind.rawValue) \(roles.isEmpty ? "none" : roles) "
                    + member.display)
            for held in member.keys {
                lines.append("key: \(member.name) \(held.tokenSerial ?? "none") \(held.key.line)")
            }
        }
        let departures = GenesisPolicy.departures(of: state.roster.policy.json)
        lines += ["", "# Where the old rules depart from the defaults:"]
        lines += departures.isEmpty ? ["# nowhere"] : departures.map { "policy: \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension GenesisPolicy {
    /// The `PATH VALUE` texts that turn the defaults into another policy.
    ///
    /// Of a kind that differs every number is given, because people and attestations follow a
    /// threshold that is given alone.
    static func departures(of policy: JSON) -> [String] {
        lines(of: policy, from: Policy.standard.json, at: [])
    }

    private static func lines(of wanted: JSON, from standard: JSON, at path: [String]) -> [String] {
        if wanted == standard { return [] }
        guard case .object(let fields) = wanted else {
            return value(of: wanted).map { ["\(path.joined(separator: ".")) \($0)"] } ?? []
        }
        guard case .object(let known) = standard else { return [] }
        return fields.sorted { $0.key < $1.key }.flatMap { name, field in
            let place = path + [hyphenated(name)]
            // An entry of a kind, whole.
            if path == ["kinds"], field != known[name], case .object(let entry) = field {
                return entry.sorted { $0.key < $1.key }.compactMap { name, number in
                    value(of: number).map {
                        "\((place + [hyphenated(name)]).joined(separator: ".")) \($0)"
                    }
                }
            }
            return known[name].map { lines(of: field, from: $0, at: place) } ?? []
        }
    }

    private static func value(of field: JSON) -> String? {
        switch field {
        case .number(let number): "\(number)"
        case .bool(let isTrue): isTrue ? "yes" : "no"
        case .string(let text): text
        case .array(let items) where !items.isEmpty:
            items.compactMap { if case .string(let text) = $0 { text } else { nil } }
                .joined(separator: ", ")
        case .array, .object, .null: nil
        }
    }

    private static func hyphenated(_ name: String) -> String {
        String(
            decoding: name.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 },
            as: UTF8.self)
    }
}
