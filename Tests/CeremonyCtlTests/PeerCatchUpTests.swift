// A peer's copy brought up to date: interrupted before any of its writes it is gone on with, and
// what comes out is the same.

import CeremonyRecord
import Foundation
import Testing

@testable import Provara
@testable import ceremonyctl

@Suite("apply-rotation")
struct PeerCatchUpTests {
    private struct Crash: Error {}

    private func catchUp(
        _ peer: String, from other: String, _ boundary: @escaping (String) throws -> Void = { _ in }
    ) throws -> PeerCatchUp {
        PeerCatchUp(
            peer: peer, other: other,
            createdAt: try #require(VaultTime(microseconds: 1_771_500_000_000_000)),
            boundary: boundary)
    }

    /// Performs it once nobody has the lock any more: a process that another test has just started
    /// has every descriptor of this one, until it is the program that it is to be.
    @discardableResult
    private func afterwards(_ catchUp: PeerCatchUp) throws -> PeerCatchUp.Outcome {
        while true {
            do { return try catchUp.perform() } catch PublishingError.locked { sched_yield() }
        }
    }

    private func bytes(of vault: String) throws -> [String: Data] {
        var found: [String: Data] = [:]
        let files = try #require(FileManager.default.subpaths(atPath: vault))
        for file in files {
            found[file] = FileManager.default.contents(atPath: "\(vault)/\(file)")
        }
        return found
    }

    @Test("Stopped before any write it goes on where it stopped, and ends as if it had not been")
    func interrupted() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        let whole = try place.vault("vault_before_rotation", as: "whole")
        var boundaries: [String] = []
        let outcome = try catchUp(whole, from: other) { boundaries.append($0) }.perform()
        #expect(outcome.events == 2 && !outcome.wentOn && outcome.vault.isInOrder)
        let wanted = try bytes(of: whole)
        #expect(boundaries.count > 8, "\(boundaries)")
        for stop in boundaries.indices {
            let peer = try place.vault("vault_before_rotation", as: "peer-\(stop)")
            let before = try bytes(of: peer)
            var count = 0
            #expect(throws: Crash.self) {
                try catchUp(peer, from: other) { _ in
                    if count == stop { throw Crash() }
                    count += 1
                }.perform()
            }
            let left = try bytes(of: peer)
            let isHalfDone = left != before && left != wanted
            let again = try afterwards(catchUp(peer, from: other))
            #expect(again.wentOn == isHalfDone, "\(boundaries[stop])")
            #expect(try bytes(of: peer) == wanted, "\(boundaries[stop])")
            try expectNothingBeside(place)
        }
    }

    private func expectNothingBeside(_ place: VaultPlace) throws {
        let left = try FileManager.default.contentsOfDirectory(atPath: place.directory)
        #expect(left.allSatisfy { !$0.contains("ceremonyd") }, "\(left)")
    }

    @Test("A log that was cut off in its write is written to the end, with or without the folder")
    func cutOff() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        let whole = try place.vault("vault_before_rotation", as: "whole")
        try afterwards(catchUp(whole, from: other))
        let wanted = try bytes(of: whole)
        let log = try #require(wanted["events/events.ndjson"])
        let first = try #require(log.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
        for (number, size) in [log.count - 1, log.count - 40, first, first - 1, first - 99]
            .enumerated()
        {
            let peer = try place.vault("vault_before_rotation", as: "peer-\(number)")
            #expect(throws: Crash.self) {
                _ = try catchUp(peer, from: other) { name in
                    if name.hasPrefix("appended-") { throw Crash() }
                }.perform()
            }
            try log.prefix(size).write(to: URL(fileURLWithPath: peer + "/events/events.ndjson"))
            if number % 2 == 0 {
                try FileManager.default.removeItem(
                    atPath: place.directory + "/.peer-\(number).apply-rotation.ceremonyd")
            }
            // Its own log alone does not say how it goes on.
            let before = try bytes(of: peer)
            let alone = PeerCatchUp(
                peer: peer, other: nil, createdAt: try catchUp(peer, from: other).createdAt)
            #expect(throws: RotationRefusal.self, "\(size)") { try afterwards(alone) }
            #expect(try bytes(of: peer) == before, "\(size)")
            #expect(try afterwards(catchUp(peer, from: other)).wentOn, "\(size)")
            #expect(try bytes(of: peer) == wanted, "\(size)")
            try expectNothingBeside(place)
        }
    }

    @Test("Once the log is written, it says by itself what is left")
    func alone() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        let whole = try place.vault("vault_before_rotation", as: "whole")
        try afterwards(catchUp(whole, from: other))
        let wanted = try bytes(of: whole)
        for stop in ["appended-", "replaced-identity", "replaced-manifest"] {
            let peer = try place.vault("vault_before_rotation", as: "peer-\(stop)")
            let catchUp = try catchUp(peer, from: other) { name in
                if name.hasPrefix(stop) { throw Crash() }
            }
            #expect(throws: Crash.self) { try catchUp.perform() }
            let rest = PeerCatchUp(peer: peer, other: nil, createdAt: catchUp.createdAt)
            #expect(try afterwards(rest).wentOn, "\(stop)")
            #expect(try bytes(of: peer) == wanted, "\(stop)")
        }
    }

    @Test("An event that no rotation wrote is not listed by a catch-up that goes on")
    func foreignEvent() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        for stop in ["write-identity", "write-manifest", "write-merkle"] {
            let peer = try place.vault("vault_before_rotation", as: "peer-\(stop)")
            #expect(throws: Crash.self) {
                _ = try catchUp(peer, from: other) { name in
                    if name.hasPrefix(stop) { throw Crash() }
                }.perform()
            }
            // It is sound and signed, and somebody who appends it makes the manifest anew.
            try place.write(
                "peer-\(stop)/events/events.ndjson", place.text("other/events/events.ndjson"))
            let before = try bytes(of: peer)
            #expect(throws: (any Error).self, "\(stop)") {
                try afterwards(catchUp(peer, from: other))
            }
            #expect(try bytes(of: peer) == before, "\(stop)")
        }
    }

    @Test("What lies in the folder is not believed, whoever put it there")
    func planted() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        let whole = try place.vault("vault_before_rotation", as: "whole")
        try afterwards(catchUp(whole, from: other))
        let wanted = try bytes(of: whole)
        for (number, stop) in ["begin", "write-identity", "write-manifest", "write-merkle"]
            .enumerated()
        {
            let peer = try place.vault("vault_before_rotation", as: "peer-\(number)")
            #expect(throws: Crash.self) {
                _ = try catchUp(peer, from: other) { name in
                    if name.hasPrefix(stop) { throw Crash() }
                }.perform()
            }
            // The keys of somebody else, as a change of this copy that was begun.
            let staged = StagedChange("apply-rotation", beside: peer)
            let keys = Array(try #require(wanted["identity/keys.json"])) + [0x20]
            let log = try Vault.read(at: peer).state(ofFile: "events/events.ndjson")
            let after = try #require(log)
            try staged.put([
                PublishedFile(
                    path: "events/events.ndjson", content: .appended([]), before: after,
                    after: after),
                PublishedFile(
                    path: "identity/keys.json", content: .whole(keys),
                    before: try Vault.read(at: peer).state(ofFile: "identity/keys.json"),
                    after: PublishedFile.State(keys)),
            ])
            try afterwards(catchUp(peer, from: other))
            #expect(try bytes(of: peer) == wanted, "\(stop)")
            try expectNothingBeside(place)
        }
        // A link in its place is not followed either.
        let peer = try place.vault("vault_before_rotation", as: "peer")
        let elsewhere = place.directory + "/elsewhere"
        try place.write("elsewhere/index", "[]")
        try FileManager.default.createSymbolicLink(
            atPath: StagedChange("apply-rotation", beside: peer).folder,
            withDestinationPath: elsewhere)
        let before = try bytes(of: peer)
        #expect(throws: PublishingError.self) { try afterwards(catchUp(peer, from: other)) }
        #expect(try bytes(of: peer) == before)
        #expect(try place.text("elsewhere/index") == "[]")
    }

    @Test("A manifest that is stale for another reason than a catch-up is left as it is")
    func stale() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        for isBegun in [false, true] {
            let peer = try place.vault("vault_after_rotation", as: "peer-\(isBegun)")
            let staged = StagedChange("apply-rotation", beside: peer)
            if isBegun { try staged.begin() }
            try place.write("peer-\(isBegun)/policies/safety_policy.json", "{}")
            let before = try bytes(of: peer)
            #expect(throws: RotationRefusal.self) { try afterwards(catchUp(peer, from: other)) }
            #expect(try bytes(of: peer) == before)
        }
        // Keys that say the same in other bytes: nobody here has begun to write them.
        let peer = try place.vault("vault_after_rotation", as: "peer")
        let keys = try place.text("peer/identity/keys.json")
        try place.write("peer/identity/keys.json", keys + "\n")
        let before = try bytes(of: peer)
        #expect(throws: RotationRefusal.self) { try afterwards(catchUp(peer, from: other)) }
        #expect(try bytes(of: peer) == before)
    }

    @Test("What something else has written to a copy that is half done is left as it is")
    func disturbed() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_after_rotation", as: "other")
        let peer = try place.vault("vault_before_rotation", as: "peer")
        #expect(throws: Crash.self) {
            try catchUp(peer, from: other) { name in
                if name.hasPrefix("write-identity") { throw Crash() }
            }.perform()
        }
        let keys = URL(fileURLWithPath: peer + "/identity/keys.json")
        try Data("{}".utf8).write(to: keys)
        let before = try bytes(of: peer)
        let refused = #expect(throws: RotationRefusal.self) {
            try afterwards(catchUp(peer, from: other))
        }
        guard case .notInOrder = refused else {
            Issue.record("another refusal: \(String(describing: refused))")
            return
        }
        #expect(try bytes(of: peer) == before)
        // Something else behind the log than what was begun to be written.
        let disturbed = try place.vault("vault_before_rotation", as: "disturbed")
        let log = try place.text("disturbed/events/events.ndjson")
        try place.write("disturbed/events/events.ndjson", log + "{\"theirs\":")
        let half = try bytes(of: disturbed)
        let changed = #expect(throws: PublishingError.self) {
            try afterwards(catchUp(disturbed, from: other))
        }
        guard case .changed = changed else {
            Issue.record("another refusal: \(String(describing: changed))")
            return
        }
        #expect(try bytes(of: disturbed) == half)
        // Somebody else is at it.
        let lock = try VaultLock(peer)
        #expect(throws: PublishingError.self) { try catchUp(peer, from: other).perform() }
        _ = consume lock
    }

    @Test("Another vault's rotation is not taken over")
    func stranger() throws {
        let place = try VaultPlace()
        let other = try place.vault("vault_hard_reset", as: "other")
        let peer = try place.vault("vault_before_rotation", as: "peer")
        let before = try bytes(of: peer)
        #expect(throws: (any Error).self) { try catchUp(peer, from: other).perform() }
        #expect(try bytes(of: peer) == before)
    }
}
