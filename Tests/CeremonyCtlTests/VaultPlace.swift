// Vaults as files, from the vectors of the reference, in a directory of one test's own.

import Foundation
import Testing

/// A directory that goes with the test.
final class VaultPlace {
    let directory: String

    init() throws {
        var template = Array("/tmp/ceremonyctl-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Writes the files of a vector; gives back the vault's directory.
    func vault(_ vector: String, as name: String) throws -> String {
        let sources = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
        let path = "\(sources)/ProvaraTests/Vectors/\(vector).json"
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path)))
        let files = try #require((json as? [String: Any])?["files"] as? [String: String])
        for (path, text) in files { try write("\(name)/\(path)", text) }
        return "\(directory)/\(name)"
    }

    /// Writes a file below the directory.
    func write(_ path: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(directory)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Reads a file below the directory.
    func text(_ path: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: "\(directory)/\(path)"), encoding: .utf8)
    }
}
