// Hex, base64, digests and times: one writing for one value.

import CeremonyRecord
import Testing

@Suite("Encodings have one writing")
struct EncodingsTests {
    @Test(
        "The vectors of RFC 4648 come out",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test(
        "Another writing in base64 is refused",
        arguments: [
            "Zg", "Zg=", "Zh==", "Zm9=", "Zm8=\n", " Zm8=", "Zm-_", "Z===", "====", "Zm8=Zm8=",
            "Zg==Zg==", "=m8=", "Zm9v\n", "Zg\u{0}=",
        ])
    func base64Refused(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("Bytes come back from base64 and hex", arguments: 0..<70)
    func roundTrip(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let bytes = random.bytes(count)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }

    @Test("Hex has small digits, two to a byte", arguments: ["0", "0G", "AB", " 0", "0x", "é"])
    func hexRefused(text: String) {
        #expect(Hex.decode(text) == nil)
    }

    @Test("A digest is written with its algorithm, a fingerprint as OpenSSH writes it")
    func digests() {
        let empty = Digest(of: [])
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(empty.description == "sha256:" + hex)
        #expect(Digest("sha256:" + hex) == empty)
        #expect(Digest(hex) == nil)
        #expect(Digest("SHA256:" + hex) == nil)
        #expect(Digest("sha256:" + hex.uppercased()) == nil)
        #expect(Digest("sha256:" + hex + "00") == nil)
        #expect(Digest(bytes: [1]) == nil)
        let print = Fingerprint(ofBlob: [])
        #expect(print.description == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")
        #expect(Fingerprint(print.description) == print)
        #expect(Fingerprint(print.description + "=") == nil)
        #expect(Fingerprint(String(print.description.dropLast()) + "V") == nil)
        #expect(Fingerprint("sha256:" + print.description.dropFirst(7)) == nil)
    }

    @Test(
        "Times are UTC seconds of the calendar",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-01-15T10:00:00Z", 1_768_471_200),
            ("2000-02-29T23:59:59Z", 951_868_799), ("2038-01-19T03:14:08Z", 2_147_483_648),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ])
    func times(text: String, seconds: Int) {
        #expect(Timestamp(text)?.seconds == seconds)
        #expect(Timestamp(seconds: seconds).description == text)
    }

    @Test(
        "A time that the calendar lacks, or in another form, is refused",
        arguments: [
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
            "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00z",
            "2026-01-01T00:00:00+00:00", "1969-12-31T23:59:59Z", "2026-1-01T00:00:000Z",
            " 026-01-01T00:00:00Z", "",
        ])
    func timesRefused(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("Every day from 1970 to 2170 comes back")
    func everyDay() {
        var wrong = 0
        for day in 0..<73_050 {
            let moment = Timestamp(seconds: day * 86_400 + 43_210)
            if Timestamp(moment.description) != moment { wrong += 1 }
        }
        #expect(wrong == 0)
        #expect(Timestamp(seconds: 1) < Timestamp(seconds: 2))
        #expect(Timestamp(seconds: 5) + 3 - Timestamp(seconds: 2) == 6)
    }

    @Test("An OpenSSH line is read only as it is written")
    func lines() throws {
        var vectors = try Vectors.fields("sshsig.json")
        var fido = try vectors.object("fido")
        let fidoLine = try fido.string("line")
        for line in [try vectors.string("line"), fidoLine] {
            let key = try #require(SSHPublicKey(line: line))
            #expect(key.line == line)
            #expect(SSHPublicKey(blob: key.blob) == key)
            #expect(SSHPublicKey(blob: key.blob + [0]) == nil)
            for bad in [
                line + " comment", line + " ", line + "\n", " " + line, "x" + line,
                line.replacing(" ", with: "  "), line.replacing("ssh-ed", with: "ssh-Ed"),
            ] {
                #expect(SSHPublicKey(line: bad) == nil)
            }
        }
        let blob = try #require(SSHPublicKey(line: fidoLine)).blob
        var web = blob
        web.replaceSubrange((web.count - 12)..., with: Array("web:ceremony".utf8))
        #expect(SSHPublicKey(blob: web) == nil)
    }
}
