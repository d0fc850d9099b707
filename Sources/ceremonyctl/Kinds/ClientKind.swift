// What this client does for a kind of ceremony besides what it does for all of them: how parameters
// come from a command line, and how a statement is told in plain words. What is legal the kind
// itself says, in the rules; a kind that needs none of this has no entry here.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A kind's part in this client. A value is what one statement of the kind orders.
protocol ClientKind: Sendable {
    /// The kind that it belongs to.
    static var kind: any CeremonyKind.Type { get }

    /// The parameters to be asked for: what stands behind `--set`, and what this client makes of
    /// the kind's own options, of the people and rules in force, and of whatever on this machine
    /// the options name.
    ///
    /// - Throws: `usage` (64), and what reading that throws.
    static func parameters(
        _ chosen: [String: String], _ options: KindOptions, under roster: Roster
    ) throws(ClientError) -> [String: String]

    /// The first line of the kind's own block that does not follow from the people and rules under
    /// which a statement was drafted; `nil` where all of them do.
    static func difference(in statement: Statement, under roster: Roster) -> String?

    /// What a parameter comes to in a statement, where that is neither what was said nor the kind's
    /// own standard: something that only whoever drafts it sees. `nil` where it is one of these.
    ///
    /// - Parameter said: what was said; `nil` where nothing was.
    static func comesTo(_ parameter: String, said: String?, in statement: Statement) -> String?

    /// What a statement orders, in plain words, where there is no log to read besides.
    static func alone(_ statement: Statement) -> [String]

    /// What whoever orders its execution should know before.
    static func beforeExecution(of statement: Statement) -> [String]

    /// What a message says that somebody is asked to sign while it is carried out.
    static func sentences(on message: Question.Message, of statement: Statement) -> [String]

    /// How what a ceremony of the kind is about stands and will stand, one line each.
    static func standing(of ceremony: Ceremony, in state: State) -> [String]

    /// What a response set of the kind is for, in a word; `nil` where it has none for it.
    static func title(of set: String) -> String?

    /// What somebody does who is asked in a response set; `nil` where it is only to accept.
    static func part(of set: String) -> String?

    /// What has taken effect with the commit; `nil` where nothing is to be said but that.
    static func done(_ ceremony: Ceremony) -> String?

    /// What is valid after one that came to nothing; `nil` where nothing is to be said but that
    /// it is what was valid before.
    static func valid(after ceremony: Ceremony, in state: State) -> String?

    /// Whose key somebody vouches for who answers for that set; `nil` where it is for nobody's.
    static func stranger(vouchedFor set: String, in statement: Statement) -> Signatory?

    /// Reads what a statement of the kind orders, to be told to somebody who is about to sign.
    ///
    /// - Throws: `statement-differs` (1) where it is not what the signed log says.
    init(_ statement: Statement, _ log: TrustedLog, _ roster: Roster) throws(ClientError)

    /// Reads the copy of the vault that was given, so that what is told of the vault is not only
    /// the daemon's word.
    ///
    /// - Throws: `usage` (64) for a kind that is about no vault's events; `vault-trouble` (66);
    ///   `vault-differs` (1) where the copy is not what the statement says.
    mutating func read(_ copy: VaultCopy) throws(ClientError)

    /// Says it in plain words.
    func tell(_ status: StatusReport)

    /// The same in few lines, for the question itself, from which the rest has scrolled away.
    var gist: [String] { get }

    /// How the kinds stand afterwards with the people there are, where that changes. In production
    /// nothing is started that leaves nobody to spare, unless it is accepted.
    var outlook: [Outlook] { get }
}

extension ClientKind {
    /// What stands behind `--set`.
    static func parameters(
        _ chosen: [String: String], _ options: KindOptions, under roster: Roster
    ) throws(ClientError) -> [String: String] { chosen }

    /// Nothing more than what is compared for every kind.
    static func difference(in statement: Statement, under roster: Roster) -> String? { nil }

    /// Nothing: what is said is stated.
    static func comesTo(_ parameter: String, said: String?, in statement: Statement) -> String? {
        nil
    }

    /// Nothing that the statement does not say itself.
    static func alone(_ statement: Statement) -> [String] { [] }

    /// Nothing that the statement does not say itself.
    static func beforeExecution(of statement: Statement) -> [String] { [] }

    /// Nobody is asked.
    static func sentences(on message: Question.Message, of statement: Statement) -> [String] { [] }

    /// The ceremony's own state says it.
    static func standing(of ceremony: Ceremony, in state: State) -> [String] { [] }

    /// The set's name says it.
    static func title(of set: String) -> String? { nil }

    /// What the set is for.
    static func part(of set: String) -> String? { title(of: set) }

    /// That it has taken effect.
    static func done(_ ceremony: Ceremony) -> String? { nil }

    /// What was valid before it.
    static func valid(after ceremony: Ceremony, in state: State) -> String? { nil }

    /// Nobody vouches for anybody.
    static func stranger(vouchedFor set: String, in statement: Statement) -> Signatory? { nil }

    /// A copy of a vault does not fit.
    mutating func read(_ copy: VaultCopy) throws(ClientError) {
        throw .noCopyWanted(by: Self.kind.name)
    }

    /// It changes neither people nor rules.
    var outlook: [Outlook] { [] }
}

/// The kinds that have a part of their own in this client.
enum ClientKinds {
    /// One entry for each.
    private static let all: [any ClientKind.Type] = [
        HaltClearing.self, RosterSetting.self, PolicySetting.self, VaultRotation.self,
        VaultReset.self, MembershipChange.self,
    ]

    /// The part of the kind of that name; `nil` where it has none.
    static func part(of kind: String) -> (any ClientKind.Type)? {
        all.first { $0.kind.name.utf8.elementsEqual(kind.utf8) }
    }

    /// What a statement orders, to be told; `nil` for kinds whose statement says it all.
    ///
    /// - Parameter copy: the vault that it is about, for this client to read itself.
    /// - Throws: `statement-differs` (1); what reading the copy throws.
    static func reading(
        _ statement: Statement, _ log: TrustedLog, _ roster: Roster, _ copy: VaultCopy? = nil
    ) throws(ClientError) -> (any ClientKind)? {
        guard let part = part(of: statement.kind) else {
            if copy != nil { throw .noCopyWanted(by: statement.kind) }
            return nil
        }
        var reading = try part.init(statement, log, roster)
        if let copy { try reading.read(copy) }
        return reading
    }
}

/// Options of `start` that only some kinds take.
struct KindOptions: ParsableArguments {
    @OptionGroup var people: RosterOptions

    /// One entry for each group above.
    private var groups: [any KindOptionGroup] { [people] }

    /// The parameters to be asked for, for a ceremony of that kind.
    ///
    /// - Throws: `usage` (64) where options of other kinds are used.
    func parameters(_ chosen: [String: String], for kind: String, under roster: Roster)
        throws(ClientError) -> [String: String]
    {
        for group in groups where group.isUsed {
            let takers = type(of: group).kinds.map { $0.name }
            guard takers.contains(where: { $0.utf8.elementsEqual(kind.utf8) }) else {
                throw .usage(
                    "Options about \(type(of: group).matter) do not fit \(kind).",
                    next: "They are for \(Phrase.list(takers)).")
            }
        }
        return try ClientKinds.part(of: kind)?.parameters(chosen, self, under: roster) ?? chosen
    }
}

/// A group of options, and who takes them.
protocol KindOptionGroup: ParsableArguments {
    /// What they are about: "people and rules".
    static var matter: String { get }
    /// The kinds that take them.
    static var kinds: [any CeremonyKind.Type] { get }
    /// Whether any of them was given.
    var isUsed: Bool { get }
}
