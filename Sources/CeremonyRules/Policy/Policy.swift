// What the house has agreed on: how many people each kind of ceremony needs, for how long it may
// take, how long keys last. It lives in the log (genesis, then only by ceremony) and its digest is
// in every statement. FORMATS section 4, DESIGN section 3.

public import CeremonyRecord

/// The policy in force, read from its JSON object.
public struct Policy: Hashable, Sendable {
    /// What one kind of ceremony needs.
    public struct Entry: Hashable, Sendable {
        /// How many distinct people and systems must approve.
        public var threshold: Int
        /// How many of them must be human.
        public var people: Int
        /// How many must attest what came out; 0 makes it valid at completion.
        public var attest: Int
        /// Seconds from drafting until the ceremony expires.
        public var lifetime: Int
        /// Seconds that an execution may take.
        public var execution: Int

        /// An entry; `people` is the threshold unless it is given.
        public init(
            threshold: Int, people: Int? = nil, attest: Int, lifetime: Int = 3600,
            execution: Int = 900
        ) {
            self.threshold = threshold
            self.people = people ?? threshold
            self.attest = attest
            self.lifetime = lifetime
            self.execution = execution
        }
    }

    /// How many key-making ceremonies may be alive at once.
    public enum Concurrency: String, Sendable, CaseIterable {
        /// One for each subject and each receiving token.
        case subject
        /// One at all.
        case one
    }

    /// By the kind's name with `_` for `-`; `drill` is used for subjects of the class drill.
    public var kinds: [String: Entry]
    /// Days in which a rotated key and its successor are both valid.
    public var overlapDays = 30
    /// Days after which a key of a class is due for rotation.
    public var rotationDays = ["keeper": 365, "provara_root": 730, "operational": 90]
    /// Days between drills.
    public var drillDays = 30
    /// Days within which a new key must be attested.
    public var attestDays = 7
    /// How many ceremonies at once.
    public var concurrency = Concurrency.subject
    /// Whether the initiator counts as a witness.
    public var initiatorCounts = false
    /// Manufacturers of software tokens that production accepts, as tokens write them.
    public var softwareTokens: [String] = []
    /// Digests of the PKCS#11 modules that may be used; empty: any.
    public var modules: [String] = []

    /// A policy with these entries and the defaults for all else.
    public init(kinds: [String: Entry]) {
        self.kinds = kinds
    }

    /// What a ceremony of this kind needs for a subject of this class.
    public func entry(kind: String, class subjectClass: String?) -> Entry? {
        if subjectClass == "drill", let drill = kinds["drill"] { return drill }
        return kinds[Policy.fieldName(kind)]
    }

    /// A kind's or class's name as a JSON field: `_` for `-`.
    public static func fieldName(_ name: String) -> String {
        String(
            decoding: name.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 },
            as: UTF8.self)
    }

    /// The digest that statements carry: SHA-256 of the canonical JSON.
    public var digest: Digest { Digest(of: json.canonicalBytes) }
}

extension Policy {
    /// The policy as it stands in the genesis document and in `roster.set`.
    public var json: JSON {
        .object([
            "kinds": .object(kinds.mapValues(\.json)),
            "overlap_days": .number(overlapDays),
            "rotation_days": .object(rotationDays.mapValues { .number($0) }),
            "drill_days": .number(drillDays),
            "attest_days": .number(attestDays),
            "concurrency": .string(concurrency.rawValue),
            "initiator_counts": .bool(initiatorCounts),
            "software_tokens": .array(softwareTokens.map { .string($0) }),
            "modules": .array(modules.map { .string($0) }),
        ])
    }

    /// Reads a policy: every field there, none besides, every number in its bounds.
    ///
    /// - Throws: ``Refusal`` (`bad-policy`) that names the field.
    public init(_ json: JSON) throws(Refusal) {
        do {
            var fields = try JSONFields(json, at: "policy")
            var kinds: [String: Entry] = [:]
            var list = try fields.object("kinds")
            for name in list.names {
                kinds[name] = try Entry(try list.object(name))
            }
            try list.finish()
            var rotation: [String: Int] = [:]
            var classes = try fields.object("rotation_days")
            for name in classes.names { rotation[name] = try classes.number(name) }
            self.kinds = kinds
            rotationDays = rotation
            overlapDays = try fields.number("overlap_days")
            drillDays = try fields.number("drill_days")
            attestDays = try fields.number("attest_days")
            concurrency = try fields.parsed("concurrency", as: "subject or one") {
                Concurrency(rawValue: $0)
            }
            initiatorCounts = try fields.bool("initiator_counts")
            softwareTokens = try fields.strings("software_tokens")
            modules = try fields.strings("modules")
            try fields.finish()
        } catch {
            throw Refusal(.badPolicy, "The policy cannot be read: \(error).")
        }
    }
}

extension Policy.Entry {
    fileprivate var json: JSON {
        .object([
            "threshold": .number(threshold), "people": .number(people), "attest": .number(attest),
            "lifetime": .number(lifetime), "execution": .number(execution),
        ])
    }

    fileprivate init(_ object: JSONFields) throws(JSONError) {
        var fields = object
        threshold = try fields.number("threshold")
        people = try fields.number("people")
        attest = try fields.number("attest")
        lifetime = try fields.number("lifetime")
        execution = try fields.number("execution")
        try fields.finish()
    }
}
