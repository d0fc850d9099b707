// The commit of a watched ceremony: whom it waits for and how long, whether another one has
// overtaken it, and who was silent when it came.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension CeremonyPicture {
    /// Whether another commit has taken from it what it rests on.
    var isOvertaken: Bool {
        ceremony.state == .executing && !state.isAsAgreed(ceremony)
    }

    /// How long members are waited for who are asked with their new keys.
    var waited: String? {
        guard !isOvertaken, let execution = ceremony.execution,
            let patience = ceremony.statement.fields["patience"].flatMap({ Decimal.decode($0.utf8) }
            ),
            patience > 0, !peopleAsked.isEmpty
        else { return nil }
        return "\(Phrase.list(peopleAsked)), about "
            + Phrase.until(execution.time + patience, now)
    }

    /// Whom its execution has sign, by the log.
    var peopleAsked: [String] {
        guard ceremony.state == .executing,
            let operation = try? state.operation(of: ceremony.statement)
        else { return [] }
        return operation.questions(nil, of: ceremony).map(\.person)
    }

    /// Who did not answer at the commit that brought an authority's epoch.
    var silent: [String] {
        let epoch = state.authority(ceremony.statement.subject)?.epochs.first {
            $0.ceremony.utf8.elementsEqual(ceremony.id.utf8)
        }
        guard let epoch, !epoch.unreached.isEmpty else { return [] }
        return [
            "  silent   \(Phrase.list(epoch.unreached)) did not answer at the commit",
            "    Have each sign something to see that the key is there, or renew it.",
        ]
    }
}
