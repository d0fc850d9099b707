// The actor with a thread of its own.

import Glibc
import PKCS11
import Sodium
import Synchronization
import TestSupport
import Testing

/// How many threads of dropped tokens ended.
private let endedThreads = Atomic(0)

@Suite("A token's actor") struct TokenTests {
    @Test("logs in, generates and signs, all on one thread that is not the caller's")
    func works() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            let token = try Token(module.slot())
            try await token.open(.readWrite)
            try await token.login(pin: try secret(SoftHSMStore.pin))
            let (pair, key, first) = try await token.withSession { session throws(PKCS11Error) in
                let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
                return (pair, try session.ed25519PublicKey(of: pair.publicKey), pthread_self())
            }
            var threads: Set<pthread_t> = [first]
            for _ in 0..<50 {
                let (signature, thread) = try await token.withSession {
                    session throws(PKCS11Error) in
                    (try session.sign([7], with: pair.privateKey), pthread_self())
                }
                threads.insert(thread)
                #expect(Ed25519.isValid(signature: signature, of: [7], by: key))
                await Task.yield()
            }
            #expect(threads.count == 1)
            #expect(!threads.contains(pthread_self()))
            try await token.logout()
            try await token.close()
            try module.finalize()
        }
    }

    @Test("without a session refuses to work, and opening anew makes old handles stale")
    func sessions() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            let token = try Token(module.slot())
            await #expect(throws: PKCS11Error.noSession) { try await token.logout() }
            #expect(try await token.info().label == "house")
            #expect(await !token.isOpen)
            try await token.open(.readWrite)
            try await token.login(pin: try secret(SoftHSMStore.pin))
            let pair = try await token.generateEd25519KeyPair(id: [1], label: "a")
            try await token.open(.readOnly)
            await #expect(throws: PKCS11Error.staleHandle) {
                try await token.sign([1], with: pair.privateKey)
            }
            try await token.close()
            #expect(await !token.isOpen)
            try module.finalize()
        }
    }

    @Test("passes on a wrong PIN as what it is")
    func wrongPIN() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            let token = try Token(module.slot())
            try await token.open(.readOnly)
            await #expect(
                throws: PKCS11Error.login(
                    LoginFailure(reason: .wrongPIN, fate: .used, stateAfter: .low))
            ) { try await token.login(pin: try secret("0000")) }
            try await token.close()
            try module.finalize()
        }
    }

    @Test("that is dropped closes its session by itself, and its thread ends")
    func dropped() async throws {
        try await withSoftHSM { store in
            let module = try store.loadFaultModule()
            var mark = pthread_key_t()
            pthread_key_create(&mark) { _ in endedThreads.add(1, ordering: .relaxed) }
            defer { pthread_key_delete(mark) }
            do {
                let token = try Token(module.slot())
                try await token.open(.readOnly)
                try await token.withSession { [mark] _ in
                    _ = pthread_setspecific(mark, UnsafeRawPointer(bitPattern: 1))
                }
            }
            for _ in 0..<1_000_000 where endedThreads.load(ordering: .relaxed) == 0 {
                await Task.yield()
            }
            #expect(endedThreads.load(ordering: .relaxed) == 1)
            #expect(try store.calls(of: "C_CloseSession").count == 1)
        }
    }

    @Test("blocks no other token and no thread of Swift's while it waits")
    func parallel() async throws {
        try await withSoftHSM(tokens: ["one", "two"]) { store in
            let module = try store.loadModule()
            let tokens = try [Token(module.slot("one")), Token(module.slot("two"))]
            for token in tokens { try await token.open(.readOnly) }
            // Each waits, on its own thread, until the other has arrived: alone, neither ends.
            let meeting = Meeting(of: tokens.count)
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for token in tokens {
                    group.addTask { try await token.withSession { _ in meeting.arrive() } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts == [2, 2])
            for token in tokens { try await token.close() }
            try module.finalize()
        }
    }

    @Test("serves many tasks at once, one after the other")
    func contention() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            let token = try Token(module.slot())
            try await token.open(.readWrite)
            try await token.login(pin: try secret(SoftHSMStore.pin))
            let (pair, key) = try await token.withSession { session throws(PKCS11Error) in
                let pair = try session.generateEd25519KeyPair(id: [1], label: "a")
                return (pair, try session.ed25519PublicKey(of: pair.publicKey))
            }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in UInt8(0)..<100 {
                    group.addTask {
                        let signature = try await token.sign([index], with: pair.privateKey)
                        return Ed25519.isValid(signature: signature, of: [index], by: key)
                    }
                }
                for try await isValid in group { #expect(isValid) }
            }
            try await token.close()
            try module.finalize()
        }
    }
}

/// A place where several threads wait for each other.
///
/// `@unchecked Sendable`: the barrier is made for use by several threads and never changes place.
private final class Meeting: @unchecked Sendable {
    private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)
    private let count: Int

    init(of count: Int) {
        self.count = count
        pthread_barrier_init(barrier, nil, UInt32(count))
    }

    deinit {
        pthread_barrier_destroy(barrier)
        barrier.deallocate()
    }

    /// Waits for all, and says how many they were.
    func arrive() -> Int {
        pthread_barrier_wait(barrier)
        return count
    }
}
