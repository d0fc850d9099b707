// Every act as people do it who do not sit at the ceremony machine: drafted into a file here,
// signed where no daemon is, handed in by whoever carried it.

import CeremonyRecord
import Testing

@Suite("Acts by file exchange")
struct FileExchangeTests {
    @Test("Every act is drafted into a file, signed elsewhere, and handed in by somebody else")
    func everyAct() throws {
        try withRoom { room in
            let (alice, bob, carol, dave) = (room.alice, room.bob, room.carol, room.dave)
            let heidi = room.person("heidi")
            let start = ["--into", "house", "--reason", "by files"]
            var said = try dave.passes(
                .open, .token,
                ["start", "new-keeper-key", "keeper-alpha", "--key", try dave.tokenKey] + start)
            #expect(said.contains("keeper-alpha-1 is open until"))
            let id = "keeper-alpha-1"
            said = try alice.passes(.approve, .token, ["witness", id])
            #expect(said.contains("alice approved keeper-alpha-1."))
            said = try bob.passes(.approve, .openSSH, ["witness", id])
            #expect(said.contains("bob approved keeper-alpha-1."))
            said = try heidi.passes(.act, .openSSH, ["decline", id, "--reason", "not convinced"])
            #expect(said.contains("heidi declined keeper-alpha-1."))
            try carol.passes(.approve, .token, ["witness", id])
            try room.erin.passes(.act, .openSSH, ["note", "all is well", "--ceremony", id])
            said = try dave.passes(
                .act, .token, ["execute", id, "--key", try dave.tokenKey])
            // The steps are told while they happen.
            #expect(said.contains("announced by event"), "\(said)")
            #expect(said.contains("step: "), "\(said)")
            said = try alice.passes(.attest, .token, ["attest", id])
            #expect(said.contains("alice attested the key SHA256:"))
            try bob.passes(.attest, .openSSH, ["attest", id])
            try carol.passes(.attest, .token, ["attest", id])
            #expect(try room.ceremony(id).field("key_status").text == "active")

            try dave.passes(.open, .openSSH, ["start", "new-keeper-key", "keeper-beta"] + start)
            said = try dave.passes(.act, .openSSH, ["cancel", "keeper-beta-1", "--reason", "late"])
            #expect(said.contains("dave cancelled keeper-beta-1. Nothing was made."))
            said = try alice.passes(
                .act, .token, ["halt", "--reason", "enough", "--key", try alice.tokenKey])
            #expect(said.contains("alice halted the log"))
            let types = try room.types(from: 3).filter { $0 != "access.refused" }
            #expect(
                types == [
                    "ceremony.opened", "ceremony.witnessed", "ceremony.witnessed",
                    "ceremony.declined", "ceremony.witnessed", "ceremony.approved",
                    "exception.noted", "ceremony.executing", "ceremony.completed",
                    "ceremony.attested", "ceremony.attested", "ceremony.attested",
                    "key.activated", "ceremony.opened", "ceremony.failed", "halt.raised",
                ])
        }
    }

    @Test("A draft says for whose signature it is, and what to do with it")
    func drafts() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            let (alice, path) = (room.alice, room.alice.path("draft"))
            let drafted = try alice.run("witness", id, "--as", "alice", "--draft", path, "--json")
            #expect(drafted.status == 0, "\(drafted.err)")
            for words in ["ceremonyctl sign \(path)", "-n ceremonyd-approve-v1", "submit \(path)"] {
                #expect(drafted.err.contains(words), "\(drafted.err)")
            }
            let reply = try JSON(drafted.line)
            #expect(reply.field("namespace").text == "ceremonyd-approve-v1")
            #expect(try reply.field("digest").text == room.ceremony(id).field("digest").text)
            #expect(reply.field("keys").list.count == 2)
            // What is there already is left alone, and nobody has to guess for whom it is.
            try room.refuses(1, "file-exists") {
                try alice.run("witness", id, "--as", "alice", "--draft", path, "--json")
            }
            try room.refuses(64, "usage", says: "for whom this is to be drafted") {
                try room.erin.run("witness", id, "--draft", room.erin.path("draft"), "--json")
            }
            try room.refuses(77, "not-listed", says: "none of the keys") {
                try alice.run(
                    "witness", id, "--as", "alice", "--key", try room.bob.tokenKey, "--draft",
                    alice.path("draft"), "--json")
            }
        }
    }

    @Test("Drafts are written while the log or the receiving token is locked, and taken afterwards")
    func whileLocked() throws {
        let room = try CeremonyRoom.copy()
        try room.addSpare()
        try room.open()
        let id = try room.start("keeper-alpha", "--into", "spare")
        try room.approve(id, by: ["erin", "frank"])
        try room.dave.does("lock")
        let yes = try room.person("grace").draft("witness", id)
        let note = try room.erin.draft("note", "while it was locked")
        try room.refuses(75, "sealed") { try room.erin.submit(note, .act) }
        try room.unlock()
        try room.erin.submits(note, .act)
        try room.person("grace").submits(yes, .approve)
        let order = try room.dave.draft("execute", id)
        try room.refuses(75, "token-locked") { try room.dave.submit(order, .act) }
        try room.dave.does(
            "unlock", "spare", "--clock", room.today, "--pin-file", room.house.home + "/pin")
        try room.dave.submits(order, .act)
        #expect(try room.state(of: id) == "COMPLETED")
    }
}

/// What makes the signature on another machine.
enum SignedBy { case token, openSSH }

extension Person {
    /// The fingerprint of the key in the person's token.
    var tokenKey: String {
        get throws { "\(try #require(SSHPublicKey(line: identity)).fingerprint)" }
    }

    /// Drafts an act here, signs it where no daemon is, and has erin hand it in; gives back what
    /// erin was told.
    @discardableResult
    func passes(
        _ namespace: SignatureNamespace, _ signer: SignedBy, _ arguments: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let path = path("draft")
        try does(
            arguments + ["--as", name, "--draft", path], sourceLocation: sourceLocation)
        let signature =
            switch signer {
            case .openSSH: try sign(path, namespace)
            case .token: try signElsewhere(path, namespace)
            }
        let ended = try room.erin.run("submit", path, signature)
        try #require(
            ended.status == 0, "\(arguments): exit \(ended.status): \(ended.err)",
            sourceLocation: sourceLocation)
        return ended.err
    }

    /// Signs a draft with the token, on a machine without a daemon.
    private func signElsewhere(_ file: String, _ namespace: SignatureNamespace) throws -> String {
        let options: [String] =
            namespace == .open ? ["--open"] : namespace == .attest ? ["--as", name] : []
        let ended = try Program(
            [
                Program.products + "/ceremonyctl", "--socket", "/nowhere", "sign", file,
                "--confirm", file,
            ] + withToken + options, environment: environment, scratch: home
        ).finish()
        try #require(ended.status == 0, "\(ended.err)")
        return ended.line
    }
}
