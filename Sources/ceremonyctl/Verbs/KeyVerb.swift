// `key FINGERPRINT`: one key, whether it was allowed to sign, and who stands for it. Everything is
// read off a log that was fetched and folded here.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `key FINGERPRINT`.
struct KeyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show one key: where it is, whether it may sign, and who stands for it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var asOf: AsOfOptions

    @Argument(help: ArgumentHelp("Its fingerprint, SHA256:...", valueName: "fingerprint"))
    var fingerprint: String

    @Flag(help: "Show everybody who signed something about it, with document and signature.")
    var chain = false

    func perform(_ output: Output) throws(ClientError) {
        guard let wanted = Fingerprint(fingerprint) else {
            throw .usage(
                "\(fingerprint) is no fingerprint.",
                next: "Give SHA256: and 43 base64 digits, as ssh-keygen -l prints it.")
        }
        let log = try TrustedLog(global, trust)
        let now = try log.status().now
        let copy = try LogCopy(log)
        let state = copy.state
        let place = try asOf.place(in: copy, now: now)
        guard let entry = state.key(wanted), let right = state.signingRight(of: wanted, at: place)
        else {
            throw ClientError(
                .notFound, "unknown-key", "No ceremony of this log made the key \(wanted).",
                meaning: "This log says nothing about it.",
                next: "Those there are: ceremonyctl keys.")
        }
        let key = PlacedKey(entry, in: state, at: place)
        let ceremony = state.recordedCeremony(named: entry.ceremony)
        // What an earlier log holds stood there before any place in this one.
        let end = state.ceremony(named: entry.ceremony) == nil ? Int.max : place.seq
        let approved = KeyVerb.names(ceremony?.approvals, upTo: end)
        let attested = KeyVerb.names(ceremony?.attestations, upTo: end)
        let history = KeyVerb.history(of: entry, in: copy.events, at: place)
        let chain =
            chain
            ? AuthorisationChain(
                of: wanted, in: state, events: copy.history.events + copy.events, at: place) : nil
        var lines = key?.text ?? ["\(entry.subject): \(wanted)"]
        lines.append("  at \(place): \(right.verdict.text)")
        lines += right.reasons.map { "    \($0)" }
        lines.append("  history:")
        lines += Phrase.table(history.map(\.cells), indent: "    ")
        lines.append("  approved by \(Phrase.list(approved))")
        lines.append("  attested by \(Phrase.list(attested))")
        if let chain { lines += chain.text(verifiedAgainst: copy.tree.root) }
        output.page(
            lines,
            .fields([
                "key": key?.json, "at": place.json, "allowed": .bool(right.isAllowed),
                "verdict": .string(right.verdict.rawValue), "reasons": .strings(right.reasons),
                "history": .array(history.map(\.json)), "approved_by": .strings(approved),
                "attested_by": .strings(attested), "chain": chain?.json,
            ]))
    }

    /// Who had said yes there.
    private static func names(_ set: ResponseSet?, upTo end: Int) -> [String] {
        set.map { set in
            set.names.filter { set.answers[$0].map { $0.isYes && $0.seq <= end } ?? false }
        } ?? []
    }

    /// One thing that had become of a key.
    private struct Step {
        let word: String
        /// The event that says so.
        let event: Event
        /// The time from which it holds.
        let from: Timestamp

        var cells: [String] {
            [
                word, "\(from)", "event \(event.seq)",
                event.time == from ? "" : "written down at \(event.time)",
            ]
        }

        var json: JSON {
            .fields([
                "what": .string(word), "seq": .number(event.seq), "from": .string("\(from)"),
                "recorded": .string("\(event.time)"),
            ])
        }
    }

    private static func history(of entry: KeyEntry, in events: [Event], at place: LogPosition)
        -> [Step]
    {
        let steps: [(String, KeyEntry.Moment?)] = [
            ("registered", entry.registered), ("active", entry.activated),
            ("lapsed", entry.lapsed), ("retiring", entry.overlap?.begun),
            ("retired", entry.retired), ("revoked", entry.revoked),
        ]
        return steps.compactMap { word, moment in
            moment.flatMap { place.includes($0) ? $0 : nil }.map { moment in
                let before = moment.seq == 0 ? entry.origin.map { ", in \($0)" } : nil
                return Step(
                    word: word + (before ?? ""), event: events[moment.seq], from: moment.time)
            }
        }.sorted { $0.event.seq < $1.event.seq }
    }
}

extension SigningRight.Verdict {
    /// As a sentence about the key at that place.
    var text: String {
        switch self {
        case .signs: "allowed; it signs"
        case .accepted: "allowed; verification accepts it"
        case .contested: "contested"
        case .refused: "not allowed"
        }
    }
}
