// The client on a pseudo-terminal, as a person meets it: what is shown, in which order it is asked,
// and what never appears on the screen.

import CeremonyRecord
import Glibc
import TestSupport
import Testing

@Suite("terminal")
struct TerminalTests {
    @Test("a PIN is asked for by name, is never shown, and may be corrected while it is typed")
    func hiddenPIN() async throws {
        try await withCustodian(tokens: ["ali\u{1b}[2Jce"]) { alice in
            _ = try alice.makeIdentity()
            let run = try alice.start("identity", "check")
            try run.expect(
                "PIN to sign a test that counts for nothing, token ali\\u{1b}[2Jce (serial ")
            try run.expect("): ")
            #expect(!run.echoes)
            // Another PIN taken back whole, a wrong byte taken back, and the right PIN remains.
            try run.type("wrong\u{15}\(SoftHSMStore.pin)x\u{7f}\n")
            try run.expect("its signature verifies off the token")
            #expect(run.finish() == 0, "\(run.text)")
            #expect(!run.text.contains(SoftHSMStore.pin))
            #expect(!run.text.contains("wrong"))
            #expect(!run.screen.contains(0x1b))
        }
    }

    @Test("the prompt says that a wrong PIN was tried before")
    func warning() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let wrong = try alice.start("identity", "check")
            try wrong.expect("): ")
            try wrong.type("not-the-pin\n")
            #expect(wrong.finish() == 74)
            #expect(wrong.text.contains("One PIN try was used; it was not repeated."))
            let again = try alice.start("identity", "check")
            try again.expect("A wrong PIN was tried before")
            try again.expect("): ")
            try again.type("\u{04}")
            #expect(again.finish() == 1)
        }
    }

    @Test("^C at the PIN ends the client and gives the terminal its echo back")
    func interrupted() async throws {
        try await withCustodian { alice in
            _ = try alice.makeIdentity()
            let run = try alice.start("identity", "check")
            try run.expect("): ")
            #expect(!run.echoes)
            try run.type("47\u{03}")
            #expect(run.finish() == 1000 + SIGINT)
            #expect(run.echoes)
        }
    }

    @Test("a document is shown whole before its word is asked for, and the PIN comes last")
    func confirmation() async throws {
        try await withCustodian { alice in
            let key = try #require(SSHPublicKey(line: alice.makeIdentity()))
            let long = String(repeating: "threshold: 1 ", count: 12) + "and the end"
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("alice", key)], reason: long)
            let file = try alice.write("s.txt", statement.text)
            let run = try alice.start("sign", file, columns: 60)
            let words = PGPWords.words(of: statement.digest.bytes)
            try run.expect("Type the last word")
            #expect(run.text.contains("ceremonyd statement v1"))
            #expect(run.text.contains("\r\n  | "))
            #expect(run.text.contains("29  " + words[28...].joined(separator: " ")))
            let shown = run.text.split(separator: "\r\n", omittingEmptySubsequences: false)
            #expect(shown.filter { $0.utf8.count > 60 && $0.hasPrefix("reason") }.isEmpty)
            #expect(shown.filter { $0.hasPrefix("threshold:") } == ["threshold: 2"])

            try run.type(words[30] + "\n")
            try run.expect("That is not the last word")
            try run.expect("Type the last word")
            #expect(!run.text.contains("PIN"))
            try run.type(words[31].uppercased() + "\n")
            try run.expect("PIN to sign the statement of keeper-alpha-1, token alice")
            try run.expect("): ")
            try run.type(SoftHSMStore.pin + "\n")
            #expect(run.finish() == 0, "\(run.text)")
            #expect(
                try alice.opensshAccepts(
                    file + ".alice.sig", over: file, by: key.line,
                    namespace: "ceremonyd-approve-v1"))
        }
    }

    @Test("an empty answer stops before any PIN, and so do three wrong words")
    func declined() async throws {
        try await withCustodian { alice in
            let key = try #require(SSHPublicKey(line: alice.makeIdentity()))
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("alice", key)])
            let file = try alice.write("s.txt", statement.text)
            for answers in [["\n"], ["yes\n", "y\n", "any key\n"]] {
                let run = try alice.start("sign", file)
                for answer in answers {
                    try run.expect("or nothing to stop: ")
                    try run.type(answer)
                }
                #expect(run.finish() == 1)
                #expect(run.text.contains("code: stopped"))
                #expect(!run.text.contains("PIN to"))
            }
        }
    }

    @Test("below 60 columns no signature is asked for")
    func narrow() async throws {
        try await withCustodian { alice in
            let key = try #require(SSHPublicKey(line: alice.makeIdentity()))
            let statement = TestDocuments.statement(
                by: TestDocuments.strangers[0], witnesses: [("alice", key)])
            let file = try alice.write("s.txt", statement.text)
            let run = try alice.start("sign", file, columns: 59)
            #expect(run.finish() == 64)
            #expect(run.text.contains("code: terminal-too-narrow"))
            #expect(!run.text.contains("Type the last word"))
        }
    }
}
