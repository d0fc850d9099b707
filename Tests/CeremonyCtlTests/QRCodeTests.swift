// The QR code of an invite, read back from the characters on the screen by a library that did not
// draw it.

import CeremonyRecord
import CeremonyTerminal
import TestSupport
import Testing

@Suite("QR codes in the terminal")
struct QRCodeTests {
    static let invite =
        "cinvite1." + String(repeating: "AbCdEfGhIjKlMnOpQrStUvWxYz01234567-_", count: 10)

    @Test(
        "What is drawn is read by a scanner, in every form that a terminal can show",
        arguments: [
            QRCode.Form.coloured, .plain(onLight: false), .plain(onLight: true),
            .ascii(onLight: false), .ascii(onLight: true),
        ])
    func scanned(form: QRCode.Form) async throws {
        let code = try #require(QRCode(Self.invite))
        let isDark =
            switch form {
            case .plain(true), .ascii(true): false
            default: true
            }
        try await withSoftHSM(tokens: []) { store in
            let person = Custodian(store: store)
            let screen = try person.write(
                "screen", code.lines(form).joined(separator: "\n") + "\n")
            let script = try person.write("scan.py", Self.scanner)
            let read = try store.run("python3", [script, screen, isDark ? "dark" : "light"])
            #expect(read.trimmed == Self.invite)
            // A scanner that reads anything would show nothing.
            let lines = code.lines(form)
            let torn = try person.write(
                "torn", lines.prefix(lines.count / 2).joined(separator: "\n") + "\n")
            #expect(try store.run("python3", [script, torn, "dark"]).trimmed.isEmpty)
        }
    }

    @Test("The code of an invite with ordinary names fits 80 columns in half blocks")
    func width() throws {
        let invite = Invite(
            log: "example.org/ceremony/rehearsal", mode: .rehearsal, genesis: Digest(of: [1]),
            ceremony: "guardians-of-alpha-12", statement: Digest(of: [2]), initiator: "dave",
            set: "members",
            invitee: Signatory(
                name: "alice", fingerprint: TestDocuments.strangers[0].fingerprint),
            expires: TestDocuments.time, nonce: TestDocuments.nonce)
        let sshsig = try SSHSIG(
            signature: [UInt8](repeating: 7, count: 64), key: TestDocuments.strangers[0],
            namespace: .invite)
        let text = InviteCode(invite, signedBy: sshsig).text
        let code = try #require(QRCode(text))
        #expect(code.columns(.coloured) <= 80)
        #expect(code.lines(.coloured).count == (code.size + 2 * QRCode.quiet + 1) / 2)
        #expect(QRCode(String(repeating: "x", count: 4000)) == nil)
    }

    @Test("Every line is as wide as is said, and plain forms have no control in them")
    func lines() throws {
        let code = try #require(QRCode(Self.invite))
        for form in [QRCode.Form.plain(onLight: false), .ascii(onLight: true)] {
            for line in code.lines(form) {
                #expect(line.unicodeScalars.count == code.columns(form))
                #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
            }
        }
        for line in code.lines(.coloured) {
            #expect(line.hasPrefix("\u{1b}[97;40m") && line.hasSuffix("\u{1b}[0m"))
        }
    }

    @Test("The environment says whether there are colours, and characters besides ASCII")
    func abilities() {
        for (variables, isUnicode) in [
            (["LANG": "de_AT.UTF-8"], true), (["LANG": "C.utf8"], true), (["LANG": "C"], false),
            ([:], false), (["LC_ALL": "C", "LANG": "de_AT.UTF-8"], false),
            (["LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"], true),
        ] as [([String: String], Bool)] {
            #expect(TerminalAbility.isUnicode(variables) == isUnicode, "\(variables)")
        }
        for (variables, hasColour) in [
            (["TERM": "xterm"], true), (["TERM": "dumb"], false), ([:], false),
            (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "xterm", "NO_COLOR": ""], true),
        ] as [([String: String], Bool)] {
            #expect(TerminalAbility.hasColour(variables) == hasColour, "\(variables)")
        }
    }

    /// Makes an image of what stands on a screen and lets libzbar look at it.
    private static let scanner = """
        from ctypes import CDLL, c_char_p, c_int, c_uint, c_ulong, c_void_p
        from re import sub
        from sys import argv
        lines = [sub("\\x1b\\\\[[0-9;]*m", "", l.rstrip("\\n"))
                 for l in open(argv[1], encoding="utf-8")]
        width = max(len(l) for l in lines)
        lines = [l.ljust(width) for l in lines]
        lit, unlit = (255, 0) if argv[2] == "dark" else (0, 255)
        rows = []
        if any("#" in l for l in lines):
            for l in lines:
                rows.append([lit if l[i] == "#" else unlit for i in range(0, width, 2)])
        else:
            for l in lines:
                rows.append([lit if c in "\\u2588\\u2580" else unlit for c in l])
                rows.append([lit if c in "\\u2588\\u2584" else unlit for c in l])
        scale = 4
        pixels = bytes(v for r in rows for _ in range(scale) for v in r for _ in range(scale))
        w, h = len(rows[0]) * scale, len(rows) * scale
        z = CDLL("libzbar.so.0")
        P, I = c_void_p, c_int
        for name, result, arguments in [
                ("zbar_image_scanner_create", P, []), ("zbar_image_create", P, []),
                ("zbar_image_scanner_set_config", I, [P, I, I, I]),
                ("zbar_image_set_format", None, [P, c_ulong]),
                ("zbar_image_set_size", None, [P, c_uint, c_uint]),
                ("zbar_image_set_data", None, [P, c_char_p, c_ulong, P]),
                ("zbar_scan_image", I, [P, P]), ("zbar_image_first_symbol", P, [P]),
                ("zbar_symbol_get_data", c_char_p, [P])]:
            function = getattr(z, name)
            function.restype, function.argtypes = result, arguments
        scanner, image = z.zbar_image_scanner_create(), z.zbar_image_create()
        z.zbar_image_scanner_set_config(scanner, 0, 0, 1)
        z.zbar_image_set_format(image, int.from_bytes(b"Y800", "little"))
        z.zbar_image_set_size(image, w, h)
        z.zbar_image_set_data(image, pixels, len(pixels), None)
        if z.zbar_scan_image(scanner, image) > 0:
            print(z.zbar_symbol_get_data(z.zbar_image_first_symbol(image)).decode())

        """
}
