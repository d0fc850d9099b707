// The policy of a new log: the defaults (DESIGN section 3) with the plan's departures put over
// them. A departure that names no field, or gives a number where a word belongs, is refused by its
// line; whether the whole makes sense is for the rules to say.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A policy in the making.
struct GenesisPolicy {
    private var fields: [String: JSON]

    /// The defaults: three approvals and as many attestations for every kind that makes a key.
    init() {
        let policy = Policy.standard
        guard case .object(let fields) = policy.json else { preconditionFailure("an object") }
        self.fields = fields
    }

    /// A policy to be changed.
    init(_ json: JSON) {
        fields = if case .object(let object) = json { object } else { [:] }
    }

    /// The policy object.
    var json: JSON { .object(fields) }

    /// Puts one departure over the defaults.
    ///
    /// Where a threshold is given and the people or attestations of its kind are not, they follow
    /// it.
    /// - Returns: the fields that followed, as they are written, and to what.
    /// - Throws: ``Fault``.
    @discardableResult
    mutating func take(_ all: [GenesisPlan.Override]) throws(Fault) -> [(
        path: String, value: String
    )] {
        var taken: Set<[String]> = []
        var followed: [(path: String, value: String)] = []
        for override in all {
            let path = override.path.map(Policy.fieldName)
            guard taken.insert(path).inserted else {
                throw Fault(override: override, problem: "sets the same policy field again")
            }
            if path.count == 3, path[0] == "kinds", path[1] == "drill" { addDrill() }
            guard set(override.value, at: path[...], in: &fields) else {
                throw Fault(
                    override: override,
                    problem: "names no field of the policy, or gives it a value of another type")
            }
        }
        for override in all where override.path.last == "threshold" && override.path.count == 3 {
            let path = override.path.map(Policy.fieldName)
            for follower in ["people", "attest"] {
                let place = [path[0], path[1], follower]
                guard !taken.contains(place), let there = value(at: place), there != .number(0)
                else { continue }
                _ = set(override.value, at: place[...], in: &fields)
                guard value(at: place) != there else { continue }
                followed.append((place.joined(separator: "."), override.value))
            }
        }
        return followed
    }

    /// Why a departure cannot be taken.
    struct Fault: Error {
        let override: GenesisPlan.Override
        let problem: String
    }

    /// An entry of its own for subjects of the class drill.
    private mutating func addDrill() {
        guard case .object(var kinds)? = fields["kinds"], kinds["drill"] == nil,
            let entry = kinds.values.first
        else { return }
        kinds["drill"] = entry
        fields["kinds"] = .object(kinds)
    }

    private func value(at path: [String]) -> JSON? {
        path.reduce(.object(fields)) { value, name in
            guard case .object(let object)? = value else { return nil }
            return object[name]
        }
    }

    private func set(
        _ text: String, at path: ArraySlice<String>, in fields: inout [String: JSON]
    ) -> Bool {
        guard let name = path.first, let there = fields[name] else { return false }
        let rest = path.dropFirst()
        switch there {
        case .object(var inner):
            guard set(text, at: rest, in: &inner) else { return false }
            fields[name] = .object(inner)
        case .number:
            guard rest.isEmpty, let number = Decimal.decode(Array(text.utf8)) else { return false }
            fields[name] = .number(number)
        case .bool:
            guard rest.isEmpty, text == "yes" || text == "no" else { return false }
            fields[name] = .bool(text == "yes")
        case .array(let values):
            guard rest.isEmpty, values.isEmpty || text == "none" else { return false }
            guard text != "none" else {
                fields[name] = .array([])
                return true
            }
            let words = text.utf8.split(separator: UInt8(ascii: ","))
            fields[name] = .strings(words.map { GenesisPolicy.trimmed($0) })
        case .string:
            guard rest.isEmpty else { return false }
            fields[name] = .string(text)
        case .null:
            return false
        }
        return true
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        var rest = bytes[...]
        while rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        while rest.last == UInt8(ascii: " ") { rest = rest.dropLast() }
        return String(decoding: rest, as: UTF8.self)
    }
}
