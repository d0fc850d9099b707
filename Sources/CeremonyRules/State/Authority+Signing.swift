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

extension State {
    /// The members whose signatures over the document hold, in an epoch that was in force at the
    /// place which the document names.
    ///
    /// - Parameter root: The root of this log at a size; `nil` where it never had that many events.
    /// - Returns: The epoch, and the members by name; perhaps fewer than it takes.
    /// - Throws: ``Refusal``: `wrong-document` for another log, authority, epoch or place;
    ///   `not-listed` for a part by nobody of the epoch; `bad-signature`.
    public func signers(
        of signature: Multisignature, rootAt root: (Int) -> Digest?
    ) throws(Refusal) -> (epoch: Authority.Epoch, members: [String]) {
        let order = signature.order
        try checkLog(order.log, order.mode)
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
        for part in signature.parts {
            guard let member = epoch.member(named: part.member) else {
                throw Refusal(
                    .notListed,
                    "\(part.member) is no member of \(order.authority) in epoch \(order.epoch).",
                    next: "Its members: ceremonyctl authority show \(order.authority).",
                    requirement: "I7")
            }
            try check(
                part.sshsig.blob, over: order.bytes, by: member.key, of: member.name,
                for: .authority)
            members.append(member.name)
        }
        return (epoch, members)
    }
}
