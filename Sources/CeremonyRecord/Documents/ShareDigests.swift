// The digests by which the log knows what it does not hold: the secret that gives a token's PIN,
// and each share of it. Both end in random bytes that nobody knows without having the thing itself,
// so that a digest lets nobody try PINs against it.

public import Sodium

extension Digest {
    /// The digest of a share as its holder's token keeps it: the share's number in one byte, and
    /// the share.
    public init(ofShare share: SecretBytes) {
        self.init(of: share, after: "ceremonyd share v1")
    }

    /// The digest of a whole secret that was split.
    public init(ofSplit secret: SecretBytes) {
        self.init(of: secret, after: "ceremonyd split v1")
    }

    /// The title sets a digest of one sort apart from every other.
    private init(of secret: SecretBytes, after title: String) {
        self.init(unchecked: SHA256.hash(secret, after: Array(title.utf8) + [0]))
    }
}
