// A peer's copy brought up to date: interrupted before any of its writes it is gone on with, and
// what comes out is the same.

import CeremonyRecord
import Foundation
import Provara
import Testing

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
            let isBegun = try bytes(of: peer) != before
            let again = try afterwards(catchUp(peer, from: other))
            #expect(again.wentOn == isBegun, "\(boundaries[stop])")
            #expect(try bytes(of: peer) == wanted, "\(boundaries[stop])")
            let left = try FileManager.default.contentsOfDirectory(atPath: place.directory)
            #expect(left.allSatisfy { !$0.contains("ceremonyd") }, "\(left)")
        }
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
        let refused = #expect(throws: PublishingError.self) {
            try afterwards(catchUp(peer, from: other))
        }
        guard case .changed = refused else {
            Issue.record("another refusal: \(String(describing: refused))")
            return
        }
        #expect(try bytes(of: peer) == before)
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
