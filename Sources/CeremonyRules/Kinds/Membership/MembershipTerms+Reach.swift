// What a change of membership is held to besides its numbers: a device is no person, and a commit
// at which nobody is asked for the new keys must not bring an epoch of which too few are known to
// have a key (the request's "at the commit each reachable new key is read back and challenged").

import CeremonyRecord

extension MembershipTerms {
    /// Refuses a device among people: it would give its owner a second vote.
    ///
    /// - Throws: ``Refusal`` (`wrong-key`).
    func checkPeople(in state: State) throws(Refusal) {
        guard role.isOfPeople else { return }
        for invited in invitations {
            guard let (device, authority) = state.device(with: invited.identity) else { continue }
            throw Refusal(
                .wrongKey,
                "The log knows the key \(invited.identity) as that of the device \(device) of "
                    + "\(authority), and a member of a \(role.rawValue) authority is a person.",
                next: "Name a person with a key of their own. If it is a person's own key, have it "
                    + "enrolled for them first: set-roster.", requirement: "I3")
        }
    }

    /// Refuses a commit at which nobody is asked, where too few stay who are known to have theirs.
    ///
    /// - Throws: ``Refusal`` (`unmeetable`).
    func checkReach() throws(Refusal) {
        guard patience == 0, !invitations.isEmpty, staying.count < sign else { return }
        throw Refusal(
            .unmeetable,
            "With a patience of 0 nobody is asked for their new key at the commit. \(sign) members "
                + "are to sign, and \(staying.count) keep a key that is known to be there.",
            next: "Wait for those who come: --set patience=SECONDS.",
            requirement: "I14")
    }
}

extension State {
    /// The device, and its authority, as whose key alone the log knows or has known a key; `nil`
    /// for a key on the roster, or of a person in an authority of people.
    func device(with identity: Fingerprint) -> (name: String, authority: String)? {
        guard roster.member(holding: identity) == nil else { return nil }
        var found: (name: String, authority: String)?
        for authority in allAuthorities {
            for member in authority.epochs.flatMap(\.members) where member.identity == identity {
                guard !authority.role.isOfPeople else { return nil }
                found = (member.name, authority.name)
            }
        }
        return found
    }
}
