// A look at a vault costs a whole vault's reading, and a vault's disk may never answer: who has one
// looked at, how many wait, and what goes on without waiting.

import CeremonyRecord
import CeremonyRules
import Foundation
import Provara
import Synchronization
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("Looks at vaults, and disks that do not answer", .timeLimit(.minutes(10)))
struct VaultLookTests {
    @Test("Nothing is looked at for somebody who may start nothing, or who has not signed")
    func rulesFirst() async throws {
        let looks = Mutex(0)
        try await VaultHouse.with(at: { place in
            if place == "look" { looks.withLock { $0 += 1 } }
        }) { house in
            #expect(await refusal { try await house.draft(by: "erin") } == "wrong-role")
            #expect(
                await refusal { try await house.draft(subject: "NOT A NAME") } == "bad-parameter")
            #expect(looks.withLock { $0 } == 0)
            let statement = try await house.draft()
            #expect(looks.withLock { $0 } == 1)
            let opening = house.workshop.people(of: house.engine) { $0.opening(statement) }
            let forged = house.workshop.people(of: house.engine) { people in
                people.person("alice").keys[0].sshsig(over: opening.document, for: .open)
            }
            #expect(
                await refusal {
                    try await house.engine.submit(document: opening.document, sshsig: forged)
                } != nil)
            #expect(looks.withLock { $0 } == 1)
            try await house.engine.submit(opening)
            #expect(looks.withLock { $0 } == 2)
            // Handed in twice it is answered from the log.
            #expect(try await house.engine.submit(opening).isRepeat)
            #expect(looks.withLock { $0 } == 2)
        }
    }

    @Test("One looks at a vault at a time, few wait, and what was ordered goes before them")
    func turns() async throws {
        let turns = LookTurns()
        let gate = Gate()
        let looks = Looks(turns)
        let first = Task {
            try await turns.looking(at: "alpha", isOrdered: false) { await gate.wait() }
        }
        while turns.isFree("alpha") { await Task.yield() }
        var others: [Task<Void, any Error>] = []
        for number in 0..<LookTurns.mostWaiting {
            others.append(Task { try await looks.look("draft \(number)") })
            await looks.waiting(number + 1)
        }
        do {
            try await looks.look("too many")
            Issue.record("one more waits")
        } catch let error as CeremonyEngine.VaultError {
            #expect(error.code == .overloaded)
            #expect(error.engineError.next?.contains("Try again") == true)
        }
        for number in 0..<2 {
            others.append(Task { try await looks.look("order \(number)", isOrdered: true) })
            await looks.waiting(LookTurns.mostWaiting + number + 1)
        }
        // Another vault has a line of its own.
        try await turns.looking(at: "beta", isOrdered: false) {}
        gate.open()
        try await first.value
        for other in others { try await other.value }
        let expected =
            (0..<2).map { "order \($0)" } + (0..<LookTurns.mostWaiting).map { "draft \($0)" }
        #expect(looks.made == expected)
        #expect(turns.isFree("alpha"))
    }

    @Test("A vault's disk that does not answer keeps neither an unlock nor a lock waiting")
    func hungDisk() async throws {
        try await VaultHouse.dying(at: "appended-events/events.ndjson") {
            house, statement, ledger in
            let disk = DispatchSemaphore(value: 0)
            let reached = Gate()
            let again = try await house.unlocked(ledger.reopened()) { place in
                guard place == "write-identity/keys.json" else { return }
                Task { await reached.arrive() }
                disk.wait()
            }
            await reached.arrival()
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            try await again.lock("annex")
            try await again.unlock("annex", pin: try Workshop.pin())
            #expect(again.state.unfinished.map(\.id) == [statement.ceremony])
            disk.signal()
            await again.hasFinished()
            try house.expectFinished(again, statement)
        }
    }
}

/// Looks at one vault, in the order in which they were made.
private final class Looks: Sendable {
    private let turns: LookTurns
    private let names = Mutex<[String]>([])

    init(_ turns: LookTurns) { self.turns = turns }

    var made: [String] { names.withLock { $0 } }

    func look(_ name: String, isOrdered: Bool = false) async throws {
        try await turns.looking(at: "alpha", isOrdered: isOrdered) {
            names.withLock { $0.append(name) }
        }
    }

    /// Returns when that many wait.
    func waiting(_ count: Int) async {
        while turns.waiting(for: "alpha") != count { await Task.yield() }
    }
}
