// The life of a key after its birth: the overlap, its end, and the end of all trust.

import CeremonyRecord
import TestSupport
import Testing

@testable import CeremonyRules

@Suite("A key is rotated and retired")
struct RotationTests {
    /// A house in which keeper-alpha has an active key, and a rotation of it has been attested.
    private func rotated() throws -> (House, old: KeyRecord, new: KeyRecord) {
        var house = try House()
        let old = try house.activated()
        house.pass(10)
        let new = try house.rotated(key: 501)
        return (house, old, new)
    }

    @Test("Activation begins an overlap in which both keys are valid")
    func overlap() throws {
        var (house, old, new) = try rotated()
        #expect(new.oldKey == old.fingerprint)
        #expect(new.overlapDays == 30)
        let until = house.now + 30 * 86_400
        #expect(house.state.key(old.fingerprint)?.until == until)
        #expect(house.state.key(old.fingerprint)?.status(at: until + -1) == .retiring)
        #expect(house.state.key(new.fingerprint)?.status(at: until + -1) == .active)
        #expect(house.state.nextDue == until)
        house.now = until
        // It holds by its date, whether or not anybody has written it down.
        #expect(house.state.key(old.fingerprint)?.status(at: until) == .retired)
        let decision = try house.decide(.tick)
        #expect(decision.events.map(\.body.type) == ["key.retired"])
        #expect(try house.decide(.tick).events.isEmpty)
    }

    @Test("An end that is written down late tells both times")
    func late() throws {
        var (house, old, _) = try rotated()
        let until = try #require(house.state.key(old.fingerprint)?.until)
        house.now = until + 500
        let decision = try house.decide(.tick)
        guard case .keyRetired(let retired)? = decision.events.first?.body else {
            Issue.record("nothing retired")
            return
        }
        #expect(retired.effective == until)
        #expect(house.state.key(old.fingerprint)?.retired?.time == until)
        house.expectConsistent()
    }

    @Test("A second rotation is told when the first one is over")
    func second() throws {
        var (house, old, _) = try rotated()
        let until = try #require(house.state.key(old.fingerprint)?.until)
        #expect {
            try house.statement("key-rotation")
        } throws: { error in
            let next = (error as? Refusal)?.next ?? ""
            return next.contains("is retired, at \(until).")
        }
        var fresh = try House()
        _ = try fresh.activated()
        let statement = try fresh.statement("key-rotation")
        try fresh.decide(fresh.opening(statement).command)
        try fresh.approve("alice", "bob", "carol", statement: statement)
        try fresh.execute(statement.ceremony)
        _ = try fresh.complete(statement.ceremony, key: 501)
        #expect {
            try fresh.statement("key-rotation")
        } throws: { error in
            let next = (error as? Refusal)?.next ?? ""
            return next.contains("not attested by \(fresh.now + 7 * 86_400).")
        }
    }

    @Test("A key does not retire before its time, nor twice, nor by another's word")
    func early() throws {
        var (house, old, new) = try rotated()
        let until = try #require(house.state.key(old.fingerprint)?.until)
        for fingerprint in [old.fingerprint, new.fingerprint] {
            expectRefusal(.illegalEvent) {
                try house.append(
                    .keyRetired(
                        KeyRetired(
                            fingerprint: fingerprint, subject: "keeper-alpha",
                            reason: "overlap-end", effective: nil)), at: until + -1)
            }
        }
        house.now = until
        try house.decide(.tick)
        expectRefusal(.illegalEvent) {
            try house.append(
                .keyRetired(
                    KeyRetired(
                        fingerprint: old.fingerprint, subject: "keeper-alpha",
                        reason: "overlap-end", effective: nil)), at: until)
        }
    }

    @Test("Only the subject's active key is rotated")
    func wrongKeys() throws {
        var (house, old, _) = try rotated()
        let other = try house.activated("keeper-beta", key: 502)
        for named in [other.fingerprint, SoftwareKey(1).fingerprint] {
            expectRefusal(.keyExists) {
                _ = try house.statement("key-rotation", parameters: ["old-key": "\(named)"])
            }
        }
        house.now = try #require(house.state.key(old.fingerprint)?.until)
        try house.decide(.tick)
        for named in ["\(old.fingerprint)", "\(other.fingerprint)"] {
            expectRefusal(.wrongKey) {
                _ = try house.statement("key-rotation", parameters: ["old-key": named])
            }
        }
        expectRefusal(.badParameter) {
            _ = try house.statement("key-rotation", parameters: ["old-key": "mine"])
        }
        expectRefusal(.wrongKey) {
            _ = try house.statement("key-rotation", subject: "keeper-gamma")
        }
        #expect(
            try house.statement("key-rotation").fields["old-key"]
                != "\(old.fingerprint)")
    }

    @Test("A rotation needs the old key's signature, and no other")
    func endorsement() throws {
        var house = try House()
        let old = try house.activated()
        let statement = try house.statement("key-rotation")
        try house.decide(house.opening(statement).command)
        try house.approve("alice", "bob", "carol", statement: statement)
        try house.execute(statement.ceremony)
        let outcome = try #require(try house.outcome(of: statement.ceremony, key: 501))
        guard case .object(var fields) = outcome else { return }
        fields["sig_old"] = nil
        let unsigned = fields
        fields["sig_old"] = fields["sig_new"]
        for wrong in [unsigned, fields] {
            expectRefusal(.outcomeDiffers) {
                try house.decide(
                    .complete(ceremony: statement.ceremony, outcome: .object(wrong)))
            }
        }
        #expect(house.state.key(old.fingerprint)?.status(at: house.now) == .active)
        try house.decide(.complete(ceremony: statement.ceremony, outcome: outcome))
        #expect(house.state.key(old.fingerprint)?.status(at: house.now) == .active)
    }

    @Test("A first key is endorsed by nobody")
    func firstKey() throws {
        var house = try House()
        let statement = try house.executing()
        guard case .object(var fields)? = try house.outcome(of: statement.ceremony) else { return }
        fields["sig_old"] = fields["sig_new"]
        expectRefusal(.outcomeDiffers) {
            try house.decide(.complete(ceremony: statement.ceremony, outcome: .object(fields)))
        }
    }

    @Test("A revocation is decided by two keepers, at once, and is for ever")
    func revocation() throws {
        var house = try House()
        let record = try house.activated()
        house.pass(100)
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: [
                "key": "\(record.fingerprint)", "cause": "compromise", "boundary": "3",
            ])
        #expect(statement.witnesses.map(\.name).contains("gina"))
        #expect(!statement.witnesses.map(\.name).contains("robot"))
        try house.approve("gina", statement: statement)
        let decision = try house.decide(house.approval(by: "alice", of: statement).command)
        #expect(
            decision.events.map(\.body.type) == [
                "ceremony.witnessed", "ceremony.approved", "ceremony.executing",
                "ceremony.completed", "key.revoked",
            ])
        let entry = try #require(house.state.key(record.fingerprint))
        #expect(entry.status(at: house.now) == .revoked)
        #expect(entry.revocation?.boundary == 3)
        #expect(house.standing(statement.ceremony) == .completed)
        expectRefusal(.wrongKey) {
            try house.open(
                "key-revocation", subject: "keeper-alpha",
                parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        }
        expectRefusal(.wrongKey) { _ = try house.statement("key-rotation") }
        // Its successor is a new key that names it.
        let next = try house.statement()
        #expect(next.fields["old-key"] == "\(record.fingerprint) revoked")
        house.expectConsistent()
    }

    @Test("A key that is revoked in its overlap does not retire any more")
    func revokedInOverlap() throws {
        var (house, old, _) = try rotated()
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(old.fingerprint)", "cause": "loss"])
        try house.approve("gina", "alice", statement: statement)
        #expect(house.state.nextDue == nil)
        house.pass(31 * 86_400)
        #expect(try house.decide(.tick).events.isEmpty)
        #expect(house.state.key(old.fingerprint)?.status(at: house.now) == .revoked)
    }

    @Test("A subject whose new key is revoked in the overlap gets another at once")
    func successorRevoked() throws {
        var (house, old, new) = try rotated()
        expectRefusal(.keyExists) { try house.open() }
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(new.fingerprint)", "cause": "compromise"])
        try house.approve("gina", "alice", statement: statement)
        #expect(house.state.key(old.fingerprint)?.status(at: house.now) == .retiring)
        // What is said of the old key is true of the new one, there and before.
        func reason(_ seq: Int) throws -> String {
            let place = LogPosition(seq: seq, time: house.now)
            return try #require(house.state.standing(of: old.fingerprint, at: place)).reason
        }
        let end = house.lines.count - 1
        #expect(try reason(end).hasSuffix("its successor \(new.fingerprint) is revoked."))
        #expect(try reason(end - 1).contains("\(new.fingerprint) is active; both are valid"))
        let next = try house.statement()
        #expect(next.fields["old-key"] == "\(new.fingerprint) revoked")
        try house.decide(house.opening(next).command)
        house.expectConsistent()
    }

    @Test("A revocation ends what was under way for the subject")
    func revocationEnds() throws {
        var house = try House()
        let record = try house.activated()
        let rotation = try house.statement("key-rotation")
        try house.decide(house.opening(rotation).command)
        let statement = try house.open(
            "key-revocation", subject: "keeper-alpha",
            parameters: ["key": "\(record.fingerprint)", "cause": "loss"])
        try house.approve("gina", "alice", statement: statement)
        #expect(house.standing(rotation.ceremony) == .failed)
        #expect(try house.ceremony(rotation.ceremony).end?.reason == "prestate-changed")
    }
}
