// What `status` says about whether the log is the newest: never nothing.

import CeremonyRecord
import Testing

@testable import ceremonyctl

@Suite("the rollback guard in the status")
struct RollbackReportTests {
    private func text(_ fields: [String: JSON]) throws -> String {
        try RollbackReport(try JSONFields(.object(fields))).text.joined(separator: "\n")
    }

    @Test("known, not yet known, and not knowable are told apart, and why")
    func words() throws {
        let kept = try text(["state": .string("kept"), "covers": .number(17)])
        #expect(kept.contains("newest:     yes") && kept.contains("17 events"))
        let sealed = try text(["state": .string("unknown"), "covers": .number(0)])
        #expect(sealed.contains("until the log token is unlocked"))
        var absent: [String: JSON] = [
            "state": .string("absent"), "covers": .number(0), "detail": .string("It cannot."),
        ]
        #expect(try text(absent) == "  newest:     NOT KNOWN. It cannot.")
        absent["covers"] = .number(3)
        #expect(try text(absent).contains("keeps one of 3 events now"))
        #expect(
            try text([
                "state": .string("kept"), "covers": .number(2), "trouble": .string("It is full."),
            ]).hasSuffix("It is full."))
        // A word of a later daemon is no yes.
        #expect(
            try text(["state": .string("perhaps"), "covers": .number(0)]).contains("NOT KNOWN"))
    }

    @Test("a daemon that says nothing of it is not understood")
    func missing() {
        #expect(throws: JSONError.self) { try text(["covers": .number(0)]) }
    }
}
