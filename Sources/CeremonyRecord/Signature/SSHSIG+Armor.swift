// The text form of an SSHSIG: what stands in `.sig` files and what people carry on a stick.

extension SSHSIG {
    /// The armoured form, byte for byte as `ssh-keygen -Y sign` writes it: lines of 70 digits,
    /// one LF at the end.
    public var armored: String {
        let digits = Array(Base64.encode(blob).utf8)
        var text = SSHSIG.header + "\n"
        for start in stride(from: 0, to: digits.count, by: 70) {
            text += String(decoding: digits[start..<min(start + 70, digits.count)], as: UTF8.self)
            text += "\n"
        }
        return text + SSHSIG.footer + "\n"
    }

    /// Reads an armoured signature.
    ///
    /// Lines may be 1 to 76 digits long, all but the last of one length, because signers other
    /// than OpenSSH break at other columns. The last LF may be missing. Nothing may stand before,
    /// behind or between.
    ///
    /// - Throws: ``SSHSIGError``
    public init(armored text: [UInt8]) throws(SSHSIGError) {
        guard text.count <= 4096 else { throw .notArmored("longer than 4096 bytes") }
        var lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count >= 3, lines[0].elementsEqual(SSHSIG.header.utf8) else {
            throw .notArmored("it does not begin with \(SSHSIG.header)")
        }
        guard lines[lines.count - 1].elementsEqual(SSHSIG.footer.utf8) else {
            throw .notArmored("it does not end with \(SSHSIG.footer)")
        }
        let body = lines[1..<lines.count - 1]
        let width = body[1].count
        guard (1...76).contains(width), body.dropLast().allSatisfy({ $0.count == width }),
            let last = body.last, (1...width).contains(last.count),
            let blob = Base64.decode(String(decoding: body.joined(), as: UTF8.self))
        else { throw .notArmored("its lines are not base64") }
        try self.init(blob: blob)
    }

    private static let header = "-----BEGIN SSH SIGNATURE-----"
    private static let footer = "-----END SSH SIGNATURE-----"
}
