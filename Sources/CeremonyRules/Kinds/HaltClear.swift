// The end of halts: exactly those that the statement lists. A halt raised meanwhile stays, because
// nobody has approved its end. CT-11, W56.

public import CeremonyRecord

/// Clears the halts that it lists.
public struct HaltClear: ImmediateKind {
    /// `halt-clear`
    public static let name = "halt-clear"
    /// For `ceremonyctl kinds`.
    public static let summary = "Clears halts; whoever raised one may start this, not approve it."
    /// The halts; left out, all that are in force.
    public static let parameters = [
        KindParameter(
            "halts", "their positions in the log, with commas; else all there are",
            isFromLog: true)
    ]
    /// Two keepers.
    public static let standardEntry = Policy.Entry(threshold: 2, attest: 0)
    /// Nobody clears a halt alone.
    public static let leastThreshold = 2
    /// The house's halts.
    public static let houseSubject: String? = "house-halt"

    /// Whoever raised one of them is excluded.
    public static let excludesOthers = true

    private let halts: [State.Halt]

    /// It is what a halt waits for, whichever it names.
    public static func wouldGoOnHalted(_ parameters: [String: String], in state: State) -> Bool {
        true
    }

    /// A halt, for it is what that waits for; and a clock that is behind, for what sets that right
    /// waits for the halt to be cleared.
    public var goesOnDespite: Set<Hindrance> { [.halted, .clock] }

    /// Keepers.
    public static func mayApprove(_ member: Member, class subjectClass: String?) -> Bool {
        member.kind == .keeper
    }

    /// What a statement was drafted with.
    public static func parameters(of statement: Statement) -> [String: String] {
        ["halts": statement.fields.all("halt").joined(separator: ",")]
    }

    /// Makes the operation.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) where a halt listed is not in force, or none is.
    public init(
        _ parameters: [String: String], subject: String, ceremony: String, in state: State
    ) throws(Refusal) {
        guard !state.halts.isEmpty else {
            throw Refusal(
                .badParameter, "The log is not halted, so there is nothing to clear.",
                next: "A halt that only the halt file holds is in the log once that is unlocked.")
        }
        switch parameters["halts"] {
        case nil:
            halts = state.halts
            try checkEnough(in: state)
        case let list?:
            var found: [State.Halt] = []
            for word in list.utf8.split(
                separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            {
                guard let seq = Decimal.decode(word),
                    let halt = state.halts.first(where: { $0.seq == seq }),
                    found.last.map({ $0.seq < seq }) ?? true
                else {
                    throw Refusal(
                        .badParameter,
                        "halts lists positions of halts that are in force, rising, and each once.",
                        next: "In force are: "
                            + state.halts.map { String($0.seq) }.joined(separator: ",") + ".")
                }
                found.append(halt)
            }
            halts = found
        }
    }

    /// Where too many keepers have raised one, not all of them can be cleared together.
    private func checkEnough(in state: State) throws(Refusal) {
        let raisers = excluded(in: state)
        let others = state.roster.members.count {
            HaltClear.mayApprove($0, class: nil) && !raisers.contains($0.name)
        }
        let entry = state.roster.policy.entry(kind: HaltClear.name, class: nil)
        guard halts.count > 1, let entry, others < entry.threshold else { return }
        throw Refusal(
            .unmeetable,
            "All halts together cannot be cleared: whoever raised one does not approve its end, and "
                + "that leaves \(others) of the \(entry.threshold) keepers who must.",
            next: "Clear them one after the other, the first with: --set halts=\(halts[0].seq).",
            requirement: "CT-11")
    }

    /// Who can start the clearing of halts so that enough keepers are left to approve it: neither
    /// whoever raised one of them nor whoever starts it does.
    ///
    /// - Parameter raisers: Whoever raised one of them.
    public static func starters(clearing raisers: Set<String>, in roster: Roster) -> [String] {
        guard let entry = roster.policy.entry(kind: name, class: nil) else { return [] }
        let keepers = roster.members.filter {
            mayApprove($0, class: nil) && !raisers.contains($0.name)
        }
        return roster.members.filter(\.mayStart).map(\.name).filter { initiator in
            let left = keepers.filter {
                roster.policy.initiatorCounts || !$0.name.utf8.elementsEqual(initiator.utf8)
            }
            return left.count >= entry.threshold
                && left.count { $0.kind != .system } >= entry.people
        }
    }

    /// One line for each halt.
    public var fields: Fields {
        Fields(halts.map { Field(name: "halt", value: String($0.seq)) })
    }

    /// Whoever raised one of them.
    public func excluded(in state: State) -> Set<String> { Set(halts.compactMap(\.by)) }

    /// The halts, each with what it was raised for.
    public func dependencies(in state: State) -> [String: JSON] {
        [
            "halts": .array(
                halts.map {
                    .object([
                        "seq": .number($0.seq), "by": .string($0.by ?? "none"),
                        "time": .string("\($0.time)"),
                    ])
                })
        ]
    }

    /// The clearing itself.
    public func consequences(of ceremony: Ceremony) -> [EventBody] {
        [.haltCleared(HaltCleared(ceremony: ceremony.id, halts: halts.map(\.seq)))]
    }
}
