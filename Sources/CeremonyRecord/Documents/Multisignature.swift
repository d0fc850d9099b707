// A document with the signatures of several members of an authority, in one file of text: the
// document, an empty line, then each signature as OpenSSH writes it with its member's name above.
// Everything before the first empty line is what was signed, so that stock tools take it apart.

/// An authority's signatures over a file.
public struct Multisignature: Hashable, Sendable {
    /// One member's.
    public struct Part: Hashable, Sendable {
        /// The member.
        public var member: String
        /// The signature, namespace `ceremonyd-authority-v1`.
        public var sshsig: SSHSIG

        /// A member's signature.
        public init(member: String, sshsig: SSHSIG) {
            self.member = member
            self.sshsig = sshsig
        }
    }

    /// What was signed.
    public var order: AuthorityOrder
    /// The signatures, by member's name.
    public private(set) var parts: [Part]

    /// A document that nobody has signed yet.
    public init(_ order: AuthorityOrder) {
        self.order = order
        parts = []
    }

    /// Adds a member's signature, or puts it in the place of their earlier one.
    public mutating func add(_ part: Part) {
        parts.removeAll { $0.member.utf8.elementsEqual(part.member.utf8) }
        parts.append(part)
        parts.sort { $0.member.utf8.lexicographicallyPrecedes($1.member.utf8) }
    }

    /// The file.
    public var bytes: [UInt8] {
        order.bytes
            + parts.flatMap { Array("\n\($0.member)\n".utf8) + Array($0.sshsig.armored.utf8) }
    }

    /// Reads what ``bytes`` gives, and nothing else: the parts stand in the order of the names,
    /// each member has one, and one empty line stands before each.
    ///
    /// - Throws: ``DocumentError``. No signature is verified.
    public init(bytes: [UInt8]) throws(DocumentError) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let blocks = lines.split(omittingEmptySubsequences: false) { $0.isEmpty }
        guard let first = blocks.first else { throw Multisignature.trouble("is empty") }
        order = try AuthorityOrder(
            lines: try DocumentLines.split(
                first.flatMap { Array($0) + [UInt8(ascii: "\n")] }))
        parts = []
        for block in blocks.dropFirst() where !block.isEmpty {
            let text = block.dropFirst().flatMap { Array($0) + [UInt8(ascii: "\n")] }
            guard let name = block.first.map({ String(decoding: $0, as: UTF8.self) }),
                Identifier.isPersonName(name), let sshsig = try? SSHSIG(armored: text)
            else { throw Multisignature.trouble("has a part that is no signature by a member") }
            guard parts.last?.member.utf8.lexicographicallyPrecedes(name.utf8) ?? true else {
                throw Multisignature.trouble(
                    "names members twice, or not in the order of their names")
            }
            parts.append(Part(member: name, sshsig: sshsig))
        }
        guard self.bytes == bytes else {
            throw Multisignature.trouble("is not in its one written form")
        }
    }

    private static func trouble(_ what: String) -> DocumentError {
        DocumentError(line: 0, field: nil, problem: what)
    }
}
