// Where a fault is tried: an engine whose receiving token stands behind the module that misbehaves,
// and a look at the same token from outside. One ceremony after the other, on the same log.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

/// A fault by the rules that bring it about at the n-th call, `#` standing for n.
struct ModuleFault: Sendable, CustomTestStringConvertible {
    let name: String
    let rules: [String]
    /// Whether the token, or the login to it, stays away until somebody unlocks it again: then
    /// nobody can look what is on it.
    var isLasting = false

    var testDescription: String { name }
}

/// An engine, a token that misbehaves, and ceremonies one after the other.
final class FaultBench {
    let workshop: Workshop
    private let engine: Engine
    /// The receiving token as the engine reaches it, and as somebody else does.
    private let vault: TokenVault
    private let outside: TokenVault
    private let label: String
    private let token: TokenReference
    private var subjects = 0

    init(_ workshop: Workshop, token label: String) async throws {
        self.workshop = workshop
        self.label = label
        vault = try workshop.faultyVault(label)
        outside = try workshop.freshVault(label)
        try await outside.unlock(pin: try Workshop.pin(), allowFinalTry: false)
        token = try await outside.inspect().reference
        if label == "house" {
            engine = try workshop.start(vault: vault)
        } else {
            engine = try await workshop.open(others: [vault])
        }
        try await engine.unlock(label, pin: try Workshop.pin())
    }

    /// What an execution without any fault asks the receiving token's module for, by function.
    func calls() async throws -> [String] {
        let statement = try await next()
        let order = try workshop.order(engine, statement.ceremony)
        try workshop.store.setFaults()
        try workshop.store.forgetCalls()
        try await engine.submit(order)
        let calls = try workshop.store.calls().map { String($0.prefix { $0 != " " }) }
        try await clear()
        return calls
    }

    /// Of calls of one function that follow each other the first and the last, by their numbers,
    /// and so of looks at the token: the ones between find the token, the log and the engine as
    /// those do. And each function once at least.
    static func representative(_ calls: [String]) -> [Int] {
        let runs = calls.map { looks.contains($0) ? "look" : $0 }
        return calls.indices.filter { index in
            index == 0 || index == calls.count - 1 || runs[index - 1] != runs[index]
                || runs[index + 1] != runs[index] || calls.firstIndex(of: calls[index]) == index
        }.map { $0 + 1 }
    }

    private static let looks: Set = [
        "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo", "C_GetMechanismList",
        "C_GetMechanismInfo",
    ]

    /// Lets the fault come at a call of an execution, and looks what has become of everything.
    func `try`(
        _ fault: ModuleFault, at call: Int, _ name: String, mustFail: Bool = false
    ) async throws {
        let what: Comment = "\(fault.name) at call \(call), \(name)"
        let statement = try await next()
        let order = try workshop.order(engine, statement.ceremony)
        try workshop.store.setFaults(fault.rules.map { $0.replacing("#", with: "\(call)") })
        let answer = await refusal { try await engine.submit(order) }
        // The log's own token was hit as well: nothing can be said before it is back.
        let mayWait = label == "house" && fault.isLasting
        if !mayWait { try await expectEnded(statement, answer, fault, what) }

        try workshop.store.setFaults()
        await engine.checkTokens()
        try await engine.unlock(label, pin: try Workshop.pin())
        await engine.tick()
        if mayWait { try await expectEnded(statement, answer, fault, what) }
        if mustFail {
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .failed, what)
        }
        if engine.state.ceremony(named: statement.ceremony)?.state == .approved {
            try await engine.submit(order)
            #expect(engine.state.ceremony(named: statement.ceremony)?.state == .completed, what)
        } else {
            try await expectNextCompletes()
        }
        try await clear()
    }

    /// A ceremony that nothing stands in the way of.
    func expectNextCompletes() async throws {
        let statement = try await next()
        try await engine.submit(try workshop.order(engine, statement.ceremony))
        #expect(engine.state.ceremony(named: statement.ceremony)?.state == .completed)
    }

    private func expectEnded(
        _ statement: Statement, _ answer: String?, _ fault: ModuleFault, _ what: Comment
    ) async throws {
        let ceremony = try #require(engine.state.ceremony(named: statement.ceremony))
        let there = try await workshop.stillInventory(of: outside).filter {
            $0.label == Array(statement.ceremony.utf8)
        }
        let left = ceremony.end?.left ?? []
        switch ceremony.state {
        case .approved:
            #expect(answer != nil && answer != "execution-failed", what)
            #expect(there.isEmpty, what)
        case .completed:
            let record = try #require(ceremony.record)
            #expect(there.map(\.id) == [record.keyID, record.keyID], what)
            #expect(engine.state.key(record.fingerprint)?.ceremony == ceremony.id, what)
        case .failed:
            #expect(answer == "execution-failed", what)
            #expect(!engine.state.allKeys.contains { $0.ceremony == ceremony.id }, what)
            if left == ceremony.traces, !left.isEmpty {
                // Nobody could look.
                #expect(fault.isLasting, what)
                return
            }
            let named = there.map {
                "\($0.objectClass) key-id \(Hex.encode($0.id)) label \(ceremony.id) on token "
                    + token.serial
            }
            #expect(left.sorted() == named.sorted(), what)
        default:
            Issue.record("\(ceremony.state): \(what)")
        }
    }

    private func next() async throws -> Statement {
        subjects += 1
        return try await workshop.approved(engine, subject: "keeper-\(subjects)", token: token)
    }

    /// Keeps the token small: every search looks at all that is there.
    private func clear() async throws {
        for item in try await workshop.stillInventory(of: outside)
        where item.label.starts(with: "keeper-".utf8) {
            _ = try await outside.destroy(id: item.id)
        }
    }
}
