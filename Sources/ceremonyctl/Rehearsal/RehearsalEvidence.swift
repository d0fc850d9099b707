// How a rehearsal ended: what the signed log says, exported by the daemon, verified by `ceremonyctl
// verify` in a process of its own against the founding document that the participants signed, and
// read once more here. Nothing that the rehearsal believes of itself is shown as an outcome.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// Evidence of a rehearsal that was verified.
struct RehearsalEvidence {
    /// What the log says at its end.
    private let found: Verification
    /// What `ceremonyctl verify` printed.
    private let verified: JSON
    private let genesis: String

    /// Exports and verifies.
    ///
    /// - Throws: `not-verified` (1) where it does not hold, whatever the participants saw.
    init(of house: RehearsalHouse) throws(ClientError) {
        genesis = house.genesis
        let folder = house.place.directory + "/evidence"
        let exported = try house.observer.ctl(["export", folder, "--genesis", genesis])
        guard exported.isDone else {
            throw RehearsalEvidence.unverified("No evidence could be had. " + exported.trouble)
        }
        let said = try house.observer.ctl(
            ["verify", folder, "--genesis", genesis, "--rehearsal", "--json"])
        guard said.isDone else { throw RehearsalEvidence.unverified(said.trouble) }
        verified = try said.json()
        let digest = try Digest.given(genesis)
        found = EvidenceVerifier.verify(
            try EvidenceReader.read(folder),
            against: Trust(genesis: digest, seen: nil, allowsRehearsal: true))
        guard found.isVerified, let head = found.head, try isSame(head) else {
            throw RehearsalEvidence.unverified(
                found.defect?.detail ?? "Two readings of it do not agree.")
        }
    }

    /// Whether the other process has verified exactly this log.
    private func isSame(_ head: TreeHead) throws(ClientError) -> Bool {
        let value = verified
        return try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(value)
            let isVerified = try fields.bool("verified")
            let size = try fields.number("size")
            let root = try fields.string("root")
            return isVerified && size == head.size && root.utf8.elementsEqual("\(head.root)".utf8)
        }
    }

    /// The fingerprint of the key that came out of a ceremony.
    func key(of id: String) -> String? {
        standing(of: id).map { "\($0.entry.publicKey.fingerprint)" }
    }

    private func standing(of id: String) -> Verification.KeyStanding? {
        found.keys.first { $0.entry.ceremony.utf8.elementsEqual(id.utf8) }
    }

    /// How a ceremony ended by the signed log, in its words.
    func outcome(of id: String) -> [String] {
        guard let ceremony = found.state?.ceremony(named: id) else {
            return ["The signed log knows no ceremony \(id)."]
        }
        var lines = [
            "\(id) (\(ceremony.kind) of \(ceremony.statement.subject)): \(ceremony.state.rawValue)"
                + (ceremony.end?.reason.map { ", \($0)" } ?? "")
        ]
        let keys = found.keys.filter {
            $0.entry.subject.utf8.elementsEqual(ceremony.statement.subject.utf8)
        }
        for key in keys {
            lines.append(
                "key \(key.entry.publicKey.fingerprint) of \(key.entry.ceremony): "
                    + "\(key.status.rawValue), attested by \(Phrase.list(key.attestedBy))")
        }
        if let authority = found.state?.authority(ceremony.statement.subject) {
            let epoch = authority.current
            lines.append(
                "\(authority.name) is at epoch \(epoch.number): "
                    + "\(Phrase.list(epoch.members.map(\.name))), \(epoch.sign) of whom sign")
        } else if ceremony.kind.utf8.elementsEqual(Membership.name.utf8) {
            lines.append("there is no authority \(ceremony.statement.subject)")
        }
        for step in ceremony.afterwards {
            lines.append(
                "still to be done: \(step.name)"
                    + (step.canBeOvertaken
                        ? ", by whoever knows the token's present PIN: practise it with --hands-on"
                        : ""))
        }
        if !found.halts.isEmpty { lines.append("the log is halted") }
        return lines
    }

    /// How the rehearsal ends for a script: done only where the ceremony is, and its key, where it
    /// made one, is valid.
    func status(of id: String) -> ExitStatus {
        guard let ceremony = found.state?.ceremony(named: id) else { return .refused }
        guard ceremony.state == .completed else {
            return ceremony.end == nil ? .notYet : .endedOtherwise
        }
        return switch standing(of: id)?.status {
        case nil, .active, .retiring: .done
        case .registered: .notYet
        case .lapsed, .retired, .revoked: .endedOtherwise
        }
    }

    /// How every ceremony of the log ended.
    var all: [String] {
        let ids = found.state?.allCeremonies.map(\.id) ?? []
        return ids.isEmpty ? ["No ceremony was started."] : ids.flatMap(outcome)
    }

    /// That it was verified, and what.
    var proof: [String] {
        let size = found.head?.size ?? 0
        return [
            "VERIFIED by `ceremonyctl verify`: \(Phrase.count(size, "event")), of the log whose "
                + "founding document is \(genesis)",
            "It was a rehearsal: nothing of it counts anywhere else.",
        ]
    }

    /// For a script.
    func json(of id: String, _ acts: [JSON]) -> JSON {
        let ceremony = found.state?.ceremony(named: id)
        return .fields([
            "ceremony": .string(id), "acts": .array(acts), "verification": verified,
            "genesis": .string(genesis), "state": .text(ceremony?.state.rawValue),
            "reason": .text(ceremony?.end?.reason),
            "key": .text(key(of: id)), "key_status": .text(standing(of: id)?.status.rawValue),
        ])
    }

    private static func unverified(_ happened: String) -> ClientError {
        ClientError(
            .refused, "not-verified",
            "The evidence of this rehearsal does not verify. \(happened)",
            meaning: "Whatever was seen on the way, nothing of it is an outcome.",
            next: "Rehearse it again with --keep DIR, and look at DIR/evidence, DIR/daemon.err and "
                + "the participants' homes.", requirement: "VAL-2")
    }
}
