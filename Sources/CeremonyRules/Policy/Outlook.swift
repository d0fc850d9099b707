// Who is left: for each kind of ceremony, whether the people on the roster can do it at all, and
// whether they still can when any one of them is missing. A custodian who learns this on the day
// of an illness learns it too late.

import CeremonyRecord

/// How a kind of ceremony stands with the people there are.
public struct Outlook: Hashable, Sendable {
    /// The kind, as the policy names it.
    public let kind: String
    /// How many must approve.
    public let threshold: Int
    /// Whether it can be done with everybody there.
    public let canBeMet: Bool
    /// The people without whom it can not be done, by name.
    public let indispensable: [String]

    /// Whether anyone may be missing.
    public var hasSpare: Bool { canBeMet && indispensable.isEmpty }

    /// One sentence for a person.
    public var text: String {
        if !canBeMet { return "\(kind): can never be met, \(threshold) must approve" }
        if hasSpare { return "\(kind): \(threshold) must approve; any one person may be missing" }
        return
            "\(kind): \(threshold) must approve; NO SPARE, not without "
            + "\(indispensable.joined(separator: ", "))"
    }
}

extension Roster {
    /// The outlook of every kind that the policy has, by name.
    ///
    /// A kind can be met when some person who may start it leaves enough witnesses, human and in
    /// all, for the approvals and for the attestations.
    public func outlook() -> [Outlook] {
        policy.kinds.sorted { $0.key < $1.key }.map { name, entry in
            Outlook(
                kind: name, threshold: entry.threshold,
                canBeMet: canMeet(name, entry, members),
                indispensable: members.map(\.name).filter { missing in
                    !canMeet(name, entry, members.filter { $0.name != missing })
                })
        }
    }

    /// Refuses a roster with which some kind could never be met.
    ///
    /// - Throws: ``Refusal`` (`unmeetable`) that lists the kinds.
    public func checkMeetable() throws(Refusal) {
        let hopeless = outlook().filter { !$0.canBeMet }
        guard hopeless.isEmpty else {
            throw Refusal(
                .unmeetable,
                "The people listed could never complete: "
                    + "\(hopeless.map(\.text).joined(separator: "; ")).",
                next:
                    "Add witnesses or lower the thresholds; who starts a ceremony does not "
                    + "count for it.",
                requirement: "CT-12")
        }
    }

    private func canMeet(_ name: String, _ entry: Policy.Entry, _ present: [Member]) -> Bool {
        // A drill is a rotation for a subject of that class.
        let isDrill = name == "drill"
        let kind = Kinds.all.first { Policy.fieldName($0.name) == name } ?? KeyRotation.self
        return present.filter(\.mayStart).contains { initiator in
            let witnesses = present.filter {
                kind.mayApprove($0, class: isDrill ? "drill" : nil)
                    && (policy.initiatorCounts || $0.name != initiator.name)
            }
            let humans = witnesses.count { $0.kind != .system }
            return witnesses.count >= entry.threshold && humans >= entry.people
                && witnesses.count >= entry.attest
        }
    }
}
