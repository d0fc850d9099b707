// What a membership ceremony commits: the epoch record, the new keys' signatures under it, and who
// could not be reached when they were asked; where a token is guarded, every member's signature for
// their share of its PIN. Field `outcome` of `ceremony.completed`.

import CeremonyRecord

/// The outcome of a membership ceremony.
struct MembershipOutcome: Hashable {
    /// The epoch record's lines.
    var document: [String]
    /// What each new key that answered has signed it with; by its member's name.
    var signed: [Signed]
    /// Members whose new key was not asked, or did not answer in time; by name.
    var unreachable: [String]
    /// What each member has signed for the share in their token with; by name. Empty where no token
    /// is guarded.
    var shares: [Signed]

    /// A member, and the SSHSIG of their new key.
    struct Signed: Hashable {
        let name: String
        let sshsig: [UInt8]
    }

    /// Puts the answers together.
    init(
        _ record: EpochRecord, _ answers: [Fingerprint: [[UInt8]]],
        of brought: [Membership.Brought], _ receipts: [ShareReceipt]
    ) {
        document = record.lines
        signed = []
        unreachable = []
        for each in brought {
            let key = each.key.key
            if let signature = answers[key.fingerprint]?.first,
                let sshsig = try? SSHSIG(signature: signature, key: key, namespace: .member)
            {
                signed.append(Signed(name: each.invitation.name, sshsig: sshsig.blob))
            } else {
                unreachable.append(each.invitation.name)
            }
        }
        // A member's last message is the receipt.
        shares = zip(record.members, receipts).compactMap { member, _ in
            guard let signature = answers[member.key.fingerprint]?.last,
                let sshsig = try? SSHSIG(
                    signature: signature, key: member.key, namespace: .share)
            else { return nil }
            return Signed(name: member.name, sshsig: sshsig.blob)
        }
    }

    /// Reads it.
    ///
    /// - Throws: ``JSONError`` for anything that ``json`` does not write.
    init(_ json: JSON) throws(JSONError) {
        var fields = try JSONFields(json, at: "outcome")
        document = try fields.strings("document")
        signed = try Self.signed(try fields.objects("signatures"))
        unreachable = try fields.strings("unreachable")
        shares = try Self.signed(try fields.optionalObjects("shares") ?? [])
        try fields.finish()
    }

    private static func signed(_ objects: [JSONFields]) throws(JSONError) -> [Signed] {
        try objects.map { object throws(JSONError) in
            var object = object
            let signed = Signed(
                name: try object.string("name"),
                sshsig: try object.parsed("sshsig", as: "base64") { Base64.decode($0) })
            try object.finish()
            return signed
        }
    }

    /// As it stands in the event.
    var json: JSON {
        var outcome: [String: JSON] = [
            "document": .strings(document), "signatures": Self.json(signed),
            "unreachable": .strings(unreachable),
        ]
        if !shares.isEmpty { outcome["shares"] = Self.json(shares) }
        return .object(outcome)
    }

    private static func json(_ signed: [Signed]) -> JSON {
        .array(
            signed.map {
                .object(["name": .string($0.name), "sshsig": .string(Base64.encode($0.sshsig))])
            })
    }

    /// How many members are known to have their key: those who keep theirs, and those whose new one
    /// has signed.
    func reached(in record: EpochRecord) -> Int { record.members.count - unreachable.count }

    /// Why so few are too few, for whoever ordered it.
    func tooFew(in record: EpochRecord, after patience: Int) -> String {
        "\(record.sign) members are to sign, and only \(reached(in: record)) of "
            + "\(record.members.count) are known to have their key: "
            + "\(unreachable.joined(separator: ", ")) did not answer within \(patience) seconds"
    }

    /// Holds it to the record, and to the keys that were brought.
    ///
    /// - Throws: ``Refusal`` (`outcome-differs`).
    func check(
        _ record: EpochRecord, of brought: [Membership.Brought], _ receipts: [ShareReceipt]
    ) throws(Refusal) {
        guard document.elementsEqual(record.lines, by: { $0.utf8.elementsEqual($1.utf8) }) else {
            throw MembershipOutcome.differs("it is not the membership that was agreed")
        }
        var left = unreachable[...]
        var given = signed[...]
        for each in brought {
            let name = each.invitation.name
            if given.first?.name == name, let sshsig = given.popFirst()?.sshsig {
                let isValid =
                    (try? SSHSIG(blob: sshsig).verify(
                        message: record.bytes, namespace: .member, by: each.key.key)) != nil
                guard isValid else {
                    throw MembershipOutcome.differs("the new key of \(name) has not signed it")
                }
            } else if left.first == name {
                left.removeFirst()
            } else {
                throw MembershipOutcome.differs("nothing is said of the new key of \(name)")
            }
        }
        guard left.isEmpty, given.isEmpty else {
            throw MembershipOutcome.differs("it speaks of members who brought no key")
        }
        guard reached(in: record) >= record.sign else {
            throw MembershipOutcome.differs(
                "\(record.sign) members are to sign, and \(reached(in: record)) are known to have "
                    + "their key")
        }
        guard shares.count == receipts.count else {
            throw MembershipOutcome.differs("not every member has signed for a share")
        }
        for ((member, receipt), given) in zip(zip(record.members, receipts), shares) {
            let isValid =
                given.name == member.name
                && (try? SSHSIG(blob: given.sshsig).verify(
                    message: receipt.bytes, namespace: .share, by: member.key)) != nil
            guard isValid else {
                throw MembershipOutcome.differs("\(member.name) has not signed for their share")
            }
        }
    }

    static func differs(_ what: String) -> Refusal {
        Refusal(
            .outcomeDiffers, "The outcome cannot be committed: \(what).",
            next: "The epoch before it is in force, unchanged.", requirement: "I14")
    }
}
