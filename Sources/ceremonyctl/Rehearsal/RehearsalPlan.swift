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
        /// The authority, with these members.
        case authority([String])
        /// A halt.
        case halt
    }

    let kind: String
    let subject: String
    let first: First?
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
        in house: RehearsalHouse
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
        switch known {
        case is KeyRotation.Type, is KeyRevocation.Type: first = .key
        case is HaltClear.Type: first = .halt
        case is Membership.Type:
            let founds = isBare || parameters.contains { RehearsalPlan.name(of: $0) == "role" }
            first = founds ? nil : .authority(house.people.prefix(3).map(\.name))
        default: first = nil
        }
        self.parameters = isBare ? RehearsalPlan.standard(known, house) : parameters
        let goes = house.people.count > 4 ? ["--remove", house.people[4].name] : []
        self.options = isBare && known is SetRoster.Type ? goes : options
    }

    /// How it is started: the words behind `ceremonyctl`.
    ///
    /// - Parameter key: the key that was made first.
    func start(key: String?) -> [String] {
        var settings = parameters
        let given = Set(settings.map(RehearsalPlan.name))
        func add(_ name: String, _ value: String) {
            if !given.contains(name) { settings.append("\(name)=\(value)") }
        }
        if let key, kind == KeyRevocation.name {
            add("key", key)
            add("cause", "compromise")
        }
        return RehearsalPlan.start(kind, subject, settings, options)
    }

    /// The ceremony that brings about what has to be there, and what it is in one sentence.
    var before: (sentence: String, start: [String])? {
        switch first {
        case .key:
            (
                "\(kind) needs a key: \(subject) is given one by a ceremony first.",
                RehearsalPlan.start(NewKeeperKey.name, subject, [], [])
            )
        case .authority(let members):
            (
                "This changes an authority: \(subject) is made by a ceremony first, of "
                    + "\(Phrase.list(members)).",
                RehearsalPlan.start(
                    Membership.name, subject, RehearsalPlan.founding(members), [])
            )
        case .halt, nil: nil
        }
    }

    private static func start(
        _ kind: String, _ subject: String, _ settings: [String], _ options: [String]
    ) -> [String] {
        ["start", kind, subject, "--reason", "a rehearsal"] + settings.flatMap { ["--set", $0] }
            + options
    }

    /// What is done where nothing was said.
    private static func standard(_ kind: any CeremonyKind.Type, _ house: RehearsalHouse)
        -> [String]
    {
        switch kind {
        case is Membership.Type: founding(house.people.prefix(3).map(\.name))
        case is SetPolicy.Type: ["attest_days=8"]
        default: []
        }
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
            "Found a rehearsal log with `ceremonyd run` under `faketime -f +1d`, start it again "
                + "without, and start clock-correction there."
        ),
        LogKeyChange.name: (
            "it needs a second log token, which the daemon is started with.",
            "Rehearse another kind with --keep DIR, add a token and further_log_tokens to "
                + "DIR/ceremonyd.toml, make the key with `ceremonyd log-key --token NAME`, run the "
                + "daemon and start log-key-change."
        ),
    ]
    private static let vault = "it is about a Provara vault with keys of its own in a token."
    private static let vaultByHand =
        "Rehearse another kind with --keep DIR, add a copy of the vault to DIR/ceremonyd.toml as "
        + "[vaults.NAME], run the daemon, and follow the README's section on Provara vaults."
}
