// The policy that a house starts from: what DESIGN section 3 says where nobody says otherwise.

extension Policy {
    /// The standard policy: every kind there is, each with its standard entry.
    public static var standard: Policy {
        var kinds: [String: Entry] = [:]
        for kind in Kinds.all { kinds[fieldName(kind.name)] = kind.standardEntry }
        // Two keepers, who also attest the drill's key.
        kinds["drill"] = Entry(threshold: 2, attest: 2)
        return Policy(kinds: kinds)
    }
}
