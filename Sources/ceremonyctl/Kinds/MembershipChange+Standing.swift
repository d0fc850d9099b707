// A change of an authority's members for whoever watches it: the epoch in force beside the one that
// is pending, and what its response sets are for.

import CeremonyRecord
import CeremonyRules

extension MembershipChange {
    /// The epoch in force and the one that is pending.
    static func standing(of ceremony: Ceremony, in state: State) -> [String] {
        let current = state.authority(ceremony.statement.subject)?.current
        var lines = [
            current.map {
                "\($0.number) is in force since \($0.begun.time): "
                    + Phrase.list($0.members.map(\.name))
            } ?? "none is in force: there is no authority \(ceremony.statement.subject)"
        ]
        if ceremony.state == .executing, !state.isAsAgreed(ceremony) {
            lines.append(
                "\(pending(ceremony)), as agreed on in this ceremony, cannot come any more")
        } else if !ceremony.state.isEnd {
            lines.append("\(pending(ceremony)) is pending and means nothing yet")
        }
        return lines.map { "epoch    \($0)" }
    }

    /// The members' consent, the newcomers' acceptance, or whom people vouch for.
    static func title(of set: String) -> String? {
        if set.utf8.elementsEqual(Membership.memberSet.utf8) { return "accept" }
        if set.utf8.elementsEqual(Membership.consentSet.utf8) { return "consent" }
        guard set.utf8.starts(with: Membership.vouchPrefix.utf8) else { return nil }
        return "vouch for "
            + String(decoding: set.utf8.dropFirst(Membership.vouchPrefix.utf8.count), as: UTF8.self)
    }

    /// The same as what is to be done: who comes brings a key.
    static func part(of set: String) -> String? {
        set.utf8.elementsEqual(Membership.memberSet.utf8) ? "bring a key" : title(of: set)
    }

    /// The new epoch.
    static func done(_ ceremony: Ceremony) -> String? {
        "epoch \(pending(ceremony)) took effect with the event that ended it"
    }

    /// The epoch before it, if there is one.
    static func valid(after ceremony: Ceremony, in state: State) -> String? {
        let name = ceremony.statement.subject
        guard let current = state.authority(name)?.current.number else {
            return "there is no authority \(name), as before it"
        }
        return "epoch \(current) of \(name) is in force; epoch \(pending(ceremony)) of this "
            + "ceremony never was"
    }

    /// The one whom the log does not know.
    static func stranger(vouchedFor set: String, in statement: Statement) -> Signatory? {
        Membership.strangers(by: statement.fields).first {
            set.utf8.elementsEqual(Membership.vouchSet(for: $0).utf8)
        }
    }

    private static func pending(_ ceremony: Ceremony) -> String {
        ceremony.statement.fields["epoch"] ?? "another"
    }
}
