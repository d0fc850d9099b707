// What a failed execution left on a token is destroyed by a person's order about exactly that
// object, and the log keeps what became of it.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("What a failed execution left is recovered")
struct RecoveryTests {
    @Test(
        "Destroyed or absent: it is closed, once",
        arguments: [DestructionOutcome.destroyed, .absent])
    func closed(_ outcome: DestructionOutcome) throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        #expect(house.state.unrecovered.map(\.id) == [id])
        let order = try house.recovery(of: id)
        let command = Command.recover(
            document: order.document, sshsig: order.sshsig, outcome: outcome)
        let decision = try house.decide(command)
        #expect(decision.events.map(\.body.type) == ["object.destroyed"])
        let recovery = try #require(try house.ceremony(id).recovery)
        #expect(recovery.outcome == outcome && recovery.isClosed && recovery.actor == "dave")
        #expect(house.state.unrecovered.isEmpty)
        #expect(house.standing(id) == .failed)
        // The same order again is answered, another one refused.
        let again = try house.decide(command)
        #expect(again.isRepeat && again.events.isEmpty && again.receipt?.ceremony == id)
        expectRefusal(.ended) { try house.recover(id, .absent) }
        house.expectConsistent()
        let folder = try house.evidence()
        let path = "ceremonies/\(id)/acts/\(recovery.seq)-recover-dave."
        #expect(folder.files[path + "txt"] == order.document)
        #expect(folder.files.keys.count { $0.hasPrefix(path) } == 2)
        #expect(EvidenceVerifier.verify(folder, against: EvidenceTests.trust(house)).isVerified)
    }

    @Test("A lost token leaves it listed, until the token is found")
    func unreachable() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        try house.recover(id, .unreachable)
        #expect(try house.ceremony(id).recovery?.isClosed == false)
        #expect(house.state.unrecovered.map(\.id) == [id])
        try house.recover(id, .unreachable)
        try house.recover(id, .destroyed)
        #expect(house.state.unrecovered.isEmpty)
        house.expectConsistent()
    }

    @Test("Only a person says that a token is lost, and then nothing else is reported")
    func outcomeIsOrdered() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        let plain = try house.recovery(of: id)
        let lost = try house.recovery(of: id, isTokenLost: true)
        for (order, outcome) in [
            (plain, DestructionOutcome.unreachable), (lost, .destroyed), (lost, .absent),
        ] {
            house.expectRefusal(
                .illegalEvent,
                of: .recover(document: order.document, sshsig: order.sshsig, outcome: outcome))
        }
    }

    @Test("Only what a failed execution announced is recovered")
    func states() throws {
        var house = try House()
        let open = try house.open().ceremony
        expectRefusal(.nothingToRecover) { try house.recover(open, .absent) }
        try house.order(.cancel, by: "dave", on: open)
        // FAILED, and nothing was announced.
        #expect(house.standing(open) == .failed)
        expectRefusal(.nothingToRecover) { try house.recover(open, .absent) }
        let executing = try house.executing().ceremony
        expectRefusal(.notYet) { try house.recover(executing, .absent) }
        try house.complete(executing)
        expectRefusal(.nothingToRecover) { try house.recover(executing, .absent) }
        // One that says that nothing is left may be looked at all the same.
        let clean = try house.interrupted("keeper-beta", left: []).ceremony
        #expect(house.state.unrecovered.isEmpty)
        try house.recover(clean, .absent)
        house.expectConsistent()
    }

    @Test("An operator orders it, in that role")
    func roles() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        for (name, role) in [
            ("alice", ActRole.operator), ("alice", .witness), ("alice", .keeper),
            ("dave", .initiator), ("erin", .auditor), ("robot", .operator),
        ] {
            let order = house.signed(try house.act(.recover, by: name, as: role, on: id))
            house.expectRefusal(
                .wrongRole, "FR70",
                of: .recover(document: order.document, sshsig: order.sshsig, outcome: .absent))
        }
    }

    @Test("The order names the key id, the statement and the states")
    func names() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        let other = try house.interrupted("keeper-beta").ceremony
        let evidence = try #require(try house.ceremony(id).announced?.keyEvidence)
        let foreign = Evidence(what: "key-id", digest: Digest(of: [1]))
        let lost = Evidence(what: "token-lost", digest: Digest(of: [1]))
        let changes: [(inout Act) -> Void] = [
            { $0.evidence = [] }, { $0.evidence = [foreign] },
            { $0.evidence = [evidence, evidence] }, { $0.evidence = [evidence, foreign] },
            { $0.evidence = [evidence, lost] }, { $0.document = nil },
            { $0.document = Digest(of: []) }, { $0.from = "EXECUTING" }, { $0.from = nil },
            { $0.to = "COMPLETED" }, { $0.act = .note }, { $0.ceremony = nil },
        ]
        for change in changes {
            let order = try house.recovery(of: id, change)
            house.expectRefusal(
                .wrongDocument,
                of: .recover(document: order.document, sshsig: order.sshsig, outcome: .absent))
        }
        // A photograph or a bag's number may stand beside it.
        let order = try house.recovery(of: id) {
            $0.evidence.append(Evidence(what: "photograph of the token", digest: Digest(of: [2])))
        }
        try house.decide(
            .recover(document: order.document, sshsig: order.sshsig, outcome: .absent))
        #expect(house.state.unrecovered.map(\.id) == [other])
    }

    @Test("The event is about the object that was announced, and about the ordered ceremony")
    func event() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        let other = try house.interrupted("keeper-beta").ceremony
        let order = try house.recovery(of: id)
        let object = try #require(try house.ceremony(id).announced)
        let act = try Act(bytes: order.document)
        let body = ObjectDestroyed(
            ceremony: id, tokenSerial: object.tokenSerial, keyID: object.keyID, outcome: .destroyed,
            signed: SignedDocument(
                lines: act.lines, key: act.actor.fingerprint, sshsig: order.sshsig))
        var changed = body
        changed.tokenSerial = "99"
        house.expectIllegal(.illegalEvent, .objectDestroyed(changed))
        changed = body
        changed.keyID[0] ^= 1
        house.expectIllegal(.illegalEvent, .objectDestroyed(changed))
        changed = body
        changed.ceremony = other
        house.expectIllegal(.wrongDocument, .objectDestroyed(changed))
        changed = body
        changed.signed.sshsig = house.person("alice").keys[0].sshsig(
            over: order.document, for: .act)
        house.expectIllegal(.badSignature, .objectDestroyed(changed))
        try house.append(.objectDestroyed(body))
        house.expectIllegal(.nonceUsed, .objectDestroyed(body))
    }

    @Test("It does not go on while the house is halted or the clock is behind")
    func hindered() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        let order = try house.recovery(of: id)
        let command = Command.recover(
            document: order.document, sshsig: order.sshsig, outcome: .absent)
        var behind = house
        behind.pass(-6)
        behind.expectRefusal(.clockBehind, of: command)
        expectRefusal(.clockBehind) {
            _ = try behind.state.recovery(
                document: order.document, sshsig: order.sshsig, now: behind.now)
        }
        try house.order(.halt, by: "alice")
        house.expectRefusal(.halted, "CT-11", of: command)
        expectRefusal(.halted) {
            _ = try house.state.recovery(
                document: order.document, sshsig: order.sshsig, now: house.now)
        }
    }

    @Test("Asking beforehand says what the decision would, and changes nothing")
    func preflight() throws {
        var house = try House()
        let id = try house.interrupted().ceremony
        let order = try house.recovery(of: id, isTokenLost: true)
        let asked = try house.state.recovery(
            document: order.document, sshsig: order.sshsig, now: house.now)
        #expect(asked.isTokenLost && asked.ceremony.id == id)
        #expect(asked.object.label == id && asked.object.isOn(House.token))
        #expect(!asked.object.isOn(House.otherToken))
        let (token, own) = (House.token, "another")
        for other in [
            TokenReference(
                label: token.label, manufacturer: own, model: token.model, serial: token.serial),
            TokenReference(
                label: token.label, manufacturer: token.manufacturer, model: own,
                serial: token.serial),
            TokenReference(
                label: token.label, manufacturer: token.manufacturer, model: token.model,
                serial: own),
        ] { #expect(!asked.object.isOn(other)) }
        let (keyID, label) = (asked.object.keyID, Array(asked.object.label.utf8))
        #expect(asked.object.isNamed(id: keyID, label: label))
        #expect(!asked.object.isNamed(id: keyID + [0], label: label))
        #expect(!asked.object.isNamed(id: keyID, label: label + [0]))
        // Its label may have been changed.
        #expect(
            asked.object.isOn(
                TokenReference(
                    label: own, manufacturer: token.manufacturer, model: token.model,
                    serial: token.serial)))
        let execute = house.signed(try house.act(.execute, by: "dave", on: id))
        expectRefusal(.wrongDocument) {
            _ = try house.state.recovery(
                document: execute.document, sshsig: execute.sshsig, now: house.now)
        }
        // Nor is it taken as an order to execute, or without a report.
        expectRefusal(.wrongDocument) { try house.decide(order.command) }
        expectRefusal(.wrongDocument) {
            _ = try house.state.preflight(
                document: order.document, sshsig: order.sshsig, now: house.now)
        }
    }

    @Test("Every object on a token is judged by the log")
    func inventory() throws {
        var house = try House()
        let key = try house.activated()
        let failed = try house.interrupted("keeper-beta").ceremony
        let orphan = try #require(try house.ceremony(failed).announced)
        let label = Array(key.keyLabel.utf8)
        let point = key.publicKey.point
        func object(
            _ objectClass: String, _ id: [UInt8], _ label: [UInt8], _ point: [UInt8]? = nil
        ) -> TokenObject {
            TokenObject(objectClass: objectClass, id: id, label: label, point: point)
        }
        func standings(
            _ objects: [TokenObject], on token: TokenReference = House.token, later: Int = 0
        ) -> [ObjectStanding] {
            house.state.judge(objects, on: token, at: house.now + later).map(\.standing)
        }
        let left = Array(orphan.label.utf8)
        #expect(
            standings([
                object("public-key", key.keyID, label, point),
                object("public-key", [7], [], SoftwareKey(1).publicKey.point),
                object("public-key", [8], [], house.logKey.publicKey.point),
                object("private-key", [8], []),
                object("data", orphan.keyID, left),
            ]) == [.active, .unknown, .logKey, .logKey, .unknown])
        #expect(
            standings([
                object("private-key", orphan.keyID, left),
                object("public-key", orphan.keyID, left, SoftwareKey(77).publicKey.point),
                object("private-key", orphan.keyID, label),
            ]) == [.orphan, .orphan, .unknown])
        // A private half alone is known by its names; beside a foreign public half it is not.
        #expect(standings([object("private-key", key.keyID, label)]) == [.active])
        #expect(
            standings([
                object("private-key", key.keyID, label),
                object("public-key", key.keyID, label, SoftwareKey(78).publicKey.point),
            ]) == [.unknown, .unknown])
        // On another token nothing of it is the log's.
        #expect(
            standings(
                [
                    object("public-key", key.keyID, label, point),
                    object("private-key", orphan.keyID, left),
                ], on: House.otherToken) == [.unknown, .unknown])
        let third = try house.executing("keeper-gamma").ceremony
        let executing = try #require(try house.ceremony(third).announced)
        #expect(
            standings([object("private-key", executing.keyID, Array(executing.label.utf8))])
                == [.pending])
    }
}
