// The documents that this client signs, and under which namespace: whatever is none of ours is
// refused, because a signature under our namespaces must never cover bytes a stranger chose.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What a person says with a signature over a statement.
enum StatementIntent: Sendable {
    /// Their own ceremony is opened.
    case open
    /// They approve it.
    case approve
}

/// A document whose bytes were read and understood.
struct KnownDocument: Sendable {
    /// What it says.
    let content: AnyDocument
    /// The bytes that are signed: those of the file, which are those of the document.
    let bytes: [UInt8]
    /// What a signature over it is for.
    let namespace: SignatureNamespace
    /// A name for it, such as `statement of keeper-alpha-1`.
    let title: String
    /// What signing says, behind "By signing, ".
    let meaning: String

    /// What a statement orders, told in plain words where its kind has some.
    private let told: [String]?

    /// Reads the bytes of a document.
    ///
    /// - Parameter told: What a statement orders, in plain words; its own lines where there are
    ///   none.
    /// - Throws: `not-our-document` (65) naming the line that is not as it must be.
    init(
        _ bytes: [UInt8], intent: StatementIntent = .approve, told: [String]? = nil
    ) throws(ClientError) {
        self.told = told
        do {
            content = try AnyDocument(bytes: bytes)
        } catch {
            throw ClientError(
                .malformed, "not-our-document",
                "This is no document that ceremonyctl signs: \(error).",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "Sign only documents of this system, byte for byte as they were given out; "
                    + "`ceremonyctl show --document` prints them.", requirement: "VAL-2")
        }
        self.bytes = bytes
        switch content {
        case .statement(let statement):
            namespace = intent == .open ? .open : .approve
            title = "statement of \(statement.ceremony)"
            meaning =
                intent == .open
                ? "you open this ceremony as its initiator"
                : "you approve this one operation"
        case .keyRecord(let record):
            namespace = .attest
            title = "key record of \(record.ceremony)"
            meaning = "you attest that this key came out of the operation you saw"
        case .act(let act):
            namespace = .act
            title = "order to \(act.act.rawValue) by \(act.actor.name)"
            meaning = "you order what it says"
        case .acceptance(let acceptance):
            namespace = .accept
            title = "acceptance by \(acceptance.participant.name) in \(acceptance.ceremony)"
            meaning = "you accept your part in the operation"
        case .genesis(let genesis):
            namespace = .genesis
            title = "founding document of \(genesis.log)"
            meaning = "you found this log with this key, these rules and these people"
        case .authorityOrder(let order):
            namespace = .authority
            title = "signature of \(order.authority) on \(Display.neutralised(order.name))"
            meaning = "you sign the file for \(order.authority), as one of its members"
        case .invite(let invite):
            namespace = .invite
            title = "invite of \(invite.invitee.name) to \(invite.ceremony)"
            meaning = "you ask \(invite.invitee.name) for their part in the ceremony you started"
        }
    }

    /// As it is put before a person.
    var shown: ShownDocument {
        ShownDocument(
            title: title, lines: content.document.lines, bytes: bytes, meaning: meaning,
            gist: gist)
    }

    /// What it is about; a fingerprint stands on a line of its own.
    private var gist: [String] {
        switch content {
        case .statement(let statement):
            [
                "\(statement.kind) of \(statement.subject), \(statement.ceremony), started by "
                    + statement.initiator.name
            ] + KnownDocument.cut(told ?? statement.gist) + ["reason: \(statement.reason)"]
        case .keyRecord(let record):
            ["key of \(record.subject), \(record.ceremony)", "\(record.fingerprint)"]
        case .act(let act):
            [
                act.act.rawValue + (act.ceremony.map { " \($0)" } ?? "")
                    + " in \(act.log), by \(act.actor.name): \(act.justification)"
            ]
        case .acceptance(let acceptance):
            ["\(acceptance.kind) of \(acceptance.subject), \(acceptance.ceremony)"]
        case .genesis(let genesis):
            ["\(genesis.mode.rawValue) log \(genesis.log), \(genesis.members.count) members"]
        case .authorityOrder(let order):
            ["\(order.authority), epoch \(order.epoch): \(order.name)", "\(order.file)"]
        case .invite(let invite):
            [
                "\(invite.ceremony), part `\(invite.set)`, until \(invite.expires)",
                "\(invite.invitee.fingerprint)",
            ]
        }
    }

    /// As much of it as a small screen holds above the question, and how much stands above that.
    private static func cut(_ lines: [String]) -> [String] {
        let most = 10
        guard lines.count > most else { return lines }
        return lines.prefix(most - 1) + ["and \(lines.count - most + 1) lines more, shown above"]
    }

    /// The fingerprints of which one has to sign; `nil` where the document does not say.
    var fingerprints: [(name: String, fingerprint: Fingerprint)]? {
        switch content {
        case .statement(let statement):
            namespace == .open
                ? [(statement.initiator.name, statement.initiator.fingerprint)]
                : statement.witnesses.map { ($0.name, $0.fingerprint) }
        case .act(let act): [(act.actor.name, act.actor.fingerprint)]
        case .acceptance(let acceptance):
            [(acceptance.participant.name, acceptance.participant.fingerprint)]
        case .genesis(let genesis):
            genesis.members.flatMap { member in
                member.keys.map { (member.name, $0.key.fingerprint) }
            }
        case .keyRecord, .authorityOrder, .invite: nil
        }
    }
}

extension Statement {
    /// The lines of its kind, without those that say nothing of this one operation: what is the
    /// same in all of them, what is not there, and what follows from the identifier.
    fileprivate var gist: [String] {
        fields.list.compactMap { field in
            switch field.name {
            case "algorithm", "key-label": nil
            case "key-id" where field.value.utf8.elementsEqual("random".utf8): nil
            case "overlap-days" where field.value.utf8.elementsEqual("0".utf8): nil
            case "change":
                (try? RosterChange(field.value))?.members.map { members in
                    "people from then on: \(Phrase.list(members.map(\.name)))"
                } ?? "other rules: see the line change"
            default:
                field.value.utf8.elementsEqual("none".utf8) ? nil : "\(field.name): \(field.value)"
            }
        }
    }
}
