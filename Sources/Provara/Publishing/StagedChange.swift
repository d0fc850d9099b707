// The files of a change, durable beside the vault before anything in it is touched: a daemon that
// dies between the first and the last write finds everything here that it needs to go on. The
// folder is no part of the vault, for a file that is in no manifest breaks one. It is trusted no
// further than it has to be: it must be a directory of ours that nobody else may enter, it names
// only files that a change may write, and every byte is held to its digest before it is used.

import Glibc

/// A folder that holds the files of one change until they are written.
public struct StagedChange: Sendable {
    /// The folder.
    public let folder: String
    private let parent: String
    private let name: String
    private static let index = "index"

    /// The change of that name for a vault: a folder beside it, on the same file system, so that a
    /// finished file can take the place of an old one in one step. Where the vault is reached
    /// through a link, it is beside the directory itself.
    ///
    /// - Parameter name: of letters, digits, dot and dash; a ceremony's identifier.
    public init(_ name: String, beside vault: String) {
        let place = VaultPlace(vault)
        parent = place.parent
        self.name = ".\(place.name).\(name).ceremonyd"
        folder = parent.hasSuffix("/") ? parent + self.name : parent + "/" + self.name
    }

    /// The changes of a vault that somebody has put ready beside it and not finished, by name; what
    /// is in their folders is not looked at.
    ///
    /// - Throws: ``PublishingError`` where the directory above the vault cannot be read.
    public static func unfinished(beside vault: String) throws(PublishingError) -> [String] {
        let place = VaultPlace(vault)
        let (prefix, suffix) = (".\(place.name).", ".ceremonyd")
        return try OpenFolder(place.parent).names().compactMap { bytes in
            let name = String(
                decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard name.utf8.count > prefix.utf8.count + suffix.utf8.count,
                name.hasPrefix(prefix), name.hasSuffix(suffix)
            else { return nil }
            return String(name.dropFirst(prefix.count).dropLast(suffix.count))
        }.sorted()
    }

    /// Puts the files there; durable on return, with the folder's own name. What was there before
    /// is replaced.
    ///
    /// - Throws: ``PublishingError``.
    public func put(_ files: [PublishedFile], boundary: (String) throws -> Void = { _ in }) throws {
        let folder = try begun()
        var entries: [PythonJSON] = []
        for (number, file) in files.enumerated() {
            try boundary("stage-\(number)")
            try folder.write(file.content.bytes, to: "\(number)", mode: 0o600)
            entries.append(file.entry)
        }
        try boundary("stage-index")
        // The index last: without it nothing was put ready.
        let index = PythonJSON.array(entries).canonicalBytes
        try folder.write(index, to: Self.index, mode: 0o600)
        try folder.sync()
    }

    /// Makes the folder with nothing in it, for a change that can be worked out again at any time;
    /// durable on return.
    ///
    /// - Throws: ``PublishingError``.
    public func begin() throws(PublishingError) { _ = try begun() }

    /// Whether the folder is there: a change was begun, and not ended.
    ///
    /// - Throws: ``PublishingError``: `notOurs` where something else has the folder's name.
    public func isBegun() throws(PublishingError) -> Bool { try open() != nil }

    /// What is there; `nil` where nothing is, not all of it, or anything that was not put there
    /// like that. Whether what is to be appended fits the vault is ``PublishedFile/isSound(in:)``.
    public func files() -> [PublishedFile]? {
        let opened: OpenFolder?
        do { opened = try open() } catch { return nil }
        guard let folder = opened, let bytes = folder.read(Self.index),
            let index = try? PythonJSON(bytes, .file), let entries = index.items
        else { return nil }
        var files: [PublishedFile] = []
        for (number, entry) in entries.enumerated() {
            guard let content = folder.read("\(number)"), let file = PublishedFile(entry, content),
                VaultPath.isWritten(file.path), file.isWholeAsSaid,
                !files.contains(where: { $0.path.isSame(as: file.path) })
            else { return nil }
            files.append(file)
        }
        return files
    }

    /// Takes everything away; done when nothing is there.
    ///
    /// - Throws: ``PublishingError``: `notOurs` where something else has the folder's name; that is
    ///   left as it is.
    public func discard() throws(PublishingError) {
        guard let folder = try open() else { return }
        // The index first: what is half gone must not look ready.
        try folder.remove(Self.index)
        try folder.removeAll()
        try OpenFolder(parent).remove(name)
    }

    // MARK: The folder

    /// The folder, if it is there.
    ///
    /// - Throws: ``PublishingError/notOurs(path:)`` where something is there that we did not make.
    func open() throws(PublishingError) -> OpenFolder? {
        let parent: OpenFolder
        do throws(PublishingError) { parent = try OpenFolder(self.parent) } catch {
            if case .system(_, _, errno: ENOENT) = error { return nil }
            throw error
        }
        guard let seen = try parent.status(of: name) else { return nil }
        guard seen.st_mode & S_IFMT == S_IFDIR else { throw .notOurs(path: folder) }
        let folder = try parent.folder(name)
        var status = stat()
        guard unsafe fstat(folder.descriptor, &status) == 0, status.st_uid == geteuid(),
            status.st_mode & 0o7777 == 0o700
        else { throw .notOurs(path: self.folder) }
        return folder
    }

    /// The folder, new and empty, and its name durable: whoever finds a change half written finds
    /// that it was ours.
    private func begun() throws(PublishingError) -> OpenFolder {
        try discard()
        let parent = try OpenFolder(self.parent)
        try parent.makeFolder(name, mode: 0o700)
        guard let folder = try open() else { throw .notReady(path: folder) }
        try parent.sync()
        return folder
    }
}

/// Where a vault is: the directory that it is in, and its name there.
struct VaultPlace {
    let parent: String
    let name: String

    /// The place of the directory itself, where there is one; else that of its name.
    init(_ vault: String) {
        var path = vault
        if let real = unsafe realpath(vault, nil) {
            path = unsafe String(cString: real)
            unsafe free(real)
        }
        // A slash at the end is not a name.
        let names = path.split(separator: "/").map(String.init)
        name = names.last ?? "vault"
        let above = names.dropLast().joined(separator: "/")
        parent = path.utf8.first == UInt8(ascii: "/") ? "/" + above : above.isEmpty ? "." : above
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

    /// Whether the bytes of a whole file are those that it says; of appended ones the vault alone
    /// can tell.
    fileprivate var isWholeAsSaid: Bool {
        guard case .whole(let bytes) = content else { return true }
        return State(bytes) == after
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
        guard let members = entry.members, let size = members["size"]?.whole, size >= 0,
            let sha256 = members["sha256"]?.text.flatMap({ Hex.decode($0.utf8, count: 32) })
        else { return nil }
        self.init(size: size, sha256: sha256)
    }
}
