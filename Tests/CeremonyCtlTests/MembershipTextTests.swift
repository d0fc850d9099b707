// What people are told of a change of members: before the commit what silence does, during it whom
// it waits for and whether it can still come, after it who was silent; and the next steps of each.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Synchronization
import TestSupport
import Testing

@testable import ceremonyctl

@Suite("what people are told of a change of members")
struct MembershipTextTests {
    private func guarded(sign: Int = 2) throws -> House {
        var house = try House(policy: House.membershipPolicy)
        house.now = .now
        try house.makeAuthority(
            [("alice", 301), ("bob", 302), ("carol", 303)], ["sign": "\(sign)", "approve": "2"])
        return house
    }

    private func text(_ house: House, _ id: String, asked: [String] = []) throws -> [String] {
        let ceremony = try #require(house.state.ceremony(named: id))
        return CeremonyPicture(
            of: ceremony, in: house.state, [], at: house.now, claims: .init(asked: asked)
        ).lines.map(\.text)
    }

    private func expect(
        _ text: [String], has lines: [String], not others: [String] = [],
        _ place: SourceLocation = #_sourceLocation
    ) {
        for line in lines {
            #expect(text.contains { $0.contains(line) }, "\(line)\n\(text)", sourceLocation: place)
        }
        for line in others {
            #expect(!text.contains { $0.contains(line) }, "\(line)\n\(text)", sourceLocation: place)
        }
    }

    /// frank and gina are to come, and everybody has agreed.
    private func agreed(_ house: inout House, patience: String = "120") throws -> Statement {
        let adding = try house.openMembership(["add": "frank,gina", "patience": patience])
        try house.approve("alice", "bob", "carol", statement: adding)
        try house.consent(key: 301, to: adding, as: "alice")
        try house.consent(key: 302, to: adding, as: "bob")
        try house.bring(key: 304, to: adding, as: "frank")
        try house.bring(key: 305, to: adding, as: "gina")
        return adding
    }

    /// The same, while bob is to go; being carried out when that commits.
    private func overtaken() throws -> (House, Statement) {
        var house = try guarded()
        let adding = try agreed(&house)
        let removing = try house.openMembership(["remove": "bob", "sign": "1", "approve": "1"])
        try house.approve("alice", "bob", "carol", statement: removing)
        try house.consent(key: 301, to: removing, as: "alice")
        try house.consent(key: 303, to: removing, as: "carol")
        try house.execute(adding.ceremony)
        try house.carryOut(removing.ceremony)
        return (house, adding)
    }

    @Test("While it is carried out, until when, whom it waits for, and for whom no more")
    func executing() throws {
        var house = try guarded()
        let adding = try agreed(&house)
        try house.execute(adding.ceremony)
        expect(
            try text(house, adding.ceremony, asked: ["gina"]),
            has: [
                "to be over until ", "asked    frank and gina, about until ",
                "it waits for gina to sign: ceremonyctl answer guardians-2; not any more for frank",
                "2 is pending and means nothing yet",
            ], not: ["OVERTAKEN"])
    }

    @Test("Where another commit has overtaken it, that is said, and nobody is asked to sign")
    func overtakenPicture() throws {
        let (house, adding) = try overtaken()
        expect(
            try text(house, adding.ceremony, asked: ["frank"]),
            has: [
                "OVERTAKEN", "2 is in force since ",
                "2, as agreed on in this ceremony, cannot come any more",
            ], not: ["is pending", "it waits for frank", "asked  "])
    }

    @Test("Nobody signs for an epoch that another commit has overtaken, whatever the daemon asks")
    func overtakenAnswer() throws {
        let (house, adding) = try overtaken()
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let key = SoftwareKey(304).publicKey
        daemon.answers("Questions") {
            [
                "questions": .array([
                    .fields(["person": .string("frank"), "key": .string(key.line)])
                ])
            ]
        }
        let run = try daemon.run("answer", adding.ceremony, "--show")
        #expect(run.status == 1, "\(run.err)")
        #expect(run.err.contains("code: prestate-changed"), "\(run.err)")
        #expect(run.err.contains("can be committed no more"), "\(run.err)")
        #expect(!run.err.contains("epoch: 2"), "\(run.err)")
    }

    @Test("Who was silent at the commit is named where it is shown, watched and executed")
    func silent() throws {
        var house = try guarded()
        let adding = try agreed(&house, patience: "0")
        try house.carryOut(adding.ceremony)
        expect(
            try text(house, adding.ceremony),
            has: ["done     epoch 2", "silent   frank and gina did not answer at the commit"])
        let authority = try #require(house.state.authority("guardians"))
        expect(
            authority.notes(on: authority.current, under: house.state.roster),
            has: ["whether frank and gina can sign", "--set renew=frank,gina"])
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        #expect(try daemon.run("show", adding.ceremony).out.contains("silent   frank and gina"))
        #expect(
            try daemon.run("authority", "show", "guardians").out.contains("--set renew=frank,gina"))
        let first = try daemon.run("authority", "show", "guardians", "--epoch", "1").out
        #expect(!first.contains("renew="), "\(first)")
    }

    @Test("What silence does is said in the statement's own words, before anybody signs")
    func patience() throws {
        var house = try guarded()
        func told(_ parameters: [String: String], _ authority: String = "guardians") throws
            -> [String]
        {
            let statement = try house.openMembership(parameters, of: authority)
            try house.order(.cancel, by: "dave", on: statement.ceremony)
            return MembershipChange.alone(statement)
        }
        expect(
            try told(["add": "frank", "sign": "3"]),
            has: ["asked for 120 seconds", "named as not reached."], not: ["must answer"])
        expect(
            try told(
                ["role": "group", "add": "frank,gina", "sign": "2", "patience": "40"], "trio"),
            has: ["asked for 40 seconds", "at least 2 of them must answer, or there is no commit."])
        expect(
            try told(["add": "frank", "patience": "0"]),
            has: ["nobody is asked whether their new key is there"])
        expect(try told(["remove": "bob", "approve": "1"]), has: [], not: ["At the commit"])
        let statement = try house.openMembership(["add": "frank"])
        expect(
            MembershipChange.beforeExecution(of: statement),
            has: ["asked for 120 seconds", "each with their token: frank."])
    }

    @Test("An order that only an acceptance is missing for names that, and who is to give it")
    func missingAcceptance() throws {
        var house = try guarded()
        let adding = try house.openMembership(["add": "frank"])
        try house.approve("alice", "bob", "carol", statement: adding)
        try house.consent(key: 301, to: adding, as: "alice")
        try house.consent(key: 302, to: adding, as: "bob")
        let report = try CeremonyReport(
            PaperReplies.ceremony(try #require(house.state.ceremony(named: adding.ceremony)), house)
        )
        let standing = Standing(
            report: report, person: house.person("dave").member, now: house.now)
        do {
            try standing.check(.execute)
            Issue.record("it is executed")
        } catch {
            #expect(error.code == "not-yet" && error.happened.contains("0 of 1 to bring a key"))
            #expect(!error.happened.contains("approvals"), "\(error.happened)")
            #expect(
                error.next.contains("bring a key by frank") && !error.next.contains("alice"),
                "\(error.next)")
        }
        expectRefusal(house, "0 of 1 acceptances for `members`", "Waiting for: frank.") {
            try $0.execute(adding.ceremony)
        }
    }

    private func expectRefusal(
        _ house: House, _ detail: String, _ next: String,
        _ act: (inout House) throws -> Void
    ) {
        var house = house
        do {
            try act(&house)
            Issue.record("it is taken")
        } catch let refusal as Refusal {
            #expect(refusal.detail.contains(detail) && refusal.next == next, "\(refusal)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("Many who are vouched for are not many lines, and each part is named once")
    func manyParts() throws {
        var house = try guarded()
        let strangers = (0..<6).map { "new\($0)=\(SoftwareKey(700 + $0).fingerprint)" }
        let adding = try house.openMembership(["add": strangers.joined(separator: ",")])
        let ceremony = try #require(house.state.ceremony(named: adding.ceremony))
        let report = try CeremonyReport(PaperReplies.ceremony(ceremony, house))
        let line = report.line(at: house.now).joined(separator: " ")
        #expect(line.contains("parts 0/8") && line.utf8.count < 160, "\(line)")
        let next = try #require(report.next)
        #expect(next.utf8.count < 600, "\(next)")
        #expect(next.contains("consent by alice, bob and carol"), "\(next)")
        #expect(next.contains("vouch for new0, vouch for new1, vouch for new2 and more"), "\(next)")
        expect(
            try text(house, adding.ceremony),
            has: ["next     to approve: ceremonyctl witness", "vouch for new5: ceremonyctl accept"])
        let daemon = try PaperDaemon(house)
        defer { daemon.stop() }
        let run = try daemon.run("next", "--as", "frank").out
        #expect(
            run.split(separator: "\n").count { $0.contains("ceremonyctl accept") } == 1, "\(run)")
        #expect(run.contains("vouch for new0") && run.contains("6 times"), "\(run)")
    }

    @Test("Whoever has a key to take away is told so, whether or not they are on the roster")
    func tidying() throws {
        var house = try guarded()
        let adding = try house.openMembership(["add": "frank"])
        try house.bring(key: 304, to: adding, as: "frank")
        try house.order(.cancel, by: "dave", on: adding.ceremony)
        let daemon = try PaperDaemon(house) { method, reply in
            guard method == "Status", case .object(var status)? = reply["status"] else { return }
            status["left_keys"] = .array(
                ["frank", "zoe"].map { name in
                    .fields([
                        "ceremony": .string(adding.ceremony), "name": .string(name),
                        "key": .string("\(SoftwareKey(6).fingerprint)"),
                        "new_key": .string("\(SoftwareKey(304).fingerprint)"),
                        "token": .string(House.token(of: name).uri),
                    ])
                })
            reply["status"] = .object(status)
        }
        defer { daemon.stop() }
        for name in ["frank", "zoe"] {
            let run = try daemon.run("next", "--as", name)
            #expect(run.status == 0 && run.out.contains("ceremonyctl tidy \(adding.ceremony)\n"))
        }
        #expect(try !daemon.run("next", "--as", "alice").out.contains("tidy"))
    }

    @Test("The empty name of a ceremony is no ceremony's beginning")
    func emptyName() throws {
        let daemon = try PaperDaemon(try guarded())
        defer { daemon.stop() }
        let run = try daemon.run("show", "")
        #expect(run.status == 64 && run.err.contains("is empty"), "\(run.err)")
    }
}

@Suite("what people are told who accept, answer and invite")
struct AcceptingTextTests {
    /// A group of carol and the person whose token is here, to whom it is asked.
    private func asking(_ alice: Custodian) throws -> (PaperDaemon, Statement) {
        let key = try #require(SSHPublicKey(line: alice.makeIdentity()))
        var house = try House(policy: House.membershipPolicy)
        house.now = .now
        let statement = try house.openMembership(
            [
                "role": "group", "sign": "1",
                "add": "carol,zoe=\(key.fingerprint)",
            ], of: "council")
        return (try PaperDaemon(house), statement)
    }

    @Test(
        "Without a terminal, with --confirm or on a narrow one no key is made that is left behind")
    func noKeyInVain() async throws {
        try await withCustodian(tokens: ["zoe"]) { zoe in
            let (daemon, statement) = try asking(zoe)
            defer { daemon.stop() }
            let socket = ["--socket", daemon.directory + "/sock"]
            let without = try zoe.client.run(
                ["accept", statement.ceremony, "--module", zoe.store.modulePath, "--pin-fd", "3"]
                    + socket, pin: SoftHSMStore.pin)
            #expect(without.status == 64, "\(without.err)")
            #expect(without.err.contains("No key was made") && without.err.contains("--draft FILE"))
            let confirmed = try zoe.client.run(
                [
                    "accept", statement.ceremony, "--module", zoe.store.modulePath, "--pin-fd", "3",
                    "--confirm", "\(Digest(of: [1]))",
                ] + socket, pin: SoftHSMStore.pin)
            #expect(confirmed.status == 64 && confirmed.err.contains("made only now"))
            let narrow = try zoe.client.start(
                ["accept", statement.ceremony, "--module", zoe.store.modulePath] + socket,
                columns: 30)
            #expect(narrow.finish() == 64)
            #expect(!narrow.text.contains("A new key is made"), "\(narrow.text)")
            let objects = try zoe.store.pkcs11Tool("--list-objects", "--type", "pubkey")
            #expect(!objects.contains("council-1"), "\(objects)")
        }
    }

    @Test("Whoever stops behind a new key is told where it is and what becomes of it")
    func keyIsLeft() async throws {
        try await withCustodian(tokens: ["zoe"]) { zoe in
            let (daemon, statement) = try asking(zoe)
            defer { daemon.stop() }
            let run = try zoe.client.start(
                [
                    "accept", statement.ceremony, "--module", zoe.store.modulePath, "--socket",
                    daemon.directory + "/sock",
                ], columns: 400)
            try run.expect("A new key is made in zoe")
            try run.expect("): ")
            try run.type(SoftHSMStore.pin + "\n")
            try run.expect("or nothing to stop: ")
            try run.type("\n")
            #expect(run.finish() == 1)
            #expect(!run.text.contains("no PIN was asked for"), "\(run.text)")
            for words in ["was made in zoe", "stays there, inert", "uses that key", "with the id "]
            {
                #expect(run.text.contains(words), "\(words)\n\(run.text)")
            }
        }
    }

    /// Drafts the acceptance, has both keys sign it, and hands it in.
    private func accept(_ zoe: Custodian, _ statement: Statement, at daemon: PaperDaemon) throws {
        let file = daemon.directory + "/yes"
        let base = ["--socket", daemon.directory + "/sock", "--module", zoe.store.modulePath]
        let drafted = try zoe.client.run(
            ["accept", statement.ceremony, "--draft", file, "--as", "zoe", "--pin-fd", "3"]
                + base, pin: SoftHSMStore.pin + "\n" + SoftHSMStore.pin)
        #expect(drafted.status == 0, "\(drafted.err)")
        // What is to be typed is told once, and whole.
        #expect(
            drafted.err.contains("submit \(file) SIGNATURE --possession \(file).possession.sig")
        )
        #expect(!drafted.err.contains("SIGNATURE\n"), "\(drafted.err)")
        let signed = try zoe.client.run(
            ["sign", file, "--confirm", "\(Digest(of: try Files.read(file)))", "--pin-fd", "3"]
                + ["--module", zoe.store.modulePath], pin: SoftHSMStore.pin)
        #expect(signed.status == 0, "\(signed.err)")
        let sshsig = try SSHSIG(armored: try Files.read(file + ".zoe.sig"))
        let possession = try SSHSIG(armored: try Files.read(file + ".possession.sig"))
        let bytes = try Files.read(file)
        _ = try daemon.house.withLock {
            try $0.decide(
                .submit(
                    document: bytes, sshsig: sshsig.blob, possession: possession.blob))
        }
    }

    @Test("A second acceptance is told that the first one stands, with and without --as")
    func twice() async throws {
        try await withCustodian(tokens: ["zoe"]) { zoe in
            let (daemon, statement) = try asking(zoe)
            defer { daemon.stop() }
            let base = ["--socket", daemon.directory + "/sock", "--module", zoe.store.modulePath]
            try accept(zoe, statement, at: daemon)
            for more in [[], ["--as", "zoe"]] {
                let again = try zoe.client.run(["accept", statement.ceremony] + more + base)
                #expect(again.status == 1, "\(again.err)")
                #expect(again.err.contains("code: already-answered"), "\(again.err)")
                #expect(again.err.contains("zoe accepted council-1 at "), "\(again.err)")
            }
        }
    }

    @Test("Of several ceremonies the one is meant that asks whoever is here")
    func theOneThatAsks() async throws {
        try await withCustodian(tokens: ["zoe"]) { zoe in
            let (daemon, _) = try asking(zoe)
            defer { daemon.stop() }
            _ = try daemon.house.withLock {
                try $0.openMembership(["role": "group", "add": "bob", "sign": "1"], of: "others")
            }
            let run = try zoe.client.run(
                [
                    "accept", "--module", zoe.store.modulePath, "--socket",
                    daemon.directory + "/sock",
                ])
            #expect(!run.err.contains("ambiguous"), "\(run.err)")
            #expect(run.err.contains("The statement of council-1"), "\(run.err)")
        }
    }

    @Test("A member who is on no roster is not called a stranger")
    func member() async throws {
        try await withCustodian(tokens: ["zoe"]) { zoe in
            let (daemon, statement) = try asking(zoe)
            defer { daemon.stop() }
            let next = ["next", "--socket", daemon.directory + "/sock"]
            let here = next + ["--module", zoe.store.modulePath]
            #expect(try zoe.client.run(here).out.contains("zoe: accept your part (bring a key)"))
            try accept(zoe, statement, at: daemon)
            try daemon.house.withLock { house in
                try house.bring(key: 303, to: statement, as: "carol")
                try house.approve("alice", "bob", "carol", statement: statement)
                for (name, number) in [("frank", 6), ("dave", 4)] {
                    try house.accept(statement, as: name, key: number, set: "vouch.zoe")
                }
                try house.carryOut(statement.ceremony)
            }
            #expect(try zoe.client.run(here).out == "Nothing is awaited of zoe now.\n")
        }
    }

    @Test("A key is shown in the words in which it is compared")
    func words() async throws {
        try await withCustodian(tokens: ["zoe"]) { zoe in
            let key = try #require(SSHPublicKey(line: zoe.makeIdentity()))
            let words = PGPWords.words(of: key.fingerprint.bytes)
            let shown = try zoe.run("identity", "show")
            #expect(shown.err.contains(words[12...15].joined(separator: " ")), "\(shown.err)")
            #expect(shown.err.contains("the first 16 are enough"), "\(shown.err)")
            #expect(
                TypedFingerprint.matches(words.prefix(16).joined(separator: " "), key.fingerprint))
            #expect(
                try zoe.run("identity", "show", "--json").out.contains("\"words\":[\"\(words[0])"))
        }
    }
}
