// Where a PIN lives. What ends a process or changes its limits runs in a process of its own.

import Foundation
import Glibc
import Sodium
import Testing

/// Kilobytes of this process that are locked into memory.
private func lockedKilobytes() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
        return nil
    }
    let line = status.utf8.split(separator: 0x0a).first { $0.starts(with: "VmLck:".utf8) }
    return line.flatMap {
        Int(String(decoding: $0.filter { (0x30...0x39).contains($0) }, as: UTF8.self))
    }
}

/// Writes bytes as `read(2)` would.
private func write(_ bytes: [UInt8], into secret: SecretBytes) -> Int {
    secret.fill { buffer in
        let count = min(buffer.count, bytes.count)
        buffer.copyBytes(from: bytes.prefix(count))
        return count
    }
}

@Suite("Secret memory")
struct SecretBytesTests {
    @Test("Bytes are filled in place, up to the capacity, and end in a zero")
    func fill() throws {
        let secret = try SecretBytes(capacity: 4)
        #expect(write([1, 2, 3], into: secret) == 3)
        #expect(write([4, 5, 6], into: secret) == 1)
        #expect(write([7], into: secret) == 0)
        #expect(secret.fill { _ in -1 } == -1)
        #expect(secret.count == 4 && secret.last == 4)
        secret.seal()
        secret.seal()
        secret.withBytes { bytes in
            #expect(Array(bytes) == [1, 2, 3, 4])
            #expect(bytes.baseAddress?.load(fromByteOffset: 4, as: UInt8.self) == 0)
        }
        #expect(secret.last == 4)
    }

    @Test("What is taken away is wiped")
    func wiped() throws {
        let secret = try SecretBytes(capacity: 8)
        _ = write([1, 2, 3], into: secret)
        secret.removeLast()
        #expect(secret.count == 2 && secret.last == 2)
        secret.withBytes { bytes in
            #expect(bytes.baseAddress?.load(fromByteOffset: 2, as: UInt8.self) == 0)
        }
        secret.removeAll()
        #expect(secret.count == 0 && secret.last == nil)
        secret.withBytes { bytes in
            #expect(bytes.baseAddress?.loadUnaligned(as: UInt64.self) == 0)
        }
    }

    @Test("The memory is locked while the secret lives, and no longer")
    func locked() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard let before = lockedKilobytes() else { exit(1) }
            do {
                let secret = try SecretBytes(capacity: 4096)
                guard let during = lockedKilobytes(), during > before else { exit(2) }
                withExtendedLifetime(secret) {}
            }
            exit(lockedKilobytes() == before ? 0 : 3)
        }
    }

    @Test("Where nothing may be locked there is no secret, and it can be known beforehand")
    func limit() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard SecretBytes.canLockMemory else { exit(1) }
            // Root is not held to the limit.
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            guard setrlimit(Int32(__RLIMIT_MEMLOCK.rawValue), &none) == 0 else {
                exit(2)
            }
            if geteuid() == 0, setreuid(65_534, 65_534) != 0 { exit(3) }
            guard !SecretBytes.canLockMemory else { exit(4) }
            do {
                _ = try SecretBytes(capacity: 16)
                exit(5)
            } catch { exit(0) }
        }
    }

    @Test("A sealed secret can be read inside withBytes only")
    func sealed() async {
        await #expect(processExitsWith: .failure) {
            let secret = try SecretBytes(capacity: 4)
            _ = write([1], into: secret)
            secret.seal()
            let address = secret.withBytes { UInt(bitPattern: $0.baseAddress) }
            let byte = UnsafePointer<UInt8>(bitPattern: address)?.pointee
            // Not reached: reading faults.
            exit(byte == 1 ? 0 : 0)
        }
    }

    @Test("A sealed secret is not written again")
    func sealedWriting() async {
        await #expect(processExitsWith: .failure) {
            let secret = try SecretBytes(capacity: 4)
            secret.seal()
            _ = write([1], into: secret)
            exit(0)
        }
    }
}
