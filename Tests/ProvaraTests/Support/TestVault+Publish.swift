// Writes what a change of a vault gives out, and sees that it says truly what was there before.

import Testing

@testable import Provara

extension TestVault {
    /// Does what a publisher does, without its care.
    func publish(_ files: [PublishedFile]) throws {
        for file in files {
            let before: [UInt8]? = try? bytes(file.path)
            #expect(before.map { PublishedFile.State($0) } == file.before, "\(file.path)")
            switch file.content {
            case .whole(let bytes): try write(file.path, bytes)
            case .appended(let bytes): try write(file.path, (before ?? []) + bytes)
            }
            #expect(PublishedFile.State(try bytes(file.path)) == file.after, "\(file.path)")
        }
    }
}
