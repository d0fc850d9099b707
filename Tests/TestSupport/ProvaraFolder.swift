// A Provara vault on the disk that goes with the test: the bytes of a vector that the reference
// made.

import CeremonyRecord
public import Foundation

/// A vault in a folder of its own, with room beside it.
public final class ProvaraFolder: Sendable {
    /// The folder that holds the vault and nothing else.
    public let parent: URL
    /// The vault.
    public var path: String { parent.appending(path: "alpha").path(percentEncoded: false) }

    /// Where another vault beside it would be.
    public func place(of name: String) -> String {
        parent.appending(path: name).path(percentEncoded: false)
    }

    /// The seed of the vector vaults' quorum key.
    public static let quorumSeed = Array(UInt8(0x20)...UInt8(0x3f))
    /// The seed of their root key.
    public static let rootSeed = Array(UInt8(0x00)...UInt8(0x1f))
    /// The id of their root key.
    public static let root = "bp1_56475aa75463474c"
    /// The id of their quorum key.
    public static let quorum = "bp1_24f6ed6acbfe1009"

    /// The vault of a vector file, byte for byte.
    public init(_ vector: String = "vault_before_rotation") throws {
        parent = FileManager.default.temporaryDirectory
            .appending(path: "vaults-\(UUID().uuidString)")
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "ProvaraTests/Vectors/\(vector).json")
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        let vault = object as? [String: Any] ?? [:]
        let base = parent.appending(path: "alpha")
        for (name, text) in vault["files"] as? [String: String] ?? [:] {
            let place = base.appending(path: name)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: place)
        }
        for name in vault["empty_directories"] as? [String] ?? [] {
            try FileManager.default.createDirectory(
                at: base.appending(path: name), withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(at: parent) }

    /// Every file in and beside the vault, with its bytes.
    public func files() throws -> [String: Data] {
        var found: [String: Data] = [:]
        let base = parent.path(percentEncoded: false)
        let names = FileManager.default.enumerator(atPath: base)
        while let name = names?.nextObject() as? String {
            var isFolder: ObjCBool = false
            let place = base + "/" + name
            _ = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
            if !isFolder.boolValue { found[name] = try Data(contentsOf: URL(filePath: place)) }
        }
        return found
    }

    /// Everything in the vault, to see that not a byte, a link or a date of it is another: each
    /// entry with its kind, its bytes' digest or its target, its inode and its time.
    public func tree() throws -> [String: String] {
        var found: [String: String] = [:]
        let names = FileManager.default.enumerator(atPath: path)
        while let name = names?.nextObject() as? String {
            let place = path + "/" + name
            let facts = try FileManager.default.attributesOfItem(atPath: place)
            let kind = facts[.type] as? FileAttributeType
            let content =
                switch kind {
                case .typeRegular?:
                    "\(Digest(of: Array(try Data(contentsOf: URL(filePath: place)))))"
                case .typeSymbolicLink?:
                    try FileManager.default.destinationOfSymbolicLink(atPath: place)
                default: ""
                }
            let inode = facts[.systemFileNumber] as? Int ?? 0
            let date = (facts[.modificationDate] as? Date)?.timeIntervalSinceReferenceDate ?? 0
            found[name] = "\(kind?.rawValue ?? "none") \(inode) \(date) \(content)"
        }
        return found
    }

    /// What lies beside the vault.
    public func beside() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: parent.path(percentEncoded: false))
            .filter { $0 != "alpha" }
    }

    /// Adds bytes to a file of the vault.
    public func append(_ text: String, to name: String) throws {
        let place = URL(filePath: path + "/" + name)
        try (Data(contentsOf: place) + Data(text.utf8)).write(to: place)
    }
}

extension SoftHSMStore {
    /// Brings a private key that was made elsewhere into a token, with `softhsm2-util`.
    public func importKey(seed: [UInt8], label: String, id: String, into token: String) throws {
        // RFC 8410: the seed is all that a PKCS#8 file of an Ed25519 key holds.
        let prefix: [UInt8] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ]
        let pem =
            "-----BEGIN PRIVATE KEY-----\n" + Data(prefix + seed).base64EncodedString()
            + "\n-----END PRIVATE KEY-----\n"
        let file = directory + "/key.pem"
        try pem.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        _ = try run(
            "softhsm2-util",
            [
                "--import", file, "--token", token, "--label", label, "--id", id, "--pin", Self.pin,
            ])
    }
}
