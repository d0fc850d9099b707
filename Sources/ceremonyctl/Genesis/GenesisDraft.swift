// From a plan to the founding document. What the policy means and who is left when one person is
// missing is not decided here: the rules say so, the same that the daemon founds the log by.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A founding document that has been drafted and not yet signed.
struct GenesisDraft: Sendable {
    /// The document.
    let genesis: Genesis
    /// Who is left, for each kind of ceremony.
    let outlook: [Outlook]
    /// The end of the log that it goes on from.
    let predecessor: State?

    /// Drafts the document of a plan and holds it against the rules.
    ///
    /// - Parameters:
    ///   - predecessor: The log that the plan says it goes on from, verified.
    ///   - acceptNoSpare: whether a production may be founded in which some kind of ceremony stops
    ///     when a single person is missing.
    /// - Throws: `plan` (65) where the plan breaks a rule of the format; what the rules refuse (1);
    ///   `no-spare` (1).
    init(
        _ plan: GenesisPlan, after predecessor: State? = nil, now: Timestamp, nonce: String,
        acceptNoSpare: Bool
    ) throws(ClientError) {
        self.predecessor = predecessor
        var policy = GenesisPolicy()
        do { try policy.take(plan.overrides) } catch {
            throw .plan(error.override.line, error.problem)
        }
        let drafted = Genesis(
            log: plan.origin, mode: plan.mode, continues: plan.continues, logKeys: plan.logKeys,
            created: now, nonce: nonce, policy: policy.json, members: plan.members)
        do {
            genesis = try drafted.checked()
        } catch {
            // The plan calls it otherwise, and has it elsewhere.
            let isOrigin = error.field.map { $0.utf8.elementsEqual("log".utf8) } ?? false
            throw .plan(
                0,
                isOrigin
                    ? "has an `origin:` that cannot be one: \(error.problem)"
                    : "gives no sound document: in the document, \(error)")
        }
        do {
            outlook = try genesis.foundingRoster().outlook()
            try genesis.checkContinuation(of: predecessor, at: now)
        } catch {
            throw ClientError(error)
        }
        if plan.mode == .production, !acceptNoSpare, outlook.contains(where: { !$0.hasSpare }) {
            throw ClientError(
                .refused, "no-spare",
                "With these people there is no spare: "
                    + outlook.map(\.text).joined(separator: ". ") + ".",
                meaning: "No document was written.",
                next: "Enrol one witness more, or say --accept-no-spare.", requirement: "CT-12")
        }
    }

    /// The result of `genesis draft --json`.
    func json(path: String?) -> JSON {
        .fields([
            "digest": .string(genesis.digest.description), "file": .text(path),
            "document": .strings(genesis.lines),
            "outlook": .array(
                outlook.map {
                    .fields([
                        "kind": .string($0.kind), "threshold": .number($0.threshold),
                        "indispensable": .strings($0.indispensable),
                    ])
                }),
            "carried": predecessor.map { state in
                .array(
                    state.allKeys.map {
                        .fields([
                            "fingerprint": .string("\($0.publicKey.fingerprint)"),
                            "subject": .string($0.subject),
                            "status": .string($0.status(at: genesis.created).rawValue),
                        ])
                    })
            },
        ])
    }

    /// What the new log takes over from the one that it goes on from, and what ends with that one.
    var succession: [String] {
        guard let predecessor else { return [] }
        var lines = [
            "It goes on from \(predecessor.log.origin), founded by "
                + "\(predecessor.log.genesis), after "
                + "\(predecessor.head.size) events of which the last is of "
                + "\(predecessor.head.time).",
            "Carried over: \(Phrase.count(predecessor.allKeys.count, "key")).",
        ]
        lines += predecessor.allKeys.map { entry in
            "  \(entry.subject): \(entry.publicKey.fingerprint), "
                + entry.status(at: genesis.created).rawValue
        }
        let old = predecessor.roster.members
        let gone = old.filter { !holds(genesis.members, $0.name) }.map(\.name)
        let come = genesis.members.filter { !holds(old, $0.name) }.map(\.name)
        lines.append("Of its people these are not here any more: \(Phrase.list(gone)).")
        lines.append("New are: \(Phrase.list(come)).")
        let ending = predecessor.live + predecessor.unattested
        lines.append("Ceremonies that end with it: \(Phrase.list(ending)).")
        if predecessor.isHalted {
            lines.append("It is HALTED; the new log is not. Be sure that the cause is gone.")
        }
        return lines
    }

    private func holds(_ members: [Member], _ name: String) -> Bool {
        members.contains { $0.name.utf8.elementsEqual(name.utf8) }
    }
}

extension ClientError {
    /// A refusal of the rules, met while something was prepared or checked here.
    init(_ refusal: Refusal) {
        self.init(
            .refused, refusal.code.rawValue, refusal.detail,
            meaning: "Nothing was written, signed or sent.",
            next: refusal.next ?? "Correct what the text names, then run the same command again.",
            requirement: refusal.requirement)
    }
}
