// How far a change of a vault has come on the disk, for whoever was interrupted while writing it,
// and whether what is still to be written comes to what was agreed on.

import Sodium

extension PublishedFile {
    /// How far a file has come.
    public enum Progress: Hashable, Sendable {
        /// It is as before.
        case before
        /// It is as before, and some of what is appended follows.
        case cutOff
        /// It is as it has to be.
        case after
        /// It is neither: something else wrote to it, or a write of the whole file was cut off.
        case other
    }

    /// How a file stands in a vault.
    struct Standing {
        var progress: Progress
        /// Whether writing the content would make it what it has to be. True where it is that.
        var isSound: Bool
        /// How many bytes it has now.
        var size: Int
    }

    /// Reads how far this file has come in a vault.
    ///
    /// - Parameter vault: the directory.
    public func progress(in vault: String) throws(VaultError) -> Progress {
        try standing(in: OpenFile(vault: vault)).progress
    }

    /// Whether the content, behind what the vault has where it is appended, comes to what this file
    /// has to be afterwards. It need not where the content was not worked out but read somewhere.
    ///
    /// - Parameter vault: the directory.
    public func isSound(in vault: String) throws(VaultError) -> Bool {
        try standing(in: OpenFile(vault: vault)).isSound
    }

    func standing(in vault: borrowing OpenFile) throws(VaultError) -> Standing {
        guard let file = try vault.file(path) else {
            var bytes: [UInt8] = []
            if case .whole(let whole) = content { bytes = whole }
            return Standing(
                progress: before == nil ? .before : .other, isSound: State(bytes) == after, size: 0)
        }
        return try standing(of: file)
    }

    /// - Parameter file: the file itself, not read from yet.
    func standing(of file: borrowing OpenFile) throws(VaultError) -> Standing {
        var state = SHA256State()
        var size = 0
        // The state at the length that the file had before, and what follows from there.
        var beginning: SHA256State?
        var tail: [UInt8] = []
        let oldSize = before?.size ?? 0
        while true {
            if beginning == nil, size == oldSize { beginning = state }
            let room = beginning == nil ? min(1 << 20, oldSize - size) : 1 << 20
            let piece = try file.read(atMost: room)
            if piece.isEmpty { break }
            state.update(piece)
            size += piece.count
            if beginning != nil, tail.count <= after.size - oldSize { tail += piece }
        }
        let found = State(size: size, sha256: state.digest)
        if found == after { return Standing(progress: .after, isSound: true, size: size) }
        switch content {
        case .whole(let bytes):
            return Standing(
                progress: found == before ? .before : .other, isSound: State(bytes) == after,
                size: size)
        case .appended(let bytes):
            guard let beginning, before.map({ $0.sha256 == beginning.digest }) ?? true else {
                return Standing(progress: .other, isSound: false, size: size)
            }
            var whole = beginning
            whole.update(bytes)
            let isSound = State(size: oldSize + bytes.count, sha256: whole.digest) == after
            guard bytes.starts(with: tail) else {
                return Standing(progress: .other, isSound: isSound, size: size)
            }
            return Standing(
                progress: tail.isEmpty && before != nil ? .before : .cutOff, isSound: isSound,
                size: size)
        }
    }
}

extension Vault {
    /// Whether the log on the disk begins with a file of that state: it was written, and nothing
    /// but further events came after.
    ///
    /// - Parameter path: the vault's directory.
    public static func log(at path: String, beginsWith state: PublishedFile.State)
        throws(VaultError) -> Bool
    {
        guard let file = try OpenFile(vault: path).file(VaultPath.events) else { return false }
        var digest = SHA256State()
        var size = 0
        while size < state.size {
            let piece = try file.read(atMost: min(1 << 20, state.size - size))
            if piece.isEmpty { return false }
            digest.update(piece)
            size += piece.count
        }
        return digest.digest == state.sha256
    }
}
