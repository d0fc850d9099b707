// Who may do what, in one table (DESIGN section 3). Respond is not here: a statement lists those
// who may, and the response sets hold to it.

import CeremonyRecord

/// The roles in which an act may be done.
enum Permission {
    static func roles(for act: ActName) -> Set<ActRole> {
        switch act {
        case .execute, .cancel: [.operator, .initiator, .witness]
        case .decline: [.witness, .participant]
        case .halt: [.keeper]
        case .note: [.operator, .keeper, .witness, .auditor, .participant]
        case .recover: [.operator]
        case .confirm, .tidy: [.participant]
        }
    }
}

extension State {
    /// Refuses an act whose actor does not truly have the role it claims, or may not act in it.
    ///
    /// - Throws: ``Refusal`` (`wrong-role`).
    func checkPermission(_ act: Act, by member: Member, on ceremony: Ceremony?) throws(Refusal) {
        let has =
            switch act.role {
            case .initiator: ceremony?.statement.initiator.name == member.name
            case .witness where act.act != .note:
                ceremony?.approvals.names.contains(member.name) ?? false
            // A participant's no was recognised by its key before.
            case .participant where act.act != .note: false
            default: member.has(act.role)
            }
        let mayAct = ![.execute, .recover].contains(act.act) || member.kind != .system
        guard has, mayAct, Permission.roles(for: act.act).contains(act.role) else {
            let allowed = Permission.roles(for: act.act).map(\.rawValue).sorted()
            throw Refusal(
                .wrongRole,
                "\(member.name) may not \(act.act.rawValue) as \(act.role.rawValue)"
                    + (ceremony.map { " in \($0.id)" } ?? "") + ".",
                next: "This act is for: \(allowed.joined(separator: ", ")).", requirement: "FR70")
        }
    }
}
