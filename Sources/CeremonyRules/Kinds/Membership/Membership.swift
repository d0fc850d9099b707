// Who an authority is made of: guardians, devices, groups, blocks. One kind, with the role as data.
// A pending epoch is announced by the statement, every member who comes brings a key of their own,
// and one commit puts all of it into force; until then, and for ever if there is none, the epoch
// before it is the one that counts. The request's Category C contract; reference a.2 to a.8.

public import CeremonyRecord
import HashTreeCollections

/// Creates an authority or changes its membership.
public struct Membership: CeremonyKind {
    /// `membership`
    public static let name = "membership"
    /// For `ceremonyctl kinds`.
    public static let summary =
        "Makes or changes a set of guardians or devices, a group or a block; each member brings a "
        + "key."
    /// Who comes and goes, and the three thresholds.
    public static let parameters = [
        KindParameter(
            "role", AuthorityRole.allCases.map(\.rawValue).joined(separator: ", "),
            isFromLog: true),
        KindParameter(
            "add", "who comes, with commas; NAME=SHA256:... for whom the log does not know",
            standard: "none"),
        KindParameter("remove", "who goes, with commas", standard: "none"),
        KindParameter(
            "renew", "who gets a new key, with commas, or all", standard: "none"),
        KindParameter("sign", "how many sign for it", isFromLog: true),
        KindParameter(
            "approve",
            "how many members must consent to the next change; of a new authority as many as sign, "
                + "and one fewer than there are at most", isFromLog: true),
        KindParameter(
            "accept", "how many of those who come must accept, or all", standard: "all"),
        KindParameter(
            "guards", "the token whose PIN is split among its members", isFromLog: true),
        KindParameter(
            "so-pin", "who keeps that token's security officer's PIN, with commas",
            isFromLog: true),
        KindParameter(
            "patience", "seconds for which members are waited for at the commit",
            standard: String(MembershipTerms.standardPatience)),
    ]
    /// The token that its members guard.
    public static let tokenParameters = ["guards"]
    /// Three witnesses.
    public static let standardEntry = Policy.Entry(threshold: 3, attest: 0)
    /// No key record comes out.
    public static let mostAttestations = 0
    /// The new keys are asked before the commit.
    public static let hasSteps = true
    /// Its subject is an authority.
    public static let isAboutAuthority = true
    /// The response set of members who consent.
    public static let consentSet = "consent"
    /// The response set of those who bring a key.
    public static let memberSet = "members"

    /// What the response sets are called of those who vouch for somebody: this and the name.
    public static let vouchPrefix = "vouch."

    let subject: String
    let terms: MembershipTerms

    /// None: what an authority is stands in its role.
    public var subjectClass: String? { nil }
    /// Nobody holds it.
    public var holder: String? { nil }

    /// What the statement says.
    public static func patience(of statement: Statement) -> Int? {
        statement.fields.number("patience")
    }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        let fields = statement.fields
        var parameters: [String: String] = [:]
        for name in ["role", "sign", "approve", "patience"] { parameters[name] = fields[name] }
        parameters["accept"] = fields["acceptances"]
        parameters["guards"] = fields["guards"] ?? "none"
        if fields["guards"] != nil {
            parameters["so-pin"] = fields.all("so-pin").joined(separator: ",")
        }
        func list(_ name: String, _ parts: [Int]) -> String {
            let words = fields.all(name).map { line in
                let words = MembershipLine.words(of: line)
                return parts.map { $0 < words.count ? words[$0] : "" }.joined(separator: "=")
            }
            return words.isEmpty ? "none" : words.joined(separator: ",")
        }
        parameters["add"] = list("invite", [0, 2])
        parameters["remove"] = list("leave", [0])
        parameters["renew"] = list("renew", [0, 3])
        return parameters
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal``: `bad-parameter`; `wrong-key` for an identity key that is somebody
    ///   else's; `unmeetable` for a membership that could not do what it is for; `key-exists` for a
    ///   subject that has keys of its own.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        guard state.subject(subject)?.keys.isEmpty ?? true else {
            throw Refusal(
                .keyExists, "\(subject) has keys that ceremonies made; it can be no authority.",
                next: "Choose another name for the authority.")
        }
        self.subject = subject
        terms = try MembershipTerms(parameters, of: subject, in: state)
    }

    /// The pending epoch, the thresholds, and a line for each who stays, goes, renews or comes.
    public var fields: Fields {
        var list = [
            Field(name: "role", value: terms.role.rawValue),
            Field(name: "epoch", value: String(terms.epoch)),
            Field(name: "consent", value: String(terms.consent)),
            Field(name: "acceptances", value: terms.least.map(String.init) ?? "all"),
            Field(name: "approve", value: String(terms.approve)),
            Field(name: "sign", value: String(terms.sign)),
            Field(name: "patience", value: String(terms.patience)),
        ]
        if let guarded = terms.guarded {
            list.append(Field(name: "guards", value: guarded.token.uri))
            list += guarded.officers.map { Field(name: "so-pin", value: $0) }
        }
        list += terms.staying.map {
            Field(name: "stay", value: MembershipLine.text($0.name, $0.key.fingerprint))
        }
        list += terms.leaving.map {
            Field(name: "leave", value: MembershipLine.text($0.name, $0.key.fingerprint))
        }
        list += terms.renewing.map { member, invited in
            Field(
                name: "renew",
                value: MembershipLine.text(member.name, member.key.fingerprint) + " "
                    + MembershipLine.text(invited.owner, invited.identity))
        }
        list += terms.newcomers.map {
            Field(
                name: "invite",
                value: "\($0.name) " + MembershipLine.text($0.owner, $0.identity))
        }
        list += terms.invitations.filter { !$0.isKnown }.map {
            Field(name: "vouch", value: MembershipLine.text($0.name, $0.identity))
        }
        return Fields(list)
    }

    /// The authority; but that somebody goes at once waits for nothing else.
    public var locks: [Lock] {
        terms.invitations.isEmpty && !terms.leaving.isEmpty ? [] : [.subject(subject)]
    }

    /// Members consent with their keys in the authority, those who come accept with the key that
    /// says who they are and bring a new one, and for whom the log does not know two people vouch.
    ///
    /// Who goes is asked like every member, and is needed by nobody: as many consents as there are
    /// members who do not leave are always enough.
    public static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet] {
        var sets: [AcceptanceSet] = []
        let members = ["stay", "leave", "renew"].flatMap { fields.all($0) }.compactMap {
            MembershipLine.signatory($0, from: 0)
        }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        if let consent = fields.number("consent"), consent > 0 {
            sets.append(
                AcceptanceSet(consentSet, members, atLeast: consent, signers: .members))
        }
        let invited =
            fields.all("invite").compactMap { MembershipLine.signatory($0, from: 1) }
            + fields.all("renew").compactMap { MembershipLine.signatory($0, from: 2) }
        if !invited.isEmpty {
            sets.append(
                AcceptanceSet(
                    memberSet, invited, atLeast: fields.number("acceptances"), bringsKey: true))
        }
        let vouching = roster.members.filter { $0.kind != .system }.compactMap { member in
            member.keys.first.map {
                Signatory(name: member.name, fingerprint: $0.key.fingerprint)
            }
        }
        for stranger in strangers(by: fields) {
            sets.append(AcceptanceSet(vouchSet(for: stranger), vouching, atLeast: 2))
        }
        return sets
    }

    /// Those whom the log does not know, with the keys that are said to be theirs.
    public static func strangers(by fields: Fields) -> [Signatory] {
        fields.all("vouch").compactMap { MembershipLine.signatory($0, from: 0) }
    }

    /// The response set of those who vouch for somebody.
    public static func vouchSet(for stranger: Signatory) -> String { vouchPrefix + stranger.name }

    /// The epoch in force, all of it; and what other authorities say of those who come and are on
    /// no roster.
    public func dependencies(in state: State) -> [String: JSON] {
        var depends: [String: JSON] = ["authority": .string("none")]
        if let current = state.authority(subject)?.current {
            // Which split opens the token that they guard.
            let guardianship = current.split.flatMap { state.guardianship(of: $0.token) }
            depends["guards"] = .string(guardianship?.inForce?.ceremony ?? "none")
            depends["authority"] = .object([
                "epoch": .number(current.number), "approve": .number(current.approve),
                "sign": .number(current.sign), "role": .string(terms.role.rawValue),
                "members": .array(
                    current.members.map {
                        .string("\($0.name) \($0.key.fingerprint) \($0.owner) \($0.identity)")
                    }),
            ])
        }
        let known = terms.invitations.filter {
            $0.isKnown && state.roster.member(holding: $0.identity) == nil
        }
        if !known.isEmpty {
            depends["known"] = .array(
                known.map { .string("\($0.name) \($0.owner) \($0.identity)") })
        }
        return depends
    }
}

/// The words of the kind's lines: names and fingerprints with one space between them.
enum MembershipLine {
    static func text(_ name: String, _ key: Fingerprint) -> String { "\(name) \(key)" }

    static func words(of line: String) -> [String] {
        line.utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The name and the key that stand there.
    static func signatory(_ line: String, from place: Int) -> Signatory? {
        let words = words(of: line)
        guard place + 1 < words.count, let key = Fingerprint(words[place + 1]) else { return nil }
        return Signatory(name: words[place], fingerprint: key)
    }
}

extension Fields {
    fileprivate func number(_ name: String) -> Int? {
        self[name].flatMap { Decimal.decode($0.utf8) }
    }
}
