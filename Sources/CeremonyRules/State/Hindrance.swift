// What goes on although something stands in the way (DESIGN section 3, Halt and Time). One place
// says it for documents that people hand in and for events; a kind says it for its ceremonies.

public import CeremonyRecord

/// What stands in the way of nearly everything.
public enum Hindrance: String, Hashable, Sendable, CaseIterable {
    /// The house is halted.
    case halted
    /// The clock is behind the log, was set, or was not watched: what time it is cannot be told
    /// (``ClockStanding``).
    case clock
}

extension State {
    /// Whether a person may hand the document in all the same.
    public func goesOn(_ document: AnyDocument, despite hindrance: Hindrance) -> Bool {
        switch document {
        case .act(let act):
            switch act.act {
            case .halt, .decline, .cancel: true
            case .note: hindrance == .halted
            case .execute, .recover, .confirm, .tidy: false
            }
        case .statement(let statement):
            // To be approved, or to be opened.
            ceremony(named: statement.ceremony).map { $0.goesOnDespite.contains(hindrance) }
                ?? goesOn(statement, despite: hindrance)
        case .acceptance(let acceptance):
            ceremony(named: acceptance.ceremony)?.goesOnDespite.contains(hindrance) ?? false
        case .keyRecord, .genesis, .authorityOrder, .invite: false
        }
    }

    /// Whether the ceremony that the statement would open goes on all the same.
    func goesOn(_ statement: Statement, despite hindrance: Hindrance) -> Bool {
        (try? operation(of: statement))?.goesOnDespite.contains(hindrance) ?? false
    }

    /// Whether an event that nothing demands may be appended all the same.
    func goesOn(_ body: EventBody, despite hindrance: Hindrance) -> Bool {
        switch body {
        case .daemonStarted, .accessRefused, .haltRaised, .exceptionNoted, .ceremonyDeclined,
            .ceremonyFailed, .ceremonyExpired, .keyRetired, .keyLapsed, .unsealTried:
            true
        case .ceremonyOpened(let opened):
            (try? Statement(lines: opened.signed.lines)).map {
                goesOn($0, despite: hindrance)
            } ?? false
        case .ceremonyWitnessed, .ceremonyAccepted:
            body.ceremony.flatMap { ceremony(named: $0)?.goesOnDespite.contains(hindrance) }
                ?? false
        default: false
        }
    }
}
