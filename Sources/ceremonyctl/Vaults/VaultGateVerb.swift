// `provara gate`: whether something critical may be done with a vault now, or one of its keys is
// just being replaced. The reference orders the window and has nothing that keeps it; this is asked
// by whatever is about to act. It is worked out from the verified log, and says no where it cannot
// be.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `provara gate VAULT TIER`.
struct VaultGateVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "Exit 0 where an action of this tier may go on, 1 while a rotation is under way.",
        discussion: """
            From the start of a rotation or a reset until its vault is written and every peer that \
            the statement names has confirmed it, L3 waits (critical, irreversible). L0 and L1 \
            never wait. L2 waits where whoever asks says so, with --l2: it is the asker's policy, \
            for the log has no part in such actions.

            The answer is worked out from the log itself, as `verify` does it, so it needs no \
            token and no unlocked log. Every other exit status than 0 means: do not go on.

            A name that no ceremony of the log was ever about is answered with 66, for one that is \
            mistyped looks the same. A vault that was never rotated has --never-rotated.
            """)

    /// What an action weighs, by the reference's safety policy.
    enum Tier: String, ExpressibleByArgument, CaseIterable {
        case l0 = "L0"
        case l1 = "L1"
        case l2 = "L2"
        case l3 = "L3"
    }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The vault, by the daemon's name for it, or its uid.")
    var vault: String

    @Argument(help: "L0, L1, L2 or L3.")
    var tier: Tier

    @Flag(name: .customLong("l2"), help: "L2 waits as L3 does.")
    var blocksL2 = false

    @Flag(help: "The name is right, and no ceremony was ever about the vault: go on.")
    var neverRotated = false

    func perform(_ output: Output) throws(ClientError) {
        guard !vault.utf8.contains(UInt8(ascii: "/")) else { throw .vaultName(vault) }
        let log = try TrustedLog(global, trust)
        let state = try LogCopy(log).state
        let window = VaultWindow(vault, in: state)
        guard window.isKnown || neverRotated else {
            throw ClientError(
                .notFound, "unknown-vault",
                "No ceremony of this log was ever about a vault \(Display.neutralised(vault)).",
                meaning: "A name that is mistyped looks the same, so nothing may go on by it.",
                next: "Write the name as the daemon's configuration has it. Where it is right, and "
                    + "the vault was never rotated here, add --never-rotated.")
        }
        let waits = tier == .l3 || (tier == .l2 && blocksL2)
        if waits, log.shown.isHalted { throw .halted("\(tier.rawValue) for \(vault)") }
        if waits, let reason = window.reasons.first {
            throw ClientError(
                .refused, "rotation-under-way", reason,
                meaning: "\(tier.rawValue) waits for \(vault) until that is over.",
                next: window.next)
        }
        for reason in window.reasons { Talk.paragraph(reason) }
        output.page(
            ["\(tier.rawValue) may go on with \(vault)."],
            .fields([
                "vault": .string(vault), "tier": .string(tier.rawValue), "open": .bool(true),
                "known": .bool(window.isKnown), "under_way": .strings(window.reasons),
            ]))
    }
}

/// What is under way with a vault.
struct VaultWindow {
    /// What keeps critical actions waiting, in sentences; none where nothing does.
    private(set) var reasons: [String] = []
    /// What ends that.
    private(set) var next = "Nothing keeps it."
    /// Whether any ceremony of the log, or of one that it goes on from, was about the vault.
    private(set) var isKnown = false

    /// Looks it up in a log.
    init(_ vault: String, in state: State) {
        func isAbout(_ ceremony: Ceremony) -> Bool {
            let fields = ceremony.statement.fields
            return ["vault", "vault-uid", "new-vault", "new-uid"].contains {
                fields[$0]?.utf8.elementsEqual(vault.utf8) ?? false
            }
        }
        isKnown = sequence(first: state, next: \.predecessor).contains { log in
            log.allCeremonies.contains(where: isAbout)
        }
        addReset(vault, in: state)
        for id in state.live {
            guard let ceremony = state.ceremony(named: id), isAbout(ceremony) else { continue }
            add(
                "\(id) (\(ceremony.kind) of \(ceremony.statement.subject)) is under way: it is "
                    + "\(ceremony.state.rawValue).", "How it stands: ceremonyctl show \(id).")
        }
        for ceremony in state.unfinished where isAbout(ceremony) {
            add(
                "\(ceremony.id) is decided, and the vault is not written yet.",
                "What keeps it is shown by: ceremonyctl show \(ceremony.id).")
        }
        for ceremony in state.unconfirmed where isAbout(ceremony) {
            add(
                "\(ceremony.id) is not confirmed yet by: "
                    + "\(Phrase.list(ceremony.unconfirmed.map(\.name))).",
                "They do it with: ceremonyctl confirm \(ceremony.id).")
        }
    }

    /// A vault that was begun anew because nobody could speak for it any more is over.
    private mutating func addReset(_ vault: String, in state: State) {
        for log in sequence(first: state, next: \.predecessor) {
            for ceremony in log.allCeremonies
            where ceremony.kind == ProvaraHardReset.name && ceremony.state == .completed {
                let fields = ceremony.statement.fields
                let isOld = ["vault", "vault-uid"].contains {
                    fields[$0]?.utf8.elementsEqual(vault.utf8) ?? false
                }
                guard isOld else { continue }
                let new = fields["new-vault"] ?? "another"
                add(
                    "\(vault) was begun anew as \(new), by \(ceremony.id): it is over.",
                    "Go on with \(new).")
            }
        }
    }

    private mutating func add(_ reason: String, _ next: String) {
        if reasons.isEmpty { self.next = next }
        reasons.append(reason)
    }
}
