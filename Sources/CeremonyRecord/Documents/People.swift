// The words that documents and events share: which sort of log, who somebody is, and what a member
// of the roster holds. FORMATS section 4 (genesis) and section 2 (`roster.set`).

/// Whether a log counts or is practice; fixed when the log is founded.
public enum LogMode: String, Sendable, Hashable, CaseIterable {
    /// Keys of this log are trusted.
    case production
    /// The same rules on tokens that nobody trusts; its origin ends in `/rehearsal`.
    case rehearsal
}

/// What an enrolled person is.
public enum PersonKind: String, Sendable, Hashable, CaseIterable {
    /// A key custodian of the house.
    case keeper
    /// A person from outside.
    case external
    /// A machine: it may sign responses but never counts as a person.
    case system
}

/// What a member of the roster may do besides being one. The order here is the written order.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// May start, execute and recover.
    case `operator`
    /// May approve and attest.
    case witness
    /// May read and note exceptions.
    case auditor
}

/// A person and the key that they answer with, written `<name> SHA256:...`.
public struct Signatory: Sendable, Hashable {
    /// The person's identifier on the roster.
    public var name: String
    /// The key that the document's signature must be by.
    public var fingerprint: Fingerprint

    /// A person and one of their keys.
    public init(name: String, fingerprint: Fingerprint) {
        self.name = name
        self.fingerprint = fingerprint
    }
}

/// A key of a member, with the serial of the token that holds it where that is known.
public struct MemberKey: Sendable, Hashable {
    /// The public key.
    public var key: SSHPublicKey
    /// The token's serial, printable ASCII without spaces; `nil` for keys outside PKCS#11.
    public var tokenSerial: String?

    /// A public key and the token that holds it.
    public init(key: SSHPublicKey, tokenSerial: String?) {
        self.key = key
        self.tokenSerial = tokenSerial
    }
}

/// A person on the roster, as the genesis document and `roster.set` list them.
public struct Member: Sendable, Hashable {
    /// The identifier that every document uses.
    public var name: String
    /// The name for people to read: free text.
    public var display: String
    /// Keeper, external or system.
    public var kind: PersonKind
    /// What they may do: in the order of ``Role``, each at most once, none at all for plain
    /// members.
    public var roles: [Role]
    /// Their keys in document order; the first one names their signature files.
    public var keys: [MemberKey]

    /// A person with their roles and keys.
    public init(
        name: String, display: String, kind: PersonKind, roles: [Role], keys: [MemberKey]
    ) {
        self.name = name
        self.display = display
        self.kind = kind
        self.roles = roles
        self.keys = keys
    }
}

extension TextForm where Value == Signatory {
    /// `<name> SHA256:...`
    static var signatory: Self {
        TextForm(
            "<name> SHA256:...",
            read: { text in
                let parts = TextRule.split(text, at: " ")
                guard parts.count == 2, Identifier.isPersonName(parts[0]),
                    let fingerprint = Fingerprint(parts[1])
                else { return nil }
                return Signatory(name: parts[0], fingerprint: fingerprint)
            },
            write: { "\($0.name) \($0.fingerprint)" })
    }
}
