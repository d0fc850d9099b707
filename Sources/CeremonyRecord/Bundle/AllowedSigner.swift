// One line of an OpenSSH `allowed_signers` file (ssh-keygen(1), ALLOWED SIGNERS), as `ssh-keygen -Y
// verify` of Debian 12 takes it. Measured with OpenSSH 9.2: a `Z` makes a time UTC whatever the
// time zone is; `valid-before` still holds in the second that it names; a line whose `valid-before`
// is not after its `valid-after` is refused.

/// A key, who signs with it, for what, and when.
public struct AllowedSigner: Hashable, Sendable {
    /// Who signs with it: what follows `-I`.
    public var principal: String
    /// The key.
    public var key: SSHPublicKey
    /// The purposes that it signs for; none: for any.
    public var namespaces: [SignatureNamespace]
    /// From when on.
    public var from: Timestamp?
    /// The first moment at which it is not valid any more.
    public var until: Timestamp?

    /// A signer.
    public init(
        _ principal: String, _ key: SSHPublicKey, for namespaces: [SignatureNamespace] = [],
        from: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.principal = principal
        self.key = key
        self.namespaces = namespaces
        self.from = from
        self.until = until
    }

    /// The line, without its end; `nil` where the signer was valid for no two seconds, which
    /// OpenSSH cannot say.
    public var line: String? {
        var options: [String] = []
        if !namespaces.isEmpty {
            options.append(
                "namespaces=\"\(namespaces.map(\.rawValue).joined(separator: ","))\"")
        }
        if let from { options.append("valid-after=\"\(AllowedSigner.compact(from))\"") }
        if let until {
            let last = until + -1
            if let from, last <= from { return nil }
            options.append("valid-before=\"\(AllowedSigner.compact(last))\"")
        }
        return
            ([principal] + (options.isEmpty ? [] : [options.joined(separator: ",")]) + [key.line])
            .joined(separator: " ")
    }

    /// `20260115100000Z`
    private static func compact(_ time: Timestamp) -> String {
        String(decoding: "\(time)".utf8.filter { !"-:T".utf8.contains($0) }, as: UTF8.self)
    }
}
