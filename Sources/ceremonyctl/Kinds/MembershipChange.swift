// A change of an authority's members, for whoever starts, approves or accepts it: in plain words
// who stays, goes and comes, and what it will take from then on.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What a change of membership orders.
struct MembershipChange: ClientKind {
    static let kind: any CeremonyKind.Type = Membership.self

    private let fields: Fields
    private let subject: String

    init(_ statement: Statement, _ log: TrustedLog, _ roster: Roster) throws(ClientError) {
        self.init(statement)
    }

    private init(_ statement: Statement) {
        fields = statement.fields
        subject = statement.subject
    }

    static func alone(_ statement: Statement) -> [String] { MembershipChange(statement).gist }

    /// Whoever is named without a key answers with the first that the log knows of them; what is
    /// not said of the authority stays as it is. How long members are waited for depends on how
    /// long the policy has it carried out.
    static func comesTo(_ parameter: String, said: String?, in statement: Statement) -> String? {
        switch parameter {
        case "add", "renew":
            said.map { _ in Membership.parameters(of: statement)[parameter] ?? "none" }
        case "role", "sign", "approve", "patience":
            said == nil ? statement.fields[parameter] : nil
        case "guards", "so-pin":
            said == nil ? Membership.parameters(of: statement)[parameter] ?? "none" : nil
        case "accept": statement.fields["acceptances"]
        default: nil
        }
    }

    func tell(_ status: StatusReport) {
        for sentence in sentences { Talk.paragraph(Display.neutralised(sentence)) }
    }

    var gist: [String] { sentences.map { Display.neutralised($0) } }

    /// What is ordered.
    private var sentences: [String] {
        let epoch = said("epoch")
        let (staying, leaving) = (names("stay"), names("leave"))
        let (renewing, coming) = (names("renew"), names("invite"))
        var told = [
            "\(subject) is \(epoch == "1" ? "made" : "changed"): a \(said("role")) authority, epoch "
                + "\(epoch)."
        ]
        if !coming.isEmpty { told.append("New in it: \(Phrase.list(coming)).") }
        if !renewing.isEmpty { told.append("With a new key: \(Phrase.list(renewing)).") }
        if !leaving.isEmpty {
            told.append("Out of it from the commit on, at once: \(Phrase.list(leaving)).")
        }
        if !staying.isEmpty { told.append("As before: \(Phrase.list(staying)).") }
        if epoch != "1" {
            told.append(
                said("consent") == "0"
                    ? "None of its members is asked to consent to that."
                    : "Of its members now, \(said("consent")) must consent to that.")
        }
        if said("acceptances") != "all" {
            told.append(
                "Of those who come, \(said("acceptances")) are enough; whoever has not accepted by "
                    + "the execution is not in it.")
        }
        told.append(
            "From then on \(said("sign")) of them sign for it, and \(said("approve")) must consent to "
                + "a change.")
        told += guarding
        if !coming.isEmpty || !renewing.isEmpty { told.append(commit) }
        for stranger in Membership.strangers(by: fields) {
            told.append(
                "This log does not know \(stranger.name), whose key is said to be "
                    + "\(stranger.fingerprint). Two people who have compared it with "
                    + "\(stranger.name) must vouch for that.")
        }
        told.append(
            epoch == "1"
                ? "Until it commits there is no such authority."
                : "Until it commits, and if it never does, epoch \(previous) stays in force.")
        return told
    }

    /// What is ordered about a token that they guard.
    private var guarding: [String] {
        guard let token = fields["guards"].flatMap({ TokenReference(uri: $0) }) else { return [] }
        let officers = fields.all("so-pin")
        return [
            "They guard the daemon's token \(token.label) (serial \(token.serial)): it gets a new PIN "
                + "that nobody knows. Every member comes with their token and takes a share of it; "
                + "\(said("sign")) of them open the token from then on.",
            "Its security officer's PIN, which could set that PIN anew, is kept by "
                + "\(Phrase.list(officers)).",
        ]
    }

    static func beforeExecution(of statement: Statement) -> [String] {
        let change = MembershipChange(statement)
        let asked = change.names("invite") + change.names("renew")
        guard !asked.isEmpty || change.fields["guards"] != nil else { return [] }
        return [
            change.commit,
            "Tell those who bring a key to be there, each with their token: "
                + "\(Phrase.list(asked.isEmpty ? change.names("stay") : asked)).",
        ]
    }

    /// What is asked of the new keys, and what silence does.
    private var commit: String {
        let patience = said("patience")
        guard patience != "0" else {
            return
                "At the commit nobody is asked whether their new key is there: the statement gives "
                + "them no time."
        }
        if fields["guards"] != nil {
            return
                "At the commit every member has \(patience) seconds to answer; without any one of "
                + "them there is none."
        }
        let keeping = names("stay").count
        let needed = max(0, (Decimal.decode(said("sign").utf8) ?? 0) - keeping)
        return
            "At the commit each new key is asked for \(patience) seconds. Whoever says that it is "
            + "gone stops it; whoever is silent becomes a member all the same and is named as not "
            + "reached"
            + (needed == 0
                ? "." : "; but at least \(needed) of them must answer, or there is no commit.")
    }

    private var previous: String {
        Decimal.decode(said("epoch").utf8).map { String($0 - 1) } ?? "before it"
    }

    private func said(_ name: String) -> String { fields[name] ?? "none" }

    private func names(_ field: String) -> [String] {
        fields.all(field).compactMap { line in
            line.utf8.split(separator: UInt8(ascii: " ")).first.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}
