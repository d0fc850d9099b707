// How the tests of the rules say that something is refused: by the code, never by the words, and
// always with a look that nothing has changed.

import CeremonyRecord
import CeremonyRules
import TestSupport
import Testing

/// Expects the work to be refused with this code.
@discardableResult
func expectRefusal(
    _ code: RefusalCode, _ requirement: String? = nil, _ comment: Comment? = nil,
    at location: SourceLocation = #_sourceLocation, _ work: () throws -> Void
) -> Refusal? {
    do {
        try work()
        Issue.record("nothing was refused, \(code.rawValue) expected", sourceLocation: location)
    } catch let refusal as Refusal {
        #expect(refusal.code == code, comment ?? "\(refusal)", sourceLocation: location)
        if let requirement {
            #expect(refusal.requirement == requirement, "\(refusal)", sourceLocation: location)
        }
        #expect(!refusal.detail.isEmpty, sourceLocation: location)
        return refusal
    } catch {
        Issue.record(error, sourceLocation: location)
    }
    return nil
}

extension House {
    /// Expects a command to be refused and to leave the log as it was.
    @discardableResult
    func expectRefusal(
        _ code: RefusalCode, _ requirement: String? = nil, _ comment: Comment? = nil,
        of command: Command, at location: SourceLocation = #_sourceLocation
    ) -> Refusal? {
        var copy = self
        let refusal = CeremonyRulesTests.expectRefusal(
            code, requirement, comment, at: location
        ) { try copy.decide(command) }
        #expect(copy.state == state, "a refusal changed the state", sourceLocation: location)
        #expect(copy.lines == lines, sourceLocation: location)
        return refusal
    }

    /// Expects an event to be illegal in this place.
    @discardableResult
    func expectIllegal(
        _ code: RefusalCode, _ body: EventBody, time: Timestamp? = nil, _ comment: Comment? = nil,
        at location: SourceLocation = #_sourceLocation
    ) -> Refusal? {
        var copy = self
        let refusal = CeremonyRulesTests.expectRefusal(code, nil, comment, at: location) {
            try copy.append(body, at: time)
        }
        #expect(copy.state == state, "a refusal changed the state", sourceLocation: location)
        return refusal
    }

    /// The ceremony of that name.
    func ceremony(_ id: String) throws -> Ceremony { try #require(state.ceremony(named: id)) }

    /// Where a ceremony stands.
    func standing(_ id: String) -> CeremonyState? { state.ceremony(named: id)?.state }

    /// The types of the events so far.
    func types() throws -> [String] { try lines.map { try Event(line: $0).body.type } }

    /// The fold over the lines is the state, and nothing waits to be written.
    func expectConsistent(at location: SourceLocation = #_sourceLocation) {
        #expect(state.demands.isEmpty, sourceLocation: location)
        #expect(throws: Never.self, sourceLocation: location) {
            let replayed = try Replay.state(of: lines)
            #expect(replayed == state, "the replay differs", sourceLocation: location)
        }
    }

    /// Moves the clock.
    mutating func pass(_ seconds: Int) { now = now + seconds }
}
