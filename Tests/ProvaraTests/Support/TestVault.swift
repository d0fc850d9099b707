// A vault in a directory of its own, for tests to read and to break. Everything that is written
// goes round the code under test but for the canonical form and the manifest, which have vectors.

import Foundation
import Testing

@testable import Provara

/// A vault on the disk that goes with the test.
final class TestVault {
    let directory: URL
    var path: String { directory.path(percentEncoded: false) }

    /// The vault of a vector file, byte for byte.
    convenience init(_ vector: String) throws {
        try self.init(empty: ())
        let vault = try Vectors.object(vector)
        for member in try #require(vault["files"]?.members).members {
            try write(member.name, Array(try #require(member.value.text).utf8))
        }
        for name in try #require(vault["empty_directories"]?.texts) {
            try FileManager.default.createDirectory(
                at: directory.appending(path: name), withIntermediateDirectories: true)
        }
    }

    init(empty: Void) throws {
        directory = FileManager.default.temporaryDirectory
            .appending(path: "provara-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func url(_ path: String) -> URL { directory.appending(path: path) }

    func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: url(path))) }

    func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    func write(_ path: String, _ bytes: [UInt8]) throws {
        try FileManager.default.createDirectory(
            at: url(path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url(path))
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: url(path)) }

    /// Replaces the only place where a text stands in a file.
    func replace(_ old: String, by new: String, in path: String) throws {
        let parts = try text(path).components(separatedBy: old)
        try #require(parts.count == 2, "\(old) stands \(parts.count - 1) times in \(path)")
        try write(path, Array(parts.joined(separator: new).utf8))
    }

    /// The log's lines, without their line feeds.
    func lines() throws -> [String] {
        try text(VaultPath.events).components(separatedBy: "\n").dropLast()
    }

    func write(lines: [String]) throws {
        try write(VaultPath.events, Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// Reads the vault.
    func read(
        _ change: (inout Vault.Options) -> Void = { _ in },
        noting: @escaping (Vault.Finding) -> Void = { _ in }
    ) throws -> Vault {
        var options = Vault.Options()
        change(&options)
        return try Vault.read(at: path, options, noting: noting)
    }

    /// Writes manifest, root and signature anew, as they stand after an honest change.
    @discardableResult
    func close(by key: TestKey = .quorum, at moment: String = "2026-02-19T00:00:00.000000+00:00")
        throws -> MerkleRoot
    {
        let time = try #require(VaultTime(moment))
        let vault = try read()
        try write(VaultPath.manifest, vault.manifest.bytes(createdAt: time))
        try write(VaultPath.root, vault.root.fileBytes)
        let record = ManifestSignature(root: vault.root, signer: key.id, signedAt: time)
        try write(
            VaultPath.signature,
            record.fileBytes(signature: key.sign(record.bytesToSign), by: key.publicKey))
        return vault.root
    }

    /// Every file with its bytes in hex, to see that nothing changed.
    func snapshot() throws -> [String: String] {
        var found: [String: String] = [:]
        let base = directory.path(percentEncoded: false)
        let names = FileManager.default.enumerator(atPath: base)
        while let name = names?.nextObject() as? String {
            if let data = try? Data(contentsOf: url(name)) { found[name] = hex(Array(data)) }
        }
        return found
    }
}

/// An event as some program might write it.
struct TestEvent {
    var object: PythonObject

    init(
        _ type: String, actor: String, previous: String?, time: String, logicalTime: Int? = nil,
        payload: PythonObject = ["subject": "door", "predicate": "state", "value": "open"]
    ) {
        object = [
            "type": .string(type), "actor": .string(actor), "prev_event_hash": .optional(previous),
            "timestamp_utc": .string(time), "payload": .object(payload),
        ]
        if let logicalTime { object["ts_logical"] = .integer(logicalTime) }
    }

    var id: String { object["event_id"]?.text ?? "" }

    /// Gives it its signer and its id.
    func identified(_ key: KeyID) -> TestEvent {
        var event = self
        event.object["actor_key_id"] = .string(key.description)
        event.object["event_id"] = nil
        let content = PythonJSON.object(event.object).canonicalBytes
        event.object["event_id"] = .string(EventID(content: content).description)
        return event
    }

    /// The line of the event as it is, signed by a key.
    func line(_ key: TestKey) -> String {
        var event = identified(key.id)
        event.object["sig"] = .string(
            Base64.encode(key.sign(PythonJSON.object(event.object).canonicalBytes)))
        return String(decoding: PythonJSON.object(event.object).canonicalBytes, as: UTF8.self)
    }
}
