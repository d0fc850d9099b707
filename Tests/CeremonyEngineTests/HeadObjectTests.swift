// The head object on a module that fails between its calls: there is never a moment without a head,
// and only what is the caller's goes.

import CeremonyEngine
import CeremonyRecord
import TestSupport
import Testing

@Suite("A head on a token", .timeLimit(.minutes(5)))
struct HeadObjectTests {
    private let one = Array("one".utf8)
    private let two = Array("two".utf8)
    private let three = Array("three".utf8)

    @Test("The new head is there before the older one goes, and nobody else's goes with it")
    func order() async throws {
        try await withFaults { store, vault in
            #expect(try await vault.heads() == .held([]))
            #expect(try await vault.keepHead(one, insteadOf: []) == .kept)
            _ = try await vault.keepHead(two, insteadOf: [])
            try store.forgetCalls()
            #expect(try await vault.keepHead(three, insteadOf: [one]) == .kept)
            #expect(Set(try await vault.notes()) == [two, three])
            let calls = try store.calls().map { $0.split(separator: " ")[0] }
            let made = try #require(calls.firstIndex(of: "C_CreateObject"))
            let gone = try #require(calls.firstIndex(of: "C_DestroyObject"))
            #expect(made < gone)
            #expect(calls.count { $0 == "C_DestroyObject" } == 1)
            // It is private: nobody sees it without the PIN.
            let open = try store.pkcs11Tool(
                "--token-label", "house", "--list-objects", "--type", "data")
            #expect(!open.contains(HeadObject.label))
        }
    }

    @Test("A replacement that fails leaves a head behind, and is repeated without leaving two")
    func failing() async throws {
        try await withFaults { store, vault in
            _ = try await vault.keepHead(one, insteadOf: [])
            try store.setFaults("C_CreateObject * rv 0x31")
            #expect(await refusal { try await vault.keepHead(two, insteadOf: [one]) } != nil)
            #expect(try await vault.notes() == [one])
            // Made, and then the token fails before the older one is gone.
            try store.setFaults("C_DestroyObject * rv 0x30")
            #expect(await refusal { try await vault.keepHead(two, insteadOf: [one]) } != nil)
            #expect(Set(try await vault.notes()) == [one, two])
            // Made, and the module says that it was not.
            try store.setFaults("C_CreateObject * after 0x30")
            #expect(
                await refusal { try await vault.keepHead(three, insteadOf: [one, two]) } != nil)
            #expect(Set(try await vault.notes()) == [one, two, three])
            try store.setFaults()
            #expect(try await vault.keepHead(three, insteadOf: [one, two, three]) == .kept)
            #expect(try await vault.notes() == [three])
        }
    }

    @Test(
        "A module that knows no data objects says so, and one that only pretends is found out",
        arguments: [
            ("C_CreateObject * rv 0x54", true), ("C_CreateObject * rv 0xd1", true),
            ("C_CreateObject * rv 0xe2", true), ("C_CreateObject * rv 0x13", true),
            ("C_CreateObject * rv 0x0", true), ("C_CreateObject * rv 0x30", false),
        ])
    func unable(_ fault: String, isUnable: Bool) async throws {
        try await withFaults { store, vault in
            try store.setFaults(fault)
            do {
                guard case .unable(let why) = try await vault.keepHead(one, insteadOf: []) else {
                    Issue.record("the token kept it")
                    return
                }
                #expect(isUnable && !why.isEmpty)
            } catch let error as VaultError {
                #expect(!isUnable && error.code == .tokenTrouble)
            }
            try store.setFaults("C_FindObjectsInit * rv 0x13")
            guard case .unable = try await vault.heads() else {
                Issue.record("the token could look for one")
                return
            }
            // One that is there and cannot be read is no inability.
            try store.setFaults()
            _ = try await vault.keepHead(one, insteadOf: [])
            try store.setFaults("C_GetAttributeValue * attribute 0x11 unavailable")
            #expect(await refusal { try await vault.heads() } != nil)
        }
    }

    @Test("The head is in the inventory, and not in the digest that a ceremony announces")
    func inventory() async throws {
        try await withFaults { store, vault in
            let before = try await vault.inventory()
            _ = try await vault.keepHead(one, insteadOf: [])
            let items = try await vault.inventory()
            #expect(items.count == before.count + 1)
            #expect(InventoryItem.digest(of: items) == InventoryItem.digest(of: before))
        }
    }

    private func withFaults(_ body: (SoftHSMStore, TokenVault) async throws -> Void) async throws {
        try await withSoftHSM { store in
            let vault = try Workshop.vault("house", in: store, module: try store.loadFaultModule())
            try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
            try await body(store, vault)
            await vault.lock()
        }
    }
}
