// An invite and its signature as one short line of text, to be sent, read or scanned. The fields
// are packed, because the document's own lines would not fit a QR code on a small screen; the
// document is made again from them, and its signature holds over exactly its bytes. A checksum
// tells a slip of the hand from a forgery.

import Sodium

/// Why a text is no code.
public enum InviteCodeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It does not begin as one, or is far too short or long.
    case notACode
    /// It was mistyped, cut short or damaged on its way.
    case damaged
    /// Whole, and yet not in the one form that a code has.
    case malformed(String)
    /// From a newer program.
    case version(UInt8)

    /// A clause for a person.
    public var description: String {
        switch self {
        case .notACode: "it does not begin with `\(InviteCode.prefix)`, as every code does"
        case .damaged: "its checksum does not fit, so it was mistyped, cut short or damaged"
        case .malformed(let what): "it is whole, but no code: \(what)"
        case .version(let version): "it is of version \(version), which a newer client reads"
        }
    }
}

/// An invite with its signature; nothing of it is verified but by ``verify(by:)``.
public struct InviteCode: Hashable, Sendable {
    /// What every code begins with.
    public static let prefix = "cinvite1."

    /// What was signed.
    public let invite: Invite
    /// The 64 bytes of the signature.
    public let signature: [UInt8]
    /// What a FIDO token added to what it signed.
    public let tokenState: SSHSIG.TokenState?

    /// A signed invite; nothing is verified.
    public init(_ invite: Invite, signedBy sshsig: SSHSIG) {
        self.invite = invite
        signature = sshsig.signature
        tokenState = sshsig.tokenState
    }

    /// The signature as OpenSSH writes it, if that key made it.
    ///
    /// - Throws: ``SSHSIGError`` where it is of another sort than the key. Nothing is verified.
    public func sshsig(by key: SSHPublicKey) throws(SSHSIGError) -> SSHSIG {
        try SSHSIG(signature: signature, tokenState: tokenState, key: key, namespace: .invite)
    }

    /// Checks that this key signed the invite. The key comes from the statement's initiator, never
    /// from the code.
    ///
    /// - Throws: ``SSHSIGError``; returning means that the signature holds.
    public func verify(by key: SSHPublicKey) throws(SSHSIGError) {
        try sshsig(by: key).verify(message: invite.bytes, namespace: .invite, by: key)
    }

    // MARK: The text

    /// The code: one line of printable ASCII without spaces.
    public var text: String {
        Self.prefix + Base64URL.encode(packed + Self.checksum(packed))
    }

    /// Reads a code. Spaces and line ends in it are left out, because screens and letters wrap.
    ///
    /// - Throws: ``InviteCodeError``
    public init(text: String) throws(InviteCodeError) {
        let plain = text.utf8.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        guard plain.count <= Self.lengthMax else { throw .notACode }
        guard plain.starts(with: Self.prefix.utf8) else { throw .notACode }
        let digits = String(decoding: plain.dropFirst(Self.prefix.utf8.count), as: UTF8.self)
        guard let bytes = Base64URL.decode(digits), bytes.count > Self.checksumBytes else {
            throw .damaged
        }
        let packed = Array(bytes.dropLast(Self.checksumBytes))
        guard Array(bytes.suffix(Self.checksumBytes)) == Self.checksum(packed) else {
            throw .damaged
        }
        self = try Self.unpacked(packed)
        guard self.packed == packed else { throw .malformed("it has a second form") }
    }

    /// Whether a text is meant as a code and not as the name of a ceremony, however damaged.
    public static func isMeant(_ text: String) -> Bool {
        text.utf8.starts(with: prefix.utf8) || text.utf8.count > Self.identifierMax
    }

    /// No identifier is longer.
    private static let identifierMax = 63
    private static let lengthMax = 2048
    private static let checksumBytes = 4

    private static func checksum(_ packed: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(Array(prefix.utf8) + packed).prefix(checksumBytes))
    }

    // MARK: Packing

    private var packed: [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.append((invite.mode == .production ? 1 : 0) | (tokenState == nil ? 0 : 2))
        bytes += Self.sized(invite.log) + invite.genesis.bytes
        bytes += Self.sized(invite.ceremony) + invite.statement.bytes
        bytes += Self.sized(invite.initiator) + Self.sized(invite.set)
        bytes += Self.sized(invite.invitee.name) + invite.invitee.fingerprint.bytes
        bytes += [32, 24, 16, 8, 0].map { UInt8(invite.expires.seconds >> $0 & 255) }
        bytes += Hex.decode(invite.nonce) ?? []
        bytes += signature
        if let tokenState {
            bytes.append(tokenState.flags)
            bytes += [24, 16, 8, 0].map { UInt8(tokenState.counter >> $0 & 255) }
        }
        return bytes
    }

    private static func sized(_ text: String) -> [UInt8] {
        [UInt8(truncatingIfNeeded: text.utf8.count)] + Array(text.utf8)
    }

    private static func unpacked(_ packed: [UInt8]) throws(InviteCodeError) -> InviteCode {
        var rest = PackedBytes(packed)
        let version = try rest.take(1)[0]
        guard version == 1 else { throw .version(version) }
        let flags = try rest.take(1)[0]
        guard flags & ~3 == 0 else { throw .malformed("it has flags that mean nothing") }
        let log = try rest.text()
        let genesis = try rest.digest()
        let ceremony = try rest.text()
        let statement = try rest.digest()
        let (initiator, set, name) = (try rest.text(), try rest.text(), try rest.text())
        guard let key = Fingerprint(bytes: try rest.take(32)) else {
            throw .malformed("it names no key")
        }
        let expires = try rest.number(5)
        let nonce = Hex.encode(try rest.take(16))
        let signature = try rest.take(64)
        var state: SSHSIG.TokenState?
        if flags & 2 != 0 {
            let touch = try rest.take(1)[0]
            state = SSHSIG.TokenState(flags: touch, counter: UInt32(try rest.number(4)))
        }
        guard rest.isAtEnd else { throw .malformed("something follows its end") }
        let invite = Invite(
            log: log, mode: flags & 1 == 1 ? .production : .rehearsal, genesis: genesis,
            ceremony: ceremony, statement: statement, initiator: initiator, set: set,
            invitee: Signatory(name: name, fingerprint: key),
            expires: Timestamp(seconds: expires), nonce: nonce)
        do {
            return InviteCode(try invite.checked(), signature, state)
        } catch {
            throw .malformed("\(error)")
        }
    }

    private init(_ invite: Invite, _ signature: [UInt8], _ tokenState: SSHSIG.TokenState?) {
        self.invite = invite
        self.signature = signature
        self.tokenState = tokenState
    }
}

/// Reads packed fields one after the other.
private struct PackedBytes {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) throws(InviteCodeError) -> [UInt8] {
        guard rest.count >= count else { throw .malformed("it ends too early") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func text() throws(InviteCodeError) -> String {
        let count = Int(try take(1)[0])
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw .malformed("a name in it is no text")
        }
        return text
    }

    mutating func digest() throws(InviteCodeError) -> Digest {
        guard let digest = Digest(bytes: try take(32)) else {
            throw .malformed("it ends too early")
        }
        return digest
    }

    mutating func number(_ count: Int) throws(InviteCodeError) -> Int {
        try take(count).reduce(0) { $0 << 8 | Int($1) }
    }
}
