// How a test sees that something was refused as it has to be: the exit code, the stable code, words
// that say what happened and what to do now, and a log in which nothing is new but, at most, one
// folded note about who was refused.

import CeremonyRecord
import Testing

extension CeremonyRoom {
    /// Runs something that has to be refused, with `--json` in it.
    ///
    /// - Parameters:
    ///   - says: what must stand in the sentence about what happened.
    func refuses(
        _ exit: Int32, _ code: String, says: String = "",
        sourceLocation: SourceLocation = #_sourceLocation, _ run: () throws -> Ended
    ) throws {
        let before = try log()
        let ended = try run()
        let after = try log()
        #expect(ended.status == exit, "\(ended.err)", sourceLocation: sourceLocation)
        expectNothingNew(before, after, code, sourceLocation)
        let error = try JSON(ended.line).field("error")
        #expect(error.field("code").text == code, "\(ended.out)", sourceLocation: sourceLocation)
        #expect(
            error.field("detail").text.contains(says), "\(ended.out)",
            sourceLocation: sourceLocation)
        for word in ["detail", "meaning", "next"] {
            #expect(!error.field(word).text.isEmpty, "\(ended.out)", sourceLocation: sourceLocation)
        }
        // A person is told the same without asking for JSON.
        #expect(ended.err.contains("next: "), "\(ended.err)", sourceLocation: sourceLocation)
        #expect(
            ended.err.contains("(exit \(exit))"), "\(ended.err)", sourceLocation: sourceLocation)
    }

    /// Nothing but one folded `access.refused`, if that.
    func expectNothingNew(
        _ before: [String], _ after: [String], _ code: String, _ sourceLocation: SourceLocation
    ) {
        #expect(after.starts(with: before), sourceLocation: sourceLocation)
        let new = after.dropFirst(before.count).compactMap { try? JSON($0) }
        #expect(new.count <= 1, "\(new.map(\.canonicalText))", sourceLocation: sourceLocation)
        for event in new {
            #expect(event.field("type").text == "access.refused", sourceLocation: sourceLocation)
        }
    }
}

/// Runs a test in a room of its own whose daemon runs and is unlocked.
func withRoom(_ body: (CeremonyRoom) throws -> Void) throws {
    let room = try CeremonyRoom.copy()
    try room.open()
    try body(room)
}
