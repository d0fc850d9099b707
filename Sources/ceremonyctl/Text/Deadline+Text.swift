// Deadlines for people: when, what, and the command to type.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension Deadline {
    /// Its row in a list, and the command below it.
    func lines(at now: Timestamp, indent: String) -> [String] {
        let line = "\(indent)\(date)  \(distance(at: now)): \(text)"
        var lines = [line] + command.map { "\(indent)  ceremonyctl \($0)" }
        if !ifGone.isEmpty {
            lines.append(
                "\(indent)  only if the token is gone, for a revocation is for ever and ends the key:"
            )
            lines += ifGone.map { "\(indent)    ceremonyctl \($0)" }
        }
        return lines
    }

    /// `in 3 d 4 h`, `since 3 d 4 h`, `until in 6 d 23 h` for what is due and still has an end.
    private func distance(at now: Timestamp) -> String {
        if now < date {
            return (isDue(at: now) ? "due, ends in " : "in ") + Phrase.span(date - now)
        }
        guard since != nil else { return "over, and written down as soon as the log can be" }
        return now == date ? "due now" : "due for \(Phrase.span(now - date))"
    }

    /// What to type, without `ceremonyctl`; two commands where the second follows the first.
    ///
    /// Words in capitals are to be chosen.
    var command: [String] {
        let name = subject ?? "SUBJECT"
        switch (matter, ceremony) {
        case (.execution, let id?): return ["watch \(id)"]
        case (.attestation, let id?): return ["attest \(id)"]
        case (.confirmation, let id?): return ["confirm \(id)"]
        case (.recovery, let id?): return ["recover \(id)"]
        case (.tidying, let id?): return ["tidy \(id)"]
        case (.tidying, nil): return ["tidy"]
        case (.memberUnlisted, nil):
            return [
                "start \(Membership.name) \(name) --set remove=NAME --reason \"WHY\""
            ]
        case (_, let id?): return ["show \(id)"]
        case (.halt, nil):
            return ["start \(HaltClear.name) \(HaltClear.houseSubject ?? name) --reason \"WHY\""]
        case (.rotation, nil) where vault != nil: return vaultRotation("its days are over")
        case (.rotationNoted, nil) where vault != nil: return vaultRotation("see the note")
        case (.tokenLost, nil) where vault != nil:
            return vaultRotation("its token is lost", " --cause device_loss")
        case (.rotationNoted, nil): return [rotation(of: name, into: "TOKEN", "see the note")]
        case (.rotation, nil): return [rotation(of: name, into: ownToken, "its days are over")]
        case (.holderLeft, nil): return [rotation(of: name, into: "TOKEN", "its holder has left")]
        case (.tokenLost, nil):
            // The log knows what people took the token for. Where it is at hand all the same, its
            // key signs for its successor.
            return [rotation(of: name, into: "TOKEN", "its token was taken for lost")]
        case (.keyRevoked, nil):
            return vaultRotation("see: ceremonyctl keys \(name)")
        case (.drill, nil):
            guard let subject else {
                return [
                    "start \(NewKeeperKey.name) NAME --set class=drill --into TOKEN "
                        + "--reason \"a drill\""
                ]
            }
            return [rotation(of: subject, into: ownToken, "a drill")]
        case (.overlapEnd, nil):
            return [name == LogKeyChange.houseSubject ? "status" : "keys \(name)"]
        case (.ceremony, nil), (.execution, nil), (.attestation, nil), (.recovery, nil),
            (.unfinished, nil), (.confirmation, nil):
            return []
        }
    }

    /// A vault's key is replaced by an authority that survives it, which people have to choose.
    private func vaultRotation(_ reason: String, _ options: String = "") -> [String] {
        guard let vault else { return [] }
        return [
            "provara rotate \(vault.vault) --revoke \(vault.id) --with-authority AUTHORITY"
                + options + " --into TOKEN --reason \"\(reason)\""
        ]
    }

    /// What to type instead where the token of the key will not come back: the second command
    /// follows the first.
    var ifGone: [String] {
        guard matter == .tokenLost, ceremony == nil, vault == nil else { return [] }
        let (name, lost) = (subject ?? "SUBJECT", key.map { "\($0)" } ?? "FINGERPRINT")
        return [
            "start \(KeyRevocation.name) \(name) --set key=\(lost) --set cause=loss "
                + "--reason \"its token is lost\"",
            "start \(NewKeeperKey.name) \(name) --into TOKEN --reason \"its token is lost\"",
        ]
    }

    private func rotation(of name: String, into token: String, _ reason: String) -> String {
        "start \(KeyRotation.name) \(name) --into \(token) --reason \"\(reason)\""
    }

    /// The token that the key is in, where its serial can be typed as it is.
    private var ownToken: String {
        guard let token, !token.isEmpty,
            token.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte)
            })
        else { return "TOKEN" }
        return token
    }

    /// Whether a ceremony has to be started for it, and none is under way.
    func wantsStart(whileHalted isHalted: Bool) -> Bool {
        guard ceremony == nil else { return false }
        switch matter {
        case .halt: return true
        case .rotation, .rotationNoted, .holderLeft, .memberUnlisted, .tokenLost, .keyRevoked,
            .drill:
            return !isHalted
        case .ceremony, .execution, .attestation, .recovery, .tidying, .unfinished, .confirmation,
            .overlapEnd:
            return false
        }
    }

    /// For scripts.
    func json(at now: Timestamp) -> JSON {
        .fields([
            "matter": .string(matter.rawValue), "subject": .text(subject),
            "key": .text(key.map { "\($0)" }), "token": .text(token), "vault": .text(vault?.vault),
            "vault_key": .text(vault?.id), "ceremony": .text(ceremony),
            "date": .string("\(date)"), "since": .text(since.map { "\($0)" }),
            "due": .bool(isDue(at: now)), "text": .string(text),
            "commands": .strings(command.map { "ceremonyctl " + $0 }),
            "commands_if_token_gone": ifGone.isEmpty
                ? nil : .strings(ifGone.map { "ceremonyctl " + $0 }),
        ])
    }
}
