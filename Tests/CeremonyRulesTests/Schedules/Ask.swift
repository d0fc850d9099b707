// What is asked of the log in a schedule, in plain words and numbers: what the oracle judges by.
// None of it is a type of the rules, so that the oracle cannot borrow their opinion.

/// One thing that is asked, by a person or by the daemon.
struct Ask: Sendable {
    /// Where a ceremony stands, as people know it.
    enum Phase: String, Sendable {
        case pending = "PENDING"
        case approved = "APPROVED"
        case executing = "EXECUTING"
        case completed = "COMPLETED"
        case failed = "FAILED"
        case expired = "EXPIRED"

        var isOver: Bool { self == .completed || self == .failed || self == .expired }
    }

    /// What it is about.
    enum Matter: Sendable {
        case open(Plan)
        case approve(id: String, draft: Int)
        case attest(id: String)
        case decline(id: String, seen: Phase)
        case refuse(id: String, seen: Phase)
        case accept(id: String)
        case cancel(id: String, role: String, seen: Phase)
        case execute(id: String, role: String, seen: Phase)
        case recover(id: String, isNamed: Bool, isLost: Bool, outcome: String)
        case halt
        case note(role: String)
        case complete(id: String, key: Int)
        case fail(id: String, reason: String)
        case invariant
        case start
        case refused
    }

    let matter: Matter
    /// Who asks; empty for the daemon.
    var by = ""
    /// The number of the key that signs.
    var key = 0
    /// The number of the document: one number is one document, with one nonce.
    var number = 0
    /// When it was drafted.
    var at = 0
    /// How long the log was then.
    var size = 0
    /// Whether somebody has changed the signature on the way.
    var isForged = false

    /// What is the same for exact repeats of what was taken: who has signed what, for what.
    var receipt: String? {
        switch matter {
        case .open(let plan): "open \(plan.draft) by \(key)"
        case .approve(_, let draft): "approve \(draft) by \(key)"
        case .attest(let id): "attest \(id) by \(key)"
        case .complete, .fail, .invariant, .start, .refused: nil
        default: "document \(number) by \(key)"
        }
    }
}

/// A ceremony that somebody wants.
struct Plan: Sendable {
    var kind: String
    var subject: String
    /// The number of the statement: one number is one statement.
    var draft = 0
    /// The identifier that the statement has.
    var id = ""
    var token: String?
    var holder: String?
    var isDrill = false
    /// The key that is named to be rotated, or to be revoked.
    var key: Int?
    /// The positions of the halts that are named; `nil`: all.
    var halts: [Int]?
    var people: [String: Person]?
    /// Who was on the roster when it was drafted.
    var peopleBefore: [String: Person]?
    var rules: HouseRules?
    var logKey: Int?
    var clock: Int?
    var supersedes: String?
    var drafted = 0
    /// What it depends on, as it was when it was drafted.
    var basis = ""
}

/// Somebody on the roster.
struct Person: Hashable, Sendable {
    var isHuman: Bool
    var isKeeper: Bool
    var roles: Set<String>
    var keys: Set<Int>

    var mayStart: Bool { isHuman && (isKeeper || roles.contains("operator")) }
}

/// What the house has agreed on.
struct HouseRules: Hashable, Sendable {
    struct Need: Hashable, Sendable {
        var yes: Int
        var humans: Int
        var attest: Int
        var lifetime = 3600
        var execution = 900
    }

    var kinds: [String: Need]
    var overlapDays = 30
    var attestDays = 7
    var initiatorCounts = false

    func need(_ kind: String, isDrill: Bool) -> Need? { kinds[isDrill ? "drill" : kind] }
}
