// The namespaces of our signatures (FORMATS section 4). A signature made for one purpose can never
// be shown for another, because the namespace is under the signature.

/// What a person or key says by signing: the SSHSIG namespace.
public enum SignatureNamespace: String, Hashable, Sendable, CaseIterable {
    /// The initiator opens a ceremony by its statement.
    case open = "ceremonyd-open-v1"
    /// A witness approves a statement.
    case approve = "ceremonyd-approve-v1"
    /// The new key proves possession by its key record, and the old key endorses it.
    case key = "ceremonyd-key-v1"
    /// A witness attests a key record.
    case attest = "ceremonyd-attest-v1"
    /// Everything else a person orders.
    case act = "ceremonyd-act-v1"
    /// A participant accepts their part.
    case accept = "ceremonyd-accept-v1"
    /// A participant's new key proves possession over their acceptance.
    case possession = "ceremonyd-possession-v1"
    /// A member's new key signs the epoch of an authority that it belongs to.
    case member = "ceremonyd-member-v1"
    /// A member signs a file for their authority.
    case authority = "ceremonyd-authority-v1"
    /// A member holds a share of a token's PIN in their own token.
    case share = "ceremonyd-share-v1"
    /// A member's client asks for the share that belongs to their key.
    case shareRequest = "ceremonyd-share-request-v1"
    /// The initiator of a ceremony asks somebody for their part in it.
    case invite = "ceremonyd-invite-v1"
    /// A founder signs the founding document.
    case genesis = "ceremonyd-genesis-v1"
    /// A key is tried over random bytes before it is relied on.
    case probe = "ceremonyd-probe-v1"
}
