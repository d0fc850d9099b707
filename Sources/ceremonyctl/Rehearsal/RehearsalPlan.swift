// What is rehearsed: how the ceremony is started, and what has to be there first, which real
// ceremonies and orders bring about in the same house. What a kind demands beyond that the rules
// say.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A kind of ceremony as somebody wants to practise it.
struct RehearsalPlan {
    /// What has to be there before.
    enum First: Hashable {
        /// A key of the subject.
        case key
        /// The authority.
        case authority
        /// A halt.
        case halt
        /// A log key in a second token of the daemon's.
        case logKey
    }

    let kind: String
    let subject: String
    let first: First?
    /// The members of an authority that is made first, or without further word.
    let members: [String]
    /// What stands behind the kind and the subject when it is started.
    private let options: [String]
    private let parameters: [String]

    /// A plan.
    ///
    /// - Parameters:
    ///   - subject: what was given; `nil` for the kind's own, or one that is made up.
    ///   - parameters: what stood behind `--set`.
    ///   - options: what stood behind `--`, for `start` as it is.
    /// - Throws: `unknown-kind` (66); `not-rehearsed` (64) for a kind that needs more than people
    ///   and tokens, saying how to rehearse it by hand.
    init(
        _ kind: String, subject: String?, parameters: [String], options: [String],
        among people: [String]
    ) throws(ClientError) {
        guard let known = try? Kinds.named(kind) else {
            throw ClientError(
                .notFound, "unknown-kind", "There is no kind of ceremony called \(kind).",
                meaning: "Nothing was made.", next: "The kinds are listed by: ceremonyctl kinds.")
        }
        if let why = RehearsalPlan.unfit[known.name] {
            throw ClientError(
                .usage, "not-rehearsed", "\(known.name) is not rehearsed this way: \(why.why)",
                meaning: "Nothing was made.", next: why.byHand)
        }
        self.kind = known.name
        let standard = known.isAboutAuthority ? "guardians" : "keeper-alpha"
        self.subject = subject ?? known.houseSubject ?? standard
        let isBare = parameters.isEmpty && options.isEmpty
        let members = Array(people.prefix(3))
        self.members = members
        first =
            switch known {
            case is KeyRotation.Type, is KeyRevocation.Type: .key
            case is HaltClear.Type: .halt
            case is LogKeyChange.Type: .logKey
            case is Membership.Type:
                isBare || parameters.contains { RehearsalPlan.name(of: $0) == "role" }
                    ? nil : .authority
            default: nil
            }
        switch known {
        case is Membership.Type where isBare:
            self.parameters = RehearsalPlan.founding(members)
            self.options = []
        case is SetPolicy.Type where isBare:
            self.parameters = ["attest_days=8"]
            self.options = []
        case is SetRoster.Type where isBare:
            self.parameters = []
            self.options = ["--member", people[2], "--kind", "keeper"]
        default:
            self.parameters = parameters
            self.options = options
        }
    }

    /// How it is started: the words behind `ceremonyctl`.
    ///
    /// - Parameter made: what the preparation has made for it.
    func start(with made: String?) -> [String] {
        var settings = parameters
        let given = Set(settings.map(RehearsalPlan.name))
        func add(_ name: String, _ value: String) {
            if !given.contains(name) { settings.append("\(name)=\(value)") }
        }
        switch (kind, made) {
        case (KeyRevocation.name, let key?):
            add("key", key)
            add("cause", "compromise")
        case (LogKeyChange.name, let key?): add("new-log-key", key)
        default: break
        }
        return RehearsalPlan.start(kind, subject, settings, options)
    }

    /// How the ceremony is started that has to come before.
    var founding: [String] {
        first == .authority
            ? RehearsalPlan.start(Membership.name, subject, RehearsalPlan.founding(members), [])
            : RehearsalPlan.start(NewKeeperKey.name, subject, [], [])
    }

    private static func start(
        _ kind: String, _ subject: String, _ settings: [String], _ options: [String]
    ) -> [String] {
        ["start", kind, subject, "--reason", "a rehearsal"] + settings.flatMap { ["--set", $0] }
            + options
    }

    /// Whoever stays silent at the commit is waited for no longer than a rehearsal bears.
    private static func founding(_ members: [String]) -> [String] {
        [
            "role=guardian", "add=" + members.joined(separator: ","), "sign=2", "approve=1",
            "patience=30",
        ]
    }

    private static func name(of setting: String) -> String {
        String(decoding: setting.utf8.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
    }

    /// Kinds that need a thing that no rehearsal makes up, why, and the way by hand.
    private static let unfit: [String: (why: String, byHand: String)] = [
        ProvaraRotation.name: (vault, vaultByHand),
        ProvaraHardReset.name: (vault, vaultByHand),
        ClockCorrection.name: (
            "it is about a clock that was wrongly ahead, and a rehearsal sets no clock.",
            "Keep a rehearsal of another kind with --keep DIR, run its daemon under `faketime -f "
                + "+1d` and unlock it, end it, run it again without, and start clock-correction there."
        ),
    ]
    private static let vault = "it is about a Provara vault with keys of its own in a token."
    private static let vaultByHand =
        "Rehearse another kind with --keep DIR, add a copy of the vault to DIR/ceremonyd.toml as "
        + "[vaults.NAME], run the daemon, and follow the README's section on Provara vaults."
}
