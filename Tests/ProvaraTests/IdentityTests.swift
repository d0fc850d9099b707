// Key ids, event ids, what is signed, and times: the package's vectors, and what must not pass for
// one.

import Sodium
import Testing

@testable import Provara

@Suite("Keys and events have the package's ids and signed bytes")
struct IdentityTests {
    @Test("A key's id follows from its bytes")
    func keyIDs() throws {
        for item in try Vectors.items("key_ids", "keys") {
            let key = try #require(VaultPublicKey(base64: try item.text("public_key_b64")))
            #expect(hex(key.bytes) == (try item.text("public_key_hex")))
            #expect(key.id.description == (try item.text("key_id")))
            #expect(KeyID(try item.text("key_id")) == key.id)
            #expect(key.base64 == (try item.text("public_key_b64")))
        }
        #expect(TestKey.newQuorum.id.description == "bp1_519cae93e93ad011")
    }

    @Test(
        "Anything else is no id",
        arguments: [
            "", "bp1_", "bp1_56475aa75463474", "bp1_56475aa75463474cc", "bp1_56475AA75463474c",
            "bp2_56475aa75463474c", "evt_56475aa75463474c", "bp1_56475aa75463474g",
            " bp1_56475aa75463474c",
        ])
    func notKeyIDs(text: String) { #expect(KeyID(text) == nil) }

    @Test(
        "Anything else is no event id",
        arguments: [
            "", "evt_", "evt_9f2401cee37aadf18ad58ba", "evt_9f2401cee37aadf18ad58baff",
            "evt_9F2401cee37aadf18ad58baf", "bp1__9f2401cee37aadf18ad58baf",
        ])
    func notEventIDs(text: String) { #expect(EventID(text) == nil) }

    @Test("An event's id, signed bytes and line are the package's")
    func events() throws {
        for item in try Vectors.items("events", "events") {
            let object = try #require(item["event"]?.members)
            let bytes = EventBytes(object)
            #expect(
                String(decoding: bytes.content, as: UTF8.self) == (try item.text("id_preimage")))
            #expect(hex(SHA256.hash(bytes.content)) == (try item.text("id_preimage_sha256")))
            #expect(
                EventID(content: bytes.content).description
                    == (try item.text("event_id_profile_rule")))
            #expect(
                EventID(content: bytes.contentWithoutSigner).description
                    == (try item.text("event_id_without_actor_key_id")))
            #expect(hex(bytes.signed) == (try item.text("signed_bytes_hex")))
            let line = Array(try item.text("log_line").utf8)
            #expect(bytes.whole == line.filter { $0 != 10 })
            let id = try object.text("event_id")
            #expect(EventID(id)?.description == id)
        }
    }

    @Test("An event that is built here is the package's, byte for byte")
    func building() throws {
        let keys = [TestKey.root, .quorum, .newRoot]
        var count = 0
        for item in try Vectors.items("events", "events") {
            guard try item.text("event_id_in_event_follows") == "profile" else { continue }
            let object = try #require(item["event"]?.members)
            let key = try #require(keys.first { $0.id.description == object["actor_key_id"]?.text })
            let event = UnsignedEvent(
                UnsignedEvent.Envelope(
                    type: try object.text("type"), namespace: try object.text("namespace"),
                    actor: try object.text("actor"), signer: key.id,
                    logicalTime: try #require(object["ts_logical"]?.whole),
                    previous: object["prev_event_hash"]?.text.flatMap { EventID($0) },
                    time: try #require(VaultTime(try object.text("timestamp_utc")))),
                payload: try #require(object["payload"]?.members))
            #expect(event.id.description == (try object.text("event_id")))
            let signature = key.sign(event.bytesToSign)
            #expect(hex(signature) == (try item.text("sig_hex")))
            let line = try event.line(signature: signature, by: key.publicKey)
            #expect(line == Array(try item.text("log_line").utf8).filter { $0 != 10 } + [10])
            #expect(throws: UnsignedEvent.SignatureMismatch.self) {
                try event.line(signature: signature, by: TestKey.stranger.publicKey)
            }
            var wrong = signature
            wrong[3] ^= 1
            #expect(throws: UnsignedEvent.SignatureMismatch.self) {
                try event.line(signature: wrong, by: key.publicKey)
            }
            count += 1
        }
        #expect(count == 6)
    }

    @Test("A key of small order, one written in a second way, and one that is no point are refused")
    func unsoundKeys() {
        let identity = [1] + [UInt8](repeating: 0, count: 31)
        let overlong = [0xee] + [UInt8](repeating: 0xff, count: 30) + [0x7f]
        for bytes in [identity, overlong, [], [UInt8](repeating: 2, count: 32)] {
            #expect(VaultPublicKey(bytes) == nil)
        }
        #expect(VaultPublicKey(base64: TestKey.root.publicKey.base64 + "=") == nil)
        #expect(
            VaultPublicKey(base64: TestKey.root.publicKey.base64.replacing("=", with: "")) == nil)
    }

    @Test("A key and its negative are one")
    func twins() throws {
        var negative = TestKey.root.publicKey.bytes
        negative[31] ^= 0x80
        let twin = try #require(VaultPublicKey(negative))
        #expect(twin.id != TestKey.root.id)
        #expect(twin.isTwin(of: TestKey.root.publicKey))
        #expect(!twin.isTwin(of: TestKey.quorum.publicKey))
    }

    @Test("A time has one text, with six digits, and the texts are in the order of the times")
    func times() throws {
        for (microseconds, text) in [
            (0, "1970-01-01T00:00:00.000000+00:00"),
            (1_771_416_000_123_456, "2026-02-18T12:00:00.123456+00:00"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001+00:00"),
            (4_102_444_799_999_999, "2099-12-31T23:59:59.999999+00:00"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999+00:00"),
        ] {
            let time = try #require(VaultTime(microseconds: microseconds))
            #expect(time.description == text)
            #expect(VaultTime(text) == time)
        }
        var generator = SeededGenerator(seed: 9)
        var last: VaultTime?
        let moments = (0..<500).map { _ in Int.random(in: VaultTime.range, using: &generator) }
        for microseconds in moments.sorted() {
            let time = try #require(VaultTime(microseconds: microseconds))
            #expect(VaultTime(time.description) == time)
            if let last, last != time {
                #expect(last.description.utf8.lexicographicallyPrecedes(time.description.utf8))
            }
            last = time
        }
        for text in [
            "2026-02-18T12:00:00+00:00", "2026-02-18T12:00:00.123456Z",
            "2026-02-30T12:00:00.000000+00:00",
            "2026-02-18 12:00:00.123456+00:00", "2026-02-18T24:00:00.000000+00:00",
            "1969-12-31T23:59:59.999999+00:00",
        ] {
            #expect(VaultTime(text) == nil, "\(text)")
        }
        #expect(VaultTime(microseconds: -1) == nil)
        #expect(VaultTime(microseconds: VaultTime.range.upperBound)?.adding(microseconds: 1) == nil)
    }

    @Test("Base64 is read in one form only")
    func base64() {
        var generator = SeededGenerator(seed: 2)
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = Base64.encode(bytes)
            #expect(Base64.decode(text, count: count) == bytes)
            #expect(Base64.decode(text, count: count + 1) == nil)
        }
        #expect(Base64.encode(Array("foob".utf8)) == "Zm9vYg==")
        for text in ["Zm9vYh==", "Zm9vYg=", "Zm9vYg", "Zm9v Yg==", "Zm9vY===", "Zm9vYg=A"] {
            #expect(Base64.decode(text, count: 4) == nil, "\(text)")
        }
    }
}
