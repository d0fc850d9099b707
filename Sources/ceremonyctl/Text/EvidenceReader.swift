// Reading a folder that a stranger made: plain files only, nothing followed, sizes bounded.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Glibc

/// Reads evidence from a folder.
enum EvidenceReader {
    /// No log that a person can review comes near this.
    static let bytesMax = 1 << 30
    /// How deep a bundle's folders go, and far more: every earlier log is one folder deeper.
    static let depthMax = 64

    /// Every file of the folder by its path.
    ///
    /// - Throws: `no-such-file` (66), `unreadable`, `too-large` (65).
    static func read(_ directory: String) throws(ClientError) -> EvidenceFolder {
        guard Files.exists(directory) else { throw Files.missing(directory) }
        var reading = Reading(root: directory)
        try reading.take("", depth: 0)
        return EvidenceFolder(files: reading.files, irregular: reading.irregular)
    }

    private struct Reading {
        let root: String
        var files: [String: [UInt8]] = [:]
        var irregular: [String] = []
        var bytes = 0

        mutating func take(_ folder: String, depth: Int) throws(ClientError) {
            for name in try names(in: folder).sorted() {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                var facts = stat()
                guard unsafe lstat("\(root)/\(path)", &facts) == 0 else {
                    irregular.append(path)
                    continue
                }
                switch facts.st_mode & S_IFMT {
                case S_IFDIR where depth < depthMax: try take(path, depth: depth + 1)
                case S_IFREG:
                    let content = try Files.read("\(root)/\(path)", bytesMax: bytesMax - bytes)
                    bytes += content.count
                    files[path] = content
                default: irregular.append(path)
                }
            }
        }

        private func names(in folder: String) throws(ClientError) -> [String] {
            let path = folder.isEmpty ? root : "\(root)/\(folder)"
            guard let stream = unsafe opendir(path) else {
                throw ClientError(
                    .malformed, "unreadable", "\(path) cannot be read: \(systemError()).",
                    meaning: "Nothing was verified.", next: "Give the folder that `export` wrote.")
            }
            defer { unsafe closedir(stream) }
            var names: [String] = []
            while let entry = unsafe readdir(stream) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                        unsafe String(cString: $0)
                    }
                }
                if name != ".", name != ".." { names.append(name) }
            }
            return names
        }
    }
}
