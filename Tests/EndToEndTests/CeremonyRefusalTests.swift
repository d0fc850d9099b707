// What a ceremony does not take at the moment, by client and daemon alike: too early, too late,
// twice, or beside another one.

import CeremonyRecord
import Testing

@Suite("Ceremonies that are refused")
struct CeremonyRefusalTests {
    @Test("A ceremony is not executed before the threshold, nor by somebody who may not, nor twice")
    func execution() throws {
        try withRoom { room in
            let id = try room.start("keeper-alpha")
            try room.approve(id, by: ["erin", "frank"])
            try room.refuses(75, "not-yet", says: "2 of 3 approvals") {
                try room.dave.run(["execute", id, "--json"] + room.dave.withToken)
            }
            let early = try room.dave.write(try room.executeOrder(id, by: room.dave))
            try room.refuses(75, "not-yet", says: "2 of 3") { try room.dave.submit(early, .act) }
            try room.approve(id, by: ["grace"])

            let stranger = try room.mallory.write(try room.executeOrder(id, by: room.mallory))
            try room.refuses(77, "not-on-roster") { try room.mallory.submit(stranger, .act) }

            // The order that was refused before is a good one now: it was never recorded.
            try room.dave.submits(early, .act)
            #expect(try room.state(of: id) == "COMPLETED")
            try room.refuses(81, "ended", says: "is COMPLETED") {
                try room.dave.run(["execute", id, "--json"] + room.dave.withToken)
            }
            let again = try room.dave.write(try room.executeOrder(id, by: room.dave))
            try room.refuses(81, "ended", says: "is COMPLETED") {
                try room.dave.submit(again, .act)
            }
            // The same order once more answers as before.
            let before = try room.log()
            #expect(try room.dave.submits(early, .act).field("repeat").isTrue)
            #expect(try room.log() == before)
        }
    }

    @Test("While a ceremony is under way, its subject and its token take no second one")
    func busy() throws {
        try withRoom { room in
            let drafts = try ["keeper-alpha", "keeper-beta"].map { subject in
                try room.alice.draft(
                    "start", "new-keeper-key", subject, "--into", "house", "--reason", "a second")
            }
            let id = try room.start("keeper-alpha")
            for (subject, draft) in zip(["keeper-alpha", "keeper-beta"], drafts) {
                try room.refuses(1, "busy", says: "\(id) is under way") {
                    try room.alice.run(
                        [
                            "start", "new-keeper-key", subject, "--into", "house", "--reason", "x",
                            "--json",
                        ] + room.alice.withToken)
                }
                try room.refuses(1, "busy", says: "\(id) is under way") {
                    try room.alice.submit(draft, .open)
                }
            }
        }
    }

    @Test("A subject that has a key gets no second first key")
    func keyExists() throws {
        try withRoom { room in
            let draft = try room.alice.draft(
                "start", "new-keeper-key", "keeper-alpha", "--into", "house", "--reason", "early")
            let id = try room.start("keeper-alpha")
            try room.approve(id)
            try room.execute(id)
            for _ in ["registered", "active"] {
                try room.refuses(1, "key-exists", says: "keeper-alpha has a key already") {
                    try room.dave.run(
                        [
                            "start", "new-keeper-key", "keeper-alpha", "--into", "house",
                            "--reason", "a second", "--json",
                        ] + room.dave.withToken)
                }
                try room.refuses(1, "key-exists") { try room.alice.submit(draft, .open) }
                try room.attest(id)
            }
            #expect(try room.ceremony(id).field("key_status").text == "active")
        }
    }

    @Test("After its time a ceremony takes nothing any more, from client or daemon")
    func expired() throws {
        try withRoom { room in
            let first = try room.start("keeper-alpha")
            let statement = try room.erin.statement(of: first)
            let yes = try room.erin.sign(statement, .approve)
            try room.approve(first, by: ["frank", "grace", "heidi"])
            let order = try room.dave.draft("execute", first)
            try room.stop()

            room.clock = "+2h"
            try room.open()
            #expect(try room.state(of: first) == "EXPIRED")
            #expect(try room.types().last == "ceremony.expired")
            try room.refuses(81, "expired", says: "expired at") {
                try room.erin.run("submit", statement, yes, "--json")
            }
            try room.refuses(81, "expired", says: "expired at") {
                try room.dave.submit(order, .act)
            }
            try room.refuses(81, "expired", says: "expired at") {
                try room.dave.run(["execute", first, "--json"] + room.dave.withToken)
            }
            try room.refuses(81, "expired", says: "expired at") {
                try room.alice.run(["witness", first, "--json"] + room.alice.withToken)
            }
            // Nothing stands in the way of a new one.
            #expect(try room.start("keeper-alpha") == "keeper-alpha-2")
        }
    }

    @Test("A running daemon writes an expiry down by itself, and takes nothing after it")
    func expiresWhileRunning() throws {
        let room = try CeremonyRoom.unfounded()
        try room.foundAnew(policy: ["kinds.new-keeper-key.lifetime 60"])
        room.furtherConfiguration = "[poll]\ndeadlines_seconds = 1\n"
        // A minute passes in six seconds.
        room.clock = "+0 x10"
        try room.open()
        let id = try room.start("keeper-alpha")
        let statement = try room.erin.statement(of: id)
        let yes = try room.erin.sign(statement, .approve)
        try eventually("the expiry is written down") {
            try room.types().last == "ceremony.expired"
        }
        try room.refuses(81, "expired", says: "expired at") {
            try room.erin.run("submit", statement, yes, "--json")
        }
        #expect(try room.ceremony(id).field("end").field("reason").text == "timeout")
    }
}

extension CeremonyRoom {
    /// The order to execute a ceremony, as somebody would draft it who does not ask our client.
    func executeOrder(_ id: String, by person: Person) throws -> [String] {
        let (reply, key) = (try call("Status"), SSHPublicKey(line: person.publicKey))
        let head = reply.field("head")
        return Act(
            log: Self.origin, mode: .rehearsal, act: .execute, ceremony: id,
            document: Digest(try ceremony(id).field("digest").text),
            actor: Signatory(name: person.name, fingerprint: try #require(key).fingerprint),
            role: .operator, from: "APPROVED", to: "EXECUTING", evidence: [],
            justification: "now", treeSize: head.field("size").number,
            treeRoot: try #require(Digest(head.field("root").text)),
            at: try #require(Timestamp(reply.field("status").field("now").text)),
            nonce: (0..<4).map { _ in String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16) }
                .joined()
        ).lines
    }
}
