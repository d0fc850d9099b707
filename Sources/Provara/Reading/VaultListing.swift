// What lies in a vault's directory, all the way down. Taken before and after everything is read, so
// that a vault that changes in between is noticed.

/// The files of a vault, and what lies there that no vault may have.
struct VaultListing: Equatable {
    /// No vault nests its directories like this; a hostile one could make any reader run out of
    /// stack.
    private static let deepest = 64

    /// The regular files: path and stamp, by the code points of the path.
    private(set) var files: [(path: String, stamp: FileStamp)] = []
    /// What is neither a file nor a directory, or cannot be named.
    private(set) var findings: [Vault.Finding] = []

    init(_ vault: borrowing OpenFile) throws(VaultError) {
        try add(vault, depth: 0)
        files.sort { $0.path.precedes($1.path) }
        findings.sort { ($0.path ?? "").precedes($1.path ?? "") }
    }

    static func == (left: VaultListing, right: VaultListing) -> Bool {
        left.findings == right.findings
            && left.files.elementsEqual(right.files) {
                $0.path.isSame(as: $1.path) && $0.stamp == $1.stamp
            }
    }

    /// Whether there is a regular file at a path.
    func contains(_ path: String) -> Bool { files.contains { $0.path.isSame(as: path) } }

    private mutating func add(_ directory: borrowing OpenFile, depth: Int) throws(VaultError) {
        let prefix = directory.path.isEmpty ? "" : directory.path + "/"
        guard depth <= Self.deepest else {
            findings.append(
                Vault.Finding(
                    .badName, "directories are nested deeper than \(Self.deepest) levels",
                    path: directory.path))
            return
        }
        for bytes in try directory.names() {
            guard let name = String(validating: bytes, as: UTF8.self) else {
                let shown = prefix + String(decoding: bytes, as: UTF8.self)
                findings.append(Vault.Finding(.badName, "the name is not UTF-8", path: shown))
                continue
            }
            let stamp = try directory.stamp(of: name)
            switch stamp.kind {
            case .regular: files.append((prefix + name, stamp))
            case .directory: try add(directory.directory(name), depth: depth + 1)
            case .link: refuse("a symbolic link", prefix + name)
            case .other: refuse("a pipe, a socket or a device", prefix + name)
            }
        }
    }

    private mutating func refuse(_ what: String, _ path: String) {
        findings.append(Vault.Finding(.notRegular, "this is \(what)", path: path))
    }
}
