// The code of an invite: against one that was put together by hand around what OpenSSH signed, and
// against every damage of one byte.

import CeremonyRecord
import Testing

@Suite("The code of an invite")
struct InviteCodeTests {
    let text: String
    let key: SSHPublicKey
    let sshsig: SSHSIG

    init() throws {
        var vector = try Vectors.fields("invite.json")
        text = try vector.string("code")
        key = try #require(SSHPublicKey(line: try vector.string("line")))
        sshsig = try SSHSIG(armored: Array(try vector.string("armored").utf8))
    }

    @Test("A code has one text, and what OpenSSH signed holds over the document in it")
    func golden() throws {
        let code = InviteCode(Samples.invite, signedBy: sshsig)
        #expect(code.text == text)
        let read = try InviteCode(text: text)
        #expect(read == code)
        #expect(read.invite == Samples.invite)
        #expect(try read.sshsig(by: key) == sshsig)
        try read.verify(by: key)
        #expect(throws: SSHSIGError.self) { try read.verify(by: Samples.keys[0]) }
    }

    @Test("Random invites come back as they were, also those that a FIDO token signed")
    func roundTrip() throws {
        var vectors = try Vectors.fields("sshsig.json")
        var fields = try vectors.object("fido")
        let fido = try SSHSIG(armored: Array(try fields.string("touched").utf8))
        for seed in 0..<200 {
            var random = SeededGenerator(seed: UInt64(seed))
            let code = InviteCode(
                random.invite(), signedBy: seed.isMultiple(of: 2) ? sshsig : fido)
            #expect(try InviteCode(text: code.text) == code)
        }
        let code = try InviteCode(text: InviteCode(Samples.invite, signedBy: fido).text)
        #expect(try code.sshsig(by: fido.key).tokenState == fido.tokenState)
        #expect(throws: SSHSIGError.self) { _ = try code.sshsig(by: key) }
    }

    @Test("A code with one byte changed, in every place and to every value, is a mistyped one")
    func damage() {
        let bytes = Array(text.utf8)
        let spaces: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
        var wrong: [String] = []
        for place in bytes.indices {
            for value in UInt8.min...UInt8.max where value != bytes[place] {
                var changed = bytes
                changed[place] = value
                // Bytes that are no UTF-8 cannot be an argument that anybody typed.
                guard let typed = String(validating: changed, as: UTF8.self) else { continue }
                let isPrefix = place < InviteCode.prefix.utf8.count
                do throws(InviteCodeError) {
                    _ = try InviteCode(text: typed)
                    wrong.append("\(place) \(value) is read")
                } catch {
                    let isTold = error == (isPrefix ? .notACode : .damaged)
                    if !isTold { wrong.append("\(place) \(value): \(error)") }
                }
                if !InviteCode.isMeant(typed) { wrong.append("\(place) \(value) is an identifier") }
            }
            // The same for one that is missing or stands twice.
            var less = bytes
            less.remove(at: place)
            var more = bytes
            more.insert(bytes[place], at: place)
            for changed in [less, more] {
                let typed = String(decoding: changed, as: UTF8.self)
                if (try? InviteCode(text: typed)) != nil { wrong.append("\(place) moved") }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
        #expect(spaces.count == 4)
    }

    @Test("One letter changed and the checksum made to fit is a forgery, whatever field it is in")
    func forgery() throws {
        var count = 0
        for change in Self.changes {
            var invite = Samples.invite
            change(&invite)
            let forged = InviteCode(invite, signedBy: sshsig)
            let read = try InviteCode(text: forged.text)
            #expect(read.invite == invite && invite != Samples.invite)
            #expect(throws: SSHSIGError.signatureInvalid) { try read.verify(by: key) }
            count += 1
        }
        #expect(count == Samples.invite.lines.count - 2)
    }

    /// One for each line but the title and the meaning.
    private static let changes: [@Sendable (inout Invite) -> Void] = [
        { $0.log = "example.org/ceremonz" }, { $0.genesis = Samples.digest("other") },
        {
            $0.mode = .rehearsal
            $0.log += "/rehearsal"
        },
        { $0.ceremony = "keeper-alpha-2" }, { $0.statement = Samples.digest("other") },
        { $0.initiator = "dive" }, { $0.set = "member" }, { $0.invitee.name = "alicf" },
        { $0.expires = $0.expires + 1 }, { $0.nonce = "100102030405060708090a0b0c0d0e0f" },
    ]

    @Test("Spaces and line ends are left out, because screens and letters wrap")
    func wrapped() throws {
        let middle = text.index(text.startIndex, offsetBy: 80)
        let wrapped = "  \(text[..<middle])\r\n\(text[middle...])\n"
        #expect(try InviteCode(text: wrapped).text == text)
        #expect(!InviteCode.isMeant("keeper-alpha-1"))
        #expect(!InviteCode.isMeant(String(repeating: "a", count: 63)))
    }

    @Test("A code of a later version says so, and one that goes on behind its end is none")
    func otherForms() throws {
        let digits = String(text.dropFirst(InviteCode.prefix.count))
        let packed = try #require(Base64URL.decode(digits)).dropLast(4)
        #expect(throws: InviteCodeError.version(2)) {
            _ = try InviteCode(text: Self.sealed([2] + packed.dropFirst()))
        }
        for other in [packed + [0], packed.dropLast(), [1, 4 | packed[1]] + packed.dropFirst(2)] {
            do throws(InviteCodeError) {
                _ = try InviteCode(text: Self.sealed(Array(other)))
                Issue.record("it is read")
            } catch {
                guard case .malformed = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
    }

    /// A text whose checksum fits.
    private static func sealed(_ packed: [UInt8]) -> String {
        let sum = Digest(of: Array(InviteCode.prefix.utf8) + packed).bytes.prefix(4)
        return InviteCode.prefix + Base64URL.encode(packed + sum)
    }
}
