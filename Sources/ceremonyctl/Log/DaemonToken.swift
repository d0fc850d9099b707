// A token of the daemon: what it says of itself, and how it is told.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A token of the daemon, as it describes it.
struct DaemonToken: Sendable {
    let name: String
    /// What is the matter, where it cannot be used.
    let trouble: String?
    let label: String
    let serial: String
    let model: String
    let manufacturer: String
    let isUnlocked: Bool
    let canEd25519: Bool
    let pinTries: String
    let asksItself: Bool
    let isLogToken: Bool
    /// Which of the log tokens it is, the one in use being 1; 0 for another token.
    let logPlace: Int
    /// Who holds shares of its PIN, where somebody does.
    let guarded: GuardReport?
    /// As it came.
    let json: JSON

    /// All of them.
    static func list(_ log: TrustedLog) throws(ClientError) -> [DaemonToken] {
        guard case .array(let values)? = try log.call("Tokens")["tokens"] else {
            throw Reply.malformed("no list of tokens")
        }
        return try values.map { value throws(ClientError) in try DaemonToken(value) }
    }

    /// Reads one.
    init(_ json: JSON) throws(ClientError) {
        self = try Reply.read { () throws(JSONError) in try DaemonToken(read: json) }
    }

    private init(read json: JSON) throws(JSONError) {
        self.json = json
        var fields = try JSONFields(json)
        name = try fields.string("name")
        trouble = try fields.optionalString("trouble")
        label = try fields.optionalString("label") ?? ""
        serial = try fields.optionalString("serial") ?? ""
        model = try fields.optionalString("model") ?? ""
        manufacturer = try fields.optionalString("manufacturer") ?? ""
        isUnlocked = try fields.optionalBool("unlocked") ?? false
        canEd25519 = try fields.optionalBool("ed25519") ?? false
        pinTries = try fields.optionalString("pin_tries") ?? ""
        asksItself = try fields.optionalBool("asks_itself") ?? false
        isLogToken = try fields.optionalBool("log_token") ?? false
        logPlace = try fields.optionalNumber("log_place") ?? (isLogToken ? 1 : 0)
        guarded = try fields.optional("guarded").map { json throws(JSONError) in
            try GuardReport(json)
        }
    }

    /// The log tokens that a sealed log still waits for although another one is unlocked; empty
    /// where none is.
    static func awaited(among tokens: [DaemonToken]) -> String {
        let log = tokens.filter(\.isLogToken)
        guard log.contains(where: \.isUnlocked) else { return "" }
        return log.filter { !$0.isUnlocked }.map {
            $0.name + ($0.trouble == nil ? "" : " (not usable now)")
        }.joined(separator: ", ")
    }

    /// The commands that open a sealed log: one for each token that it still waits for. Before any
    /// is unlocked it is not known whether one is enough.
    static func unlocking(_ tokens: [DaemonToken]) -> [String] {
        let log = tokens.filter(\.isLogToken).sorted { $0.logPlace < $1.logPlace }
        let locked = log.filter { !$0.isUnlocked }
        let next = log.contains(where: \.isUnlocked) ? locked : Array(locked.prefix(1))
        return next.map { "ceremonyctl \($0.opening) \($0.name)" }
    }

    /// The verb that opens it.
    var opening: String { guarded?.isPINKnown ?? true ? "unlock" : "unseal" }

    /// The token as statements name it.
    var reference: TokenReference {
        TokenReference(label: label, manufacturer: manufacturer, model: model, serial: serial)
    }

    /// `label (serial ..., model)`.
    var title: String { "\(label) (serial \(serial), \(model))" }

    /// The cells of its row in a list.
    var row: [String] {
        if let trouble { return [name, "NOT USABLE", trouble] }
        return [
            name, isUnlocked ? "unlocked" : "locked", title,
            (canEd25519 ? "" : "no Ed25519 ") + (pinTries == "ok" ? "" : "PIN tries: \(pinTries) ")
                + (isLogToken ? "log token" : "")
                + (guarded.map { (isLogToken ? ", " : "") + "guarded by \($0.authority)" } ?? ""),
        ]
    }
}
