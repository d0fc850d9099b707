// What a check of a vault found: which rule, where, and what exactly, for people and for programs.

extension Vault {
    /// One thing that a vault breaks or that is worth knowing.
    public struct Finding: Hashable, Sendable, CustomStringConvertible {
        /// The rule.
        public let rule: Rule
        /// The id of the event that it is about, where it has a readable one.
        public let event: EventID?
        /// The event's line in `events/events.ndjson`, from 1.
        public let line: Int?
        /// The file that it is about, relative to the vault.
        public let path: String?
        /// The key that it is about.
        public let key: KeyID?
        /// What was found, as a sentence without its full stop. Whatever comes from the vault is
        /// written in printable ASCII.
        public let detail: String

        init(
            _ rule: Rule, _ detail: String, event: EventID? = nil, line: Int? = nil,
            path: String? = nil, key: KeyID? = nil
        ) {
            self.rule = rule
            self.event = event
            self.line = line
            self.path = path
            self.key = key
            self.detail = detail
        }

        /// How much it weighs.
        public var severity: Rule.Severity { rule.severity }

        /// Where, what, what it means and what to do, as one line of printable ASCII.
        public var description: String {
            var place: [String] = []
            if let path { place.append(path.printable) }
            if let line { place.append("line \(line)") }
            if let event { place.append(event.description) }
            if place.isEmpty, let key { place.append(key.description) }
            let start = place.isEmpty ? "" : place.joined(separator: ", ") + ": "
            return "\(start)\(detail). \(rule.advice) [\(rule.rawValue)]"
        }
    }

    /// What a check found: everything is counted, and the first of each rule are kept.
    public struct Findings: Sendable {
        /// How many of one rule are kept; further ones are only counted.
        public let limit: Int
        /// Those that are kept, in the order in which they were found.
        public private(set) var kept: [Finding] = []
        /// How many there were of each rule.
        public private(set) var counts: [Rule: Int] = [:]

        init(limit: Int) { self.limit = limit }

        mutating func append(_ finding: Finding) {
            let count = counts[finding.rule, default: 0] + 1
            counts[finding.rule] = count
            if count <= limit { kept.append(finding) }
        }

        /// How many violations there were. The vault is in order when there is none.
        public var violationCount: Int {
            counts.reduce(0) { $1.key.severity == .violation ? $0 + $1.value : $0 }
        }

        /// The violations that are kept.
        public var violations: [Finding] { kept.filter { $0.severity == .violation } }

        /// The warnings that are kept.
        public var warnings: [Finding] { kept.filter { $0.severity == .warning } }
    }
}
