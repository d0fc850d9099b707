// Ways to break a vault's log: its lines, its events by themselves, its birth.

import Foundation

@testable import Provara

extension Breakages {
    static let log: [Breakage] = [
        Breakage(what: "a byte-order mark", rules: [.byteOrderMark, .noGenesis, .brokenChain]) {
            try $0.write(VaultPath.events, [0xef, 0xbb, 0xbf] + $0.bytes(VaultPath.events))
        },
        Breakage(what: "no final line feed", rules: [.noFinalLineFeed]) {
            try $0.write(VaultPath.events, $0.bytes(VaultPath.events).dropLast())
        },
        Breakage(what: "a last line that was cut off", rules: [.noFinalLineFeed, .malformedLine]) {
            try $0.write(VaultPath.events, $0.bytes(VaultPath.events).dropLast(40))
        },
        Breakage(what: "an empty log", rules: [.emptyLog]) { try $0.write(VaultPath.events, []) },
        Breakage(what: "a blank line", rules: [.malformedLine]) {
            try $0.edit { $0.insert("", at: 2) }
        },
        Breakage(what: "a line of garbage", rules: [.malformedLine]) {
            try $0.edit { $0.insert("garbage that the package skips", at: 2) }
        },
        Breakage(what: "a line that is an array", rules: [.malformedLine]) {
            try $0.edit { $0.insert("[1]", at: 2) }
        },
        Breakage(what: "a member that stands twice", rules: [.malformedLine]) {
            try $0.edit {
                $0[3] = $0[3].replacing(
                    "{\"actor\":\"alice\"", with: "{\"actor\":\"alice\",\"actor\":\"alice\"")
            }
        },
        Breakage(what: "a number that no canonical form has", rules: [.malformedLine]) {
            try $0.edit { $0[3] = $0[3].replacing("21.5", with: "NaN") }
        },
        Breakage(what: "white space in a line", rules: [.notCanonical]) {
            try $0.edit { $0[3] = $0[3].replacing("\"value\":21.5", with: "\"value\": 21.5") }
        },
        Breakage(what: "a float in another form", rules: [.notCanonical]) {
            try $0.edit { $0[3] = $0[3].replacing("21.5", with: "2.15e1") }
        },
        Breakage(what: "an escaped type", vector: "vault_after_rotation", rules: [.notCanonical]) {
            try $0.edit { $0[4] = $0[4].replacing("KEY_REVOCATION", with: "KEY\\u005fREVOCATION") }
        },
        Breakage(what: "a sealed vault", rules: [.sealed]) {
            try $0.edit { $0.append(seal.line(.root)) }
        },
        Breakage(what: "an event after the seal", rules: [.sealed, .afterSeal]) {
            try $0.edit { $0 += [seal.line(.root), bob().line(.root)] }
        },
        Breakage(what: "a seal that nobody signed", rules: [.unsigned]) {
            try $0.edit { $0.append(unsigned(seal)) }
        },
        Breakage(what: "no GENESIS", rules: [.noGenesis, .brokenChain]) {
            try $0.edit { $0.removeFirst() }
        },
        Breakage(what: "a second GENESIS", rules: [.secondGenesis]) {
            try $0.edit {
                let payload = try PythonJSON(Array($0[0].utf8), .file).members!["payload"]!.members!
                $0.append(
                    TestEvent(
                        "GENESIS", actor: "bob", previous: nil, time: late(0), payload: payload
                    ).line(.root))
            }
        },
        Breakage(what: "GENESIS after another event", rules: [.lateGenesis]) {
            try $0.edit { $0 = [$0[2], $0[0], $0[1], $0[3]] }
        },
        Breakage(
            what: "GENESIS signed by the quorum", vector: "vault_single_key",
            rules: [.genesisSigner, .brokenChain, .timeOrder, .strangeKey, .unknownSigner],
            closer: .root
        ) {
            try $0.editKeys { $0.append(KeyEntry.of(.quorum, roles: ["quorum"])) }
            try $0.edit {
                let payload = try PythonJSON(Array($0[0].utf8), .file).members!["payload"]!.members!
                $0[0] = TestEvent(
                    "GENESIS", actor: "sovereign_genesis", previous: nil, time: late(0),
                    payload: payload
                ).line(.quorum)
            }
        },
    ]

    static let events: [Breakage] = [
        Breakage(what: "an unsigned event", rules: [.unsigned]) {
            try $0.edit { $0.append(unsigned(bob())) }
        },
        Breakage(what: "an unsigned event without any key", rules: [.unsigned]) {
            var event = bob().identified(TestKey.root.id)
            event.object["actor_key_id"] = nil
            event.object["event_id"] = .string(
                EventID(content: EventBytes(event.object).content).description)
            try $0.edit { [line = event.canonical] in $0.append(line) }
        },
        Breakage(what: "an unsigned promotion", rules: [.unsigned]) {
            try $0.edit {
                $0.append(
                    promotion(of: .newRoot, by: .quorum, previous: nil).identified(
                        TestKey.quorum.id
                    ).canonical)
            }
        },
        Breakage(what: "a changed event", rules: [.badSignature, .wrongEventID]) {
            try $0.replace("\"value\":21.5", by: "\"value\":21.6", in: VaultPath.events)
        },
        Breakage(
            what: "an event id that was made up, inside a valid signature", rules: [.wrongEventID]
        ) {
            try $0.edit {
                $0.append(
                    signed(bob().identified(TestKey.root.id), id: "evt_000000000000000000000000"))
            }
        },
        Breakage(what: "an id over too little", rules: [.wrongEventID]) {
            let event = bob().identified(TestKey.root.id)
            let bytes = EventBytes(event.object).without("event_id", "actor_key_id", "type")
            try $0.edit { $0.append(signed(event, id: EventID(content: bytes).description)) }
        },
        Breakage(what: "an id over the event without its signer, as the package appends", rules: [])
        {
            let event = bob().identified(TestKey.root.id)
            let bytes = EventBytes(event.object).contentWithoutSigner
            try $0.edit { $0.append(signed(event, id: EventID(content: bytes).description)) }
        },
        Breakage(what: "a signature in another form of base64", rules: [.badSignature]) {
            try $0.replace(
                "2BrmFgBqZeET517soAr14wbOHfnhyIwu0mLocUYK7Z0sz0pCxaVsHTJH+DWK1Ws7PWb02gstWLHwWXzdmGS6CA==",
                by:
                    "2BrmFgBqZeET517soAr14wbOHfnhyIwu0mLocUYK7Z0sz0pCxaVsHTJH+DWK1Ws7PWb02gstWLHwWXzdmGS6CB==",
                in: VaultPath.events)
        },
        Breakage(what: "a signature over the digest of the event", rules: [.badSignature]) {
            var event = bob().identified(TestKey.root.id)
            let digest = PythonJSON.object(event.object).members!.canonicalHash
            event.object["sig"] = .string(Base64.encode(TestKey.root.sign(digest)))
            try $0.edit { [line = event.canonical] in $0.append(line) }
        },
        Breakage(what: "a signature without a key", rules: [.badMember]) {
            var event = bob().identified(TestKey.root.id)
            event.object["actor_key_id"] = nil
            event.object["event_id"] = .string(
                EventID(content: EventBytes(event.object).content).description)
            event.object["sig"] = .string(
                Base64.encode(TestKey.root.sign(EventBytes(event.object).signed)))
            try $0.edit { [line = event.canonical] in $0.append(line) }
        },
        Breakage(what: "an event by a stranger", rules: [.unknownSigner]) {
            try $0.edit { $0.append(bob().line(.stranger)) }
        },
        Breakage(
            what: "an event by a key that keys.json has and nobody introduced",
            rules: [.unknownSigner, .strangeKey]
        ) {
            try $0.editKeys { $0.append(KeyEntry.of(.stranger, roles: [])) }
            try $0.edit { $0.append(bob().line(.stranger)) }
        },
        Breakage(
            what: "an event by the new key before its promotion", vector: "vault_after_rotation",
            rules: [.unknownSigner]
        ) {
            try $0.edit { $0.insert(bob().line(.newRoot), at: 5) }
        },
        Breakage(
            what: "an event by the old key after its revocation", vector: "vault_after_rotation",
            rules: [.revokedSigner]
        ) {
            try $0.edit { $0.append(bob().line(.root)) }
        },
        Breakage(what: "an event that went missing", rules: [.brokenChain]) {
            try $0.edit { $0.remove(at: 2) }
        },
        Breakage(
            what: "an event that stands twice", rules: [.brokenChain, .timeOrder, .logicalTime]
        ) {
            try $0.edit { $0.append($0[3]) }
        },
        Breakage(what: "two events in the wrong order", rules: [.brokenChain, .timeOrder]) {
            try $0.edit { $0.swapAt(2, 3) }
        },
        Breakage(what: "a first event that refers to another actor's", rules: [.brokenChain]) {
            try $0.edit { $0.append(bob(previous: "evt_9f2401cee37aadf18ad58baf").line(.root)) }
        },
        Breakage(what: "a second event that begins anew", rules: [.brokenChain]) {
            try $0.edit {
                $0.append(
                    TestEvent("OBSERVATION", actor: "alice", previous: nil, time: late(0)).line(
                        .root))
            }
        },
        Breakage(what: "a logical time that stands still", rules: [.logicalTime]) {
            try $0.edit {
                $0.append(
                    TestEvent(
                        "OBSERVATION", actor: "alice", previous: "evt_9f2401cee37aadf18ad58baf",
                        time: late(0), logicalTime: 1
                    ).line(.root))
            }
        },
        Breakage(what: "a logical time that is a float", rules: [.badMember]) {
            var event = bob()
            event.object["ts_logical"] = .float(PythonFloat(1)!)
            try $0.edit { [line = event.line(.root)] in $0.append(line) }
        },
        Breakage(what: "an earlier time than the actor's last", rules: [.timeOrder]) {
            try $0.edit {
                $0.append(
                    TestEvent(
                        "OBSERVATION", actor: "alice", previous: "evt_9f2401cee37aadf18ad58baf",
                        time: "2026-02-18T12:00:09Z"
                    ).line(.root))
            }
        },
        Breakage(what: "times as other programs write them", rules: []) {
            let first = bob(time: "2026-02-18T13:00:00Z").identified(TestKey.root.id)
            try $0.edit {
                $0.append(first.line(.root))
                $0.append(bob(previous: first.id, time: "2026-02-18T14:00:00.5+01:00").line(.root))
            }
        },
        Breakage(what: "a time that is none", rules: [.timeOrder]) {
            try $0.edit { $0.append(bob(time: "18 Feb 2026").line(.root)) }
        },
        Breakage(what: "a type of nobody's", rules: [.strangeType]) {
            try $0.edit { $0.append(bob("FOO").line(.root)) }
        },
        Breakage(what: "a type that only looks like a revocation", rules: [.strangeType]) {
            try $0.edit { $0.append(bob("\u{212a}EY_REVOCATION").line(.root)) }
        },
        Breakage(what: "a type with a domain", rules: []) {
            try $0.edit { $0.append(bob("com.example.thing").line(.root)) }
        },
        Breakage(what: "a namespace of nobody's", rules: [.strangeNamespace]) {
            var event = bob()
            event.object["namespace"] = "private"
            try $0.edit { [line = event.line(.root)] in $0.append(line) }
        },
        Breakage(
            what: "a revocation in the local namespace", vector: "vault_single_key",
            rules: [.strangeNamespace, .selfRevocation], closer: .root
        ) {
            var event = revocation(of: .root, by: .root, boundary: nil, previous: nil)
            event.object["namespace"] = "local"
            try $0.edit { [line = event.line(.root)] in $0.append(line) }
        },
        Breakage(what: "an event without an id", rules: [.badMember]) {
            try $0.edit { $0.append(bob().canonical) }
        },
        Breakage(what: "an event without a payload", rules: [.badMember]) {
            var event = bob()
            event.object["payload"] = nil
            try $0.edit { [line = event.line(.root)] in $0.append(line) }
        },
        Breakage(what: "prev_event_hash left out", rules: [.badMember]) {
            var event = bob()
            event.object["prev_event_hash"] = nil
            try $0.edit { [line = event.line(.root)] in $0.append(line) }
        },
        Breakage(what: "an event of the package's other schema", rules: [.badMember]) {
            try $0.edit {
                $0.append(
                    "{\"event_id\":\"018f\",\"payload\":{},\"schema_version\":\"1.0.0\",\"signature\":\"00\"}"
                )
            }
        },
        Breakage(what: "a tombstone that a rightful redaction explains", rules: [.redacted]) {
            try $0.redact(by: .root, order: nil)
        },
        Breakage(what: "a tombstone that an authority's redaction explains", rules: [.redacted]) {
            try $0.redact(by: .quorum, order: nil)
        },
        Breakage(
            what: "a tombstone that only an unsigned redaction explains",
            rules: [.badTombstone, .unsigned]
        ) {
            try $0.redact(by: nil, order: nil)
        },
        Breakage(what: "a tombstone that names another redaction", rules: [.badTombstone]) {
            try $0.redact(by: .root, order: "evt_9f2401cee37aadf18ad58baf")
        },
        Breakage(
            what: "a revocation turned into a tombstone", vector: "vault_after_rotation",
            rules: [.badTombstone, .noRevocation, .unknownSigner, .strangeKey, .wrongStatus]
        ) {
            try $0.redact(by: .quorum, order: nil, line: 4)
        },
    ]

    static var seal: TestEvent {
        TestEvent(
            EventType.seal, actor: "vault_archivist", previous: nil, time: late(1),
            payload: ["reason": "archival_rotation"])
    }

    static func late(_ second: Int) -> String { "2026-02-18T13:00:0\(second).000000+00:00" }

    static func bob(_ type: String = "OBSERVATION", previous: String? = nil, time: String = late(2))
        -> TestEvent
    {
        TestEvent(type, actor: "bob", previous: previous, time: time)
    }

    static func unsigned(_ event: TestEvent) -> String {
        event.identified(TestKey.root.id).canonical
    }

    /// The line of an event with another id, signed all the same.
    static func signed(_ event: TestEvent, id: String) -> String {
        var event = event
        event.object["event_id"] = .string(id)
        event.object["sig"] = .string(
            Base64.encode(TestKey.root.sign(EventBytes(event.object).signed)))
        return event.canonical
    }
}

extension TestEvent {
    var canonical: String {
        String(decoding: PythonJSON.object(object).canonicalBytes, as: UTF8.self)
    }
}

extension TestVault {
    /// Changes the log's lines.
    func edit(_ change: (inout [String]) throws -> Void) throws {
        var lines = try lines()
        try change(&lines)
        try write(lines: lines)
    }

    /// Takes the content out of an event, as the package's redaction does.
    func redact(by key: TestKey?, order: String?, line: Int = 3) throws {
        try edit { lines in
            var target = try PythonJSON(Array(lines[line].utf8), .file).members!
            let redaction = TestEvent(
                EventType.redaction, actor: "provara_redactor", previous: nil,
                time: Breakages.late(5),
                payload: [
                    "target_event_id": target["event_id"]!, "reason": "privacy",
                    "redaction_method": "TOMBSTONE", "authority": "owner",
                ]
            ).identified((key ?? .root).id)
            target["payload"] = .object([
                "redacted": .bool(true), "redaction_event_id": .string(order ?? redaction.id),
                "original_payload_hash": "00", "redaction_reason": "privacy",
            ])
            lines[line] = String(decoding: PythonJSON.object(target).canonicalBytes, as: UTF8.self)
            lines.append(key.map { redaction.line($0) } ?? redaction.canonical)
        }
    }
}
