// What no policy may go below. Production is held to more than a rehearsal; both must make sense.

public import CeremonyRecord

extension Policy {
    /// Refuses a policy that is senseless, or too weak for the mode.
    ///
    /// Production: threshold at least 2, lifetime at most a day (DESIGN section 3), and an entry
    /// for each kind without which it would be stuck one day. Both modes: thresholds at least 1,
    /// people between 1 and the threshold, spans above zero and bounded.
    ///
    /// - Throws: ``Refusal`` (`below-floor`, `bad-policy`, `unknown-kind`).
    public func checkFloors(mode: LogMode) throws(Refusal) {
        guard !kinds.isEmpty else {
            throw Refusal(
                .badPolicy, "The policy has no kind of ceremony in it.",
                next: "The standard entries stand in: ceremonyctl genesis plan.")
        }
        for (name, entry) in kinds.sorted(by: { $0.key < $1.key }) {
            guard
                name == "drill" || Kinds.all.contains(where: { Policy.fieldName($0.name) == name })
            else {
                throw Refusal(
                    .unknownKind,
                    "The policy has an entry for \(name), which is no kind known here.",
                    next: "The kinds are listed by: ceremonyctl kinds.")
            }
            guard entry.threshold >= 1, entry.threshold <= 64,
                (1...entry.threshold).contains(entry.people),
                entry.attest <= 64, (60...604_800).contains(entry.lifetime),
                (10...86_400).contains(entry.execution)
            else {
                throw Refusal(
                    .badPolicy,
                    "The entry for \(name) is out of bounds: threshold 1 to 64, people 1 to "
                        + "the threshold, "
                        + "attest 0 to 64, lifetime 60 to 604800 s, execution 10 to 86400 s.",
                    next: "Change that entry of the policy.")
            }
            let kind = Kinds.all.first { Policy.fieldName($0.name) == name }
            guard entry.attest <= kind?.mostAttestations ?? entry.attest else {
                throw Refusal(
                    .badPolicy,
                    "\(name) asks for \(entry.attest) attestations, and its outcome is in effect "
                        + "before anybody could attest it.", next: "Set its attest to 0.")
            }
            let least = kind?.leastThreshold ?? 1
            guard entry.threshold >= least else {
                throw Refusal(
                    .belowFloor,
                    "Nobody decides \(name) alone, in a rehearsal neither: it has a threshold of "
                        + "\(entry.threshold).",
                    next: "Set it to \(least) or more.", requirement: "CT-12")
            }
            guard mode == .production else { continue }
            guard entry.threshold >= 2 else {
                throw Refusal(
                    .belowFloor,
                    "Production asks for at least 2 approvals; \(name) has \(entry.threshold).",
                    next: "Raise its threshold, or found a rehearsal.", requirement: "CT-12")
            }
            guard entry.lifetime <= Limits.longestLifetime else {
                throw Refusal(
                    .belowFloor,
                    "Production lets a ceremony live a day at most; \(name) has "
                        + "\(entry.lifetime) s.",
                    next: "Set its lifetime to \(Limits.longestLifetime) or less.",
                    requirement: "VAL-2")
            }
        }
        let missing = Kinds.all.filter {
            $0.isIndispensable && kinds[Policy.fieldName($0.name)] == nil
        }
        guard mode != .production || missing.isEmpty else {
            throw Refusal(
                .belowFloor,
                "Without entries for \(missing.map { $0.name }.joined(separator: ", ")) a production "
                    + "log could be stuck one day.",
                next: "The standard entries stand in: ceremonyctl genesis plan.")
        }
        let spans = [overlapDays, drillDays, attestDays] + rotationDays.values
        guard spans.allSatisfy({ (1...3660).contains($0) }) else {
            throw Refusal(
                .badPolicy, "The policy's days must lie between 1 and 3660.",
                next: "Change overlap_days, drill_days, attest_days or rotation_days.")
        }
        guard
            rotationDays.keys.allSatisfy({ ["keeper", "provara_root", "operational"].contains($0) })
        else {
            throw Refusal(
                .badPolicy, "rotation_days has classes keeper, provara_root and operational only.",
                next: "Leave other classes out.")
        }
        guard modules.allSatisfy({ Digest($0) != nil }) else {
            throw Refusal(
                .badPolicy, "modules lists sha256:<hex> digests of module files.",
                next: "A module's digest is shown by: sha256sum FILE.")
        }
    }

    /// Whether this mode takes a token of this manufacturer.
    ///
    /// Attributes that a token reports are its module's word: a software token can claim anything,
    /// so it is known by its maker's name and accepted only by agreement.
    public func accepts(manufacturer: String, mode: LogMode) -> Bool {
        guard mode == .production, Policy.isSoftware(manufacturer: manufacturer) else {
            return true
        }
        return softwareTokens.contains(manufacturer)
    }

    /// Whether tokens of this manufacturer are software (SoftHSM, Kryoptic).
    public static func isSoftware(manufacturer: String) -> Bool {
        let name = String(manufacturer).lowercased()
        return name.hasPrefix("softhsm") || name.hasPrefix("kryoptic")
    }
}
