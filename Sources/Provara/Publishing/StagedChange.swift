// The files of a change, durable beside the vault before anything in it is touched: a daemon that
// dies between the first and the last write finds everything here that it needs to go on. The
// folder is no part of the vault, for a file that is in no manifest breaks one.

import Glibc

/// A folder that holds the files of one change until they are written.
public struct StagedChange: Sendable {
    /// The folder.
    public let folder: String
    private static let index = "index"

    /// The change of that name for a vault: a folder beside it, on the same file system, so that a
    /// finished file can take the place of an old one in one step.
    ///
    /// - Parameter name: of letters, digits, dot and dash; a ceremony's identifier.
    public init(_ name: String, beside vault: String) {
        let trimmed = StagedChange.trimmed(vault)
        let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false)
        let parent = parts.dropLast().joined(separator: "/")
        let own = parts.last.map(String.init) ?? "vault"
        folder = (parts.count > 1 ? parent + "/" : "") + ".\(own).\(name).ceremonyd"
    }

    private static func trimmed(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts the files there; durable on return. What was there before is replaced.
    ///
    /// - Throws: ``PublishingError``.
    public func put(_ files: [PublishedFile], boundary: (String) throws -> Void = { _ in }) throws {
        try discard()
        guard unsafe mkdir(folder, 0o700) == 0 else {
            throw PublishingError.system("made", path: folder, errno: errno)
        }
        var entries: [PythonJSON] = []
        for (number, file) in files.enumerated() {
            try boundary("stage-\(number)")
            try write(file.content.bytes, to: "\(number)")
            entries.append(file.entry)
        }
        try boundary("stage-index")
        // The index last: without it nothing was put ready.
        try write(PythonJSON.array(entries).canonicalBytes, to: Self.index)
        try Self.sync(folder)
    }

    /// What is there; `nil` where nothing is, or not all of it.
    public func files() -> [PublishedFile]? {
        guard let bytes = read(Self.index),
            let index = try? PythonJSON(bytes, .file), let entries = index.items
        else { return nil }
        var files: [PublishedFile] = []
        for (number, entry) in entries.enumerated() {
            guard let content = read("\(number)"), let file = PublishedFile(entry, content) else {
                return nil
            }
            files.append(file)
        }
        return files
    }

    /// Takes everything away; done when nothing is there.
    ///
    /// - Throws: ``PublishingError``.
    public func discard() throws(PublishingError) {
        guard let names = Self.names(in: folder) else { return }
        // The index first: what is half gone must not look ready.
        for name in [Self.index] + names.filter({ $0 != Self.index }) {
            if name == "tree" {
                try Self.removeTree(folder + "/" + name)
                continue
            }
            guard unsafe unlink(folder + "/" + name) == 0 || errno == ENOENT else {
                throw .system("removed", path: folder + "/" + name, errno: errno)
            }
        }
        guard unsafe rmdir(folder) == 0 || errno == ENOENT else {
            throw .system("removed", path: folder, errno: errno)
        }
    }

    // MARK: Files

    private func write(_ bytes: [UInt8], to name: String) throws(PublishingError) {
        try FileBytes.write(bytes, to: folder + "/" + name)
    }

    private func read(_ name: String) -> [UInt8]? { FileBytes.read(folder + "/" + name) }

    /// A vault that was being made, and did not get its name.
    private static func removeTree(_ folder: String) throws(PublishingError) {
        for name in names(in: folder) ?? [] {
            let path = folder + "/" + name
            if unsafe unlink(path) == 0 { continue }
            guard errno == EISDIR || errno == EPERM else {
                throw .system("removed", path: path, errno: errno)
            }
            try removeTree(path)
        }
        guard unsafe rmdir(folder) == 0 || errno == ENOENT else {
            throw .system("removed", path: folder, errno: errno)
        }
    }

    private static func names(in folder: String) -> [String]? {
        guard let stream = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func sync(_ folder: String) throws(PublishingError) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("opened", path: folder, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .system("made durable", path: folder, errno: errno)
        }
    }
}

extension PublishedFile {
    /// What the index says of a file.
    fileprivate var entry: PythonJSON {
        var isWhole = false
        if case .whole = content { isWhole = true }
        return .object([
            "path": .string(path), "whole": .bool(isWhole),
            "before": before.map(\.entry) ?? .null, "after": after.entry,
        ])
    }

    fileprivate init?(_ entry: PythonJSON, _ content: [UInt8]) {
        guard let members = entry.members, let path = members["path"]?.text,
            let whole = members["whole"], let after = members["after"].flatMap({ State($0) })
        else { return nil }
        var before: State?
        switch members["before"] {
        case .null?: break
        case let value?:
            guard let state = State(value) else { return nil }
            before = state
        case nil: return nil
        }
        self.init(
            path: path, content: whole == .bool(true) ? .whole(content) : .appended(content),
            before: before, after: after)
    }
}

extension PublishedFile.Content {
    /// The bytes that are written.
    var bytes: [UInt8] {
        switch self {
        case .whole(let bytes), .appended(let bytes): bytes
        }
    }
}

extension PublishedFile.State {
    fileprivate var entry: PythonJSON {
        .object(["size": .integer(size), "sha256": .string(Hex.encode(sha256))])
    }

    fileprivate init?(_ entry: PythonJSON) {
        guard let members = entry.members, let size = members["size"]?.whole,
            let sha256 = members["sha256"]?.text.flatMap({ Hex.decode($0.utf8, count: 32) })
        else { return nil }
        self.init(size: size, sha256: sha256)
    }
}
