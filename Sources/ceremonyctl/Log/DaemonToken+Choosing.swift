// Which token of the daemon a person means, and whether a PIN should be asked for it at all: a PIN
// that was meant for another token is a try that is gone.

import CeremonyRecord
import CeremonyTerminal

extension DaemonToken {
    /// The token that is meant: by name, serial or label.
    ///
    /// - Throws: `unknown-token` (66), `token-ambiguous`, `token-trouble` (74).
    static func named(_ name: String, among tokens: [DaemonToken]) throws(ClientError)
        -> DaemonToken
    {
        let found = tokens.filter { token in
            [token.name, token.serial, token.label].contains {
                $0.utf8.elementsEqual(name.utf8)
            }
        }
        // The configuration's names are unique; a label may be what another token is called there.
        if let named = found.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            return try named.withoutTrouble()
        }
        let names = tokens.map(\.name).joined(separator: ", ")
        guard let first = found.first else {
            throw ClientError(
                .notFound, "unknown-token", "The daemon has no token \(name) to be seen.",
                meaning: "No PIN was asked for.",
                next: "Its tokens: \(names). See `ceremonyctl tokens`.")
        }
        guard found.count == 1 else {
            throw ClientError(
                .token, "token-ambiguous",
                "Several tokens of the daemon could be meant: "
                    + "\(found.map(\.name).joined(separator: ", ")).",
                meaning: "No PIN was asked for.", next: "Name it as the configuration does.")
        }
        return try first.withoutTrouble()
    }

    /// The token whose PIN is to be asked for. Where none is named it is the log token, and only
    /// while no other one is locked: a PIN that was meant for another token is a try that is gone.
    ///
    /// - Parameter wantsDate: Whether a date is wanted of an open log, for which no PIN is.
    /// - Throws: what ``named(_:among:)`` throws; `ambiguous-token` (64).
    static func toUnlock(
        _ name: String?, among tokens: [DaemonToken], wantsDate: Bool
    ) throws(ClientError) -> DaemonToken {
        if let name { return try named(name, among: tokens) }
        if let only = tokens.first, tokens.count == 1 { return try only.withoutTrouble() }
        let usable = tokens.filter { $0.trouble == nil }
        let locked = usable.filter { !$0.isUnlocked }
        let log = usable.filter(\.isLogToken).sorted { $0.logPlace < $1.logPlace }
        guard let first = log.first else {
            throw ClientError(
                .token, "token-missing",
                "The daemon has no token that holds the log key to be seen.",
                meaning: "No PIN was asked for.",
                next: "Its tokens: \(tokens.map(\.name).joined(separator: ", ")). See "
                    + "`ceremonyctl tokens`.")
        }
        if locked.isEmpty || (wantsDate && log.allSatisfy(\.isUnlocked)) { return first }
        if locked.count == 1, locked[0].isLogToken { return locked[0] }
        let list = locked.map { "\($0.name), \($0.title)" }.joined(separator: "; ")
        throw ClientError(
            .usage, "ambiguous-token",
            locked.count == 1
                ? "The log token is unlocked already. Locked is \(list)."
                : "Several tokens of the daemon are locked: \(list).",
            meaning: "No PIN was asked for, so that none is tried on another token than you mean.",
            next: "Say which: "
                + locked.map { "ceremonyctl unlock \($0.name)" }.joined(separator: ", or ") + ".")
    }

    /// The token, unless the daemon cannot reach it.
    private func withoutTrouble() throws(ClientError) -> DaemonToken {
        guard let trouble else { return self }
        throw ClientError(
            .token, "token-trouble", "The daemon's token \(name): \(trouble)",
            meaning: "No PIN was asked for.",
            next: "Plug it in at the daemon's machine; `ceremonyctl tokens` shows what it sees.")
    }

    /// Refuses a token whose PIN nobody can know.
    ///
    /// - Throws: `guarded` (75).
    func checkGuarded(isTyped: Bool) throws(ClientError) {
        guard !isTyped, let guarded, !guarded.isPINKnown else { return }
        throw ClientError(
            .notYet, "guarded", "The PIN of the daemon's token \(title) is held in shares.",
            meaning: "No PIN was asked for.",
            next: "Its guardians hand theirs in: ceremonyctl unseal \(name). If its security "
                + "officer has set a PIN that you know: --typed-pin.")
    }

    /// Refuses a token for which no PIN should be asked.
    ///
    /// - Throws: `pin-tries` (74).
    func checkTries(allowingFinal: Bool) throws(ClientError) {
        if pinTries == "locked" {
            throw ClientError(
                .token, "pin-tries", "The PIN of the daemon's token \(title) is locked.",
                meaning: "No PIN was asked for.",
                next: "Unlock it with the vendor's tool and its PUK or SO PIN.")
        }
        if pinTries == "finalTry", !allowingFinal {
            throw ClientError(
                .token, "pin-tries", "The daemon's token \(title) has one PIN try left.",
                meaning: "No PIN was asked for; the last try was not used.",
                next: "Be sure of the PIN, then add --final-try.")
        }
    }

    var prompt: String {
        let line = warning.isEmpty ? "" : warning + "\n"
        return "\n\(line)PIN for the daemon's token \(Display.neutralised(title)): "
    }

    /// What is to be known before a PIN is typed; empty where there is nothing.
    var warning: String {
        switch pinTries {
        case "ok": ""
        case "low": "A wrong PIN was tried before: only a few tries are left."
        case "finalTry": "This is the LAST TRY: a wrong PIN locks the token."
        default: "PIN tries: \(Display.neutralised(pinTries))."
        }
    }
}
