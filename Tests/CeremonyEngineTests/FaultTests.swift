// What real modules do wrong, at each call of an execution (Tests/CFaultToken has the list). The
// module lies, forgets or goes away; the ceremony ends all the same, the log says what is on the
// token and nothing else, and the next ceremony comes out when the fault is gone.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

@testable import CeremonyEngine

@Suite("A module with a fault", .timeLimit(.minutes(5)))
struct FaultTests {
    /// Those that may come at any call.
    static let anywhere: [ModuleFault] = [
        ModuleFault(name: "the device is pulled out", rules: ["* # removed"], isLasting: true),
        ModuleFault(name: "the sessions are gone", rules: ["* # drop"], isLasting: true),
        ModuleFault(name: "somebody logs out", rules: ["* # logout"], isLasting: true),
        ModuleFault(
            name: "the PIN is locked behind our back",
            rules: ["* # logout", "C_GetTokenInfo * flags 0x40000", "C_Login * rv 0xa4"],
            isLasting: true),
        ModuleFault(name: "it says once that nobody is logged in", rules: ["* # rv 0x101"]),
        ModuleFault(
            name: "it says from then on that its memory is full", rules: ["*  #+ rv 0x31"],
            isLasting: true),
        ModuleFault(name: "the effect is there, the answer is lost", rules: ["* # after 0x6"]),
        ModuleFault(name: "a buffer is too small", rules: ["* # rv 0x150"]),
        ModuleFault(name: "a handle goes stale", rules: ["* # stale"]),
    ]

    /// Those that belong to one function, at each of its calls.
    static let particular: [(String, ModuleFault)] = [
        ("C_Sign", ModuleFault(name: "a wrong signature", rules: ["C_Sign # flip"])),
        ("C_Sign", ModuleFault(name: "an empty signature", rules: ["C_Sign # length 0"])),
        (
            "C_GenerateKeyPair",
            ModuleFault(name: "memory for half a key", rules: ["C_GenerateKeyPair # half 0x31"])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(name: "an object too many", rules: ["C_GenerateKeyPair # duplicate"])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(name: "another point", rules: ["C_GetAttributeValue@keeper * point other"])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(
                name: "a point that is none",
                rules: [
                    "C_GetAttributeValue@keeper * attribute 0x181 "
                        + String(repeating: "ff", count: 32)
                ])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(
                name: "no point", rules: ["C_GetAttributeValue@keeper * attribute 0x181 empty"])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(
                name: "extractable", rules: ["C_GetAttributeValue@keeper * attribute 0x162 01"])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(
                name: "was extractable", rules: ["C_GetAttributeValue@keeper * attribute 0x164 00"])
        ),
        (
            "C_GenerateKeyPair",
            ModuleFault(
                name: "does not say", rules: ["C_GetAttributeValue@keeper * attribute 0x163 0x11"])
        ),
    ]

    @Test(
        "At any call, whatever happens, the ceremony ends and the log is right", arguments: anywhere
    )
    func atAnyCall(_ fault: ModuleFault) async throws {
        try await withBench { bench in
            let calls = try await bench.calls()
            #expect(calls.count > 100)
            for call in FaultBench.representative(calls) {
                try await bench.try(fault, at: call, "\(calls[call - 1])")
            }
        }
    }

    @Test("In a function's own answers, the same")
    func inItsOwnAnswers() async throws {
        try await withBench { bench in
            let calls = try await bench.calls()
            for (function, fault) in Self.particular {
                for call in 1...calls.count(where: { $0 == function }) {
                    try await bench.try(fault, at: call, function, mustFail: true)
                }
            }
        }
    }

    @Test("A public key is the same in each form that modules give it", arguments: ["raw", "bits"])
    func forms(_ form: String) async throws {
        try await withBench { bench in
            try bench.workshop.store.setFaults("C_GetAttributeValue * point \(form)")
            try await bench.expectNextCompletes()
        }
    }

    @Test(
        "Where the log's own token goes away, the ceremony is ended at the next unlock at the latest",
        arguments: anywhere.filter(\.isLasting))
    func logToken(_ fault: ModuleFault) async throws {
        try await withBench(token: "house") { bench in
            let calls = try await bench.calls()
            for call in FaultBench.representative(calls) {
                try await bench.try(fault, at: call, "\(calls[call - 1])")
            }
        }
    }

    private func withBench(
        token: String = "annex", _ body: (FaultBench) async throws -> Void
    ) async throws {
        try await withSoftHSM(tokens: ["house", "annex"]) { store in
            let workshop = try await Workshop(store: store, ledger: MemoryLedger())
            try await body(try await FaultBench(workshop, token: token))
        }
    }
}
