// What an authority signs: enough members of one epoch over one document. At which place in the log
// they did is their own claim, and they may all have left since; whoever relies on a signature asks
// for the epoch in force (FORMATS section 6).

public import CeremonyRecord

extension Authority {
    /// An epoch as OpenSSH knows it: `allowed_signers` lines for the parts of what it signs, each
    /// for as long as the epoch is or was in force.
    ///
    /// Whether enough of them signed no such file can say.
    public func allowedSigners(in epoch: Epoch) -> [String] {
        let until = epochs.first { $0.number == epoch.number + 1 }?.begun.time
        return epoch.members.compactMap { member in
            AllowedSigner(
                member.name, member.key, for: [.authority], from: epoch.begun.time, until: until
            ).line
        }
    }
}

/// Whose signatures over a document of an authority hold.
public struct AuthoritySigners: Hashable, Sendable {
    /// The epoch that was in force at the place which the document names.
    public let epoch: Authority.Epoch
    /// The members by name, each once; perhaps fewer than it takes.
    public let members: [String]

    /// Whether it is the authority's word: so many have signed as sign for it.
    public var isEnough: Bool { members.count >= epoch.sign }
}

extension State {
    /// The members whose signatures over the document hold, in an epoch that was in force at the
    /// place which the document names.
    ///
    /// - Parameter root: The root of this log at a size; `nil` where it never had that many events.
    /// - Throws: ``Refusal``: `wrong-document` for another log, authority, epoch or place;
    ///   `not-listed` for a part by nobody of the epoch; `already-answered` for a second part by
    ///   the same member; `bad-signature`.
    public func signers(
        of signature: Multisignature, rootAt root: (Int) -> Digest?
    ) throws(Refusal) -> AuthoritySigners {
        try signers(of: signature.order, by: signature.parts, rootAt: root)
    }

    /// The same for parts that may not have come out of a file.
    func signers(
        of order: AuthorityOrder, by parts: [Multisignature.Part], rootAt root: (Int) -> Digest?
    ) throws(Refusal) -> AuthoritySigners {
        if let earlier = history.dropFirst().first(where: {
            $0.origin.utf8.elementsEqual(order.log.utf8)
        }) {
            throw Refusal(
                .wrongDocument,
                "It was signed in the log \(earlier.origin), which this one goes on from.",
                next:
                    "Verify it against evidence of that log: ceremonyctl authority verify --evidence "
                    + "FOLDER. Or have those who are members now sign the file anew.")
        }
        try checkLog(order.log, order.mode)
        guard order.treeSize <= head.size else {
            throw Refusal(
                .wrongDocument,
                "It was signed at a log of \(order.treeSize) events, and the one here has "
                    + "\(head.size).",
                next: "Nothing can be said of it here. Get a newer export, or ask the daemon.")
        }
        guard let authority = authority(order.authority) else {
            throw Refusal(
                .wrongDocument, "This log has no authority \(order.authority).",
                next: "Those there are: ceremonyctl authority list.")
        }
        guard root(order.treeSize) == order.treeRoot,
            let epoch = authority.epoch(atSize: order.treeSize), epoch.number == order.epoch,
            epoch.record.digest == order.record, epoch.sign == order.sign
        else {
            throw Refusal(
                .wrongDocument,
                "The document does not name the epoch of \(order.authority) that was in force in a "
                    + "log of \(order.treeSize) events.",
                next: "Somebody shows another history, or the document was changed.")
        }
        var members: [String] = []
        for part in parts {
            guard let member = epoch.member(named: part.member) else {
                throw Refusal(
                    .notListed,
                    "\(part.member) is no member of \(order.authority) in epoch \(order.epoch).",
                    next: "Its members: ceremonyctl authority show \(order.authority).",
                    requirement: "I7")
            }
            guard !members.contains(member.name) else {
                throw Refusal(
                    .alreadyAnswered, "\(member.name) stands there twice, and a member signs once.",
                    next:
                        "Nobody's client writes that. Begin again, and trust the file no further.",
                    requirement: "I3")
            }
            try check(
                part.sshsig.blob, over: order.bytes, by: member.key, of: member.name,
                for: .authority)
            members.append(member.name)
        }
        return AuthoritySigners(epoch: epoch, members: members)
    }
}
