// How far a change of a vault has come on the disk, for whoever was interrupted while writing it.

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

    /// Reads how far this file has come in a vault.
    ///
    /// - Parameter vault: the directory.
    public func progress(in vault: String) throws(VaultError) -> Progress {
        let directory = try OpenFile(vault: vault)
        guard let file = try directory.file(path) else { return before == nil ? .before : .other }
        var state = SHA256State()
        var size = 0
        // The state at the length that the file had before, and what follows from there.
        var beginning: PublishedFile.State?
        var tail: [UInt8] = []
        let oldSize = before?.size ?? 0
        while true {
            let room = beginning == nil ? min(1 << 20, oldSize - size) : 1 << 20
            if beginning == nil, room == 0 {
                beginning = State(size: size, sha256: state.digest)
                continue
            }
            let piece = try file.read(atMost: room)
            if piece.isEmpty { break }
            state.update(piece)
            size += piece.count
            if beginning != nil, tail.count <= after.size - oldSize { tail += piece }
        }
        let found = State(size: size, sha256: state.digest)
        if found == after { return .after }
        if found == before { return .before }
        guard case .appended(let bytes) = content, beginning == before, bytes.starts(with: tail)
        else { return .other }
        return .cutOff
    }
}
