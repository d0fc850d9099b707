// The minutes of a rehearsal: one line for each act, as it is done and as it ended. They say what
// the participants' clients said; what came of it is read out of the signed log afterwards.

import CeremonyRecord
import CeremonyTerminal

/// What was done, in order.
struct RehearsalMinutes {
    private let output: Output
    private(set) var acts: [JSON] = []

    /// Minutes that are printed line by line, or, for a script, all at the end.
    init(_ output: Output) { self.output = output }

    /// A sentence about what comes now.
    func say(_ sentence: String) {
        if output.json { Talk.paragraph(sentence) } else { output.page([sentence], .null) }
    }

    /// Somebody's act and what their client made of it.
    mutating func add(_ person: String, _ what: String, _ said: Said) {
        let result = said.isDone ? "ok" : said.trouble
        acts.append(
            .fields([
                "person": .string(person), "act": .string(what), "exit": .number(Int(said.status)),
                "said": .string(result),
            ]))
        if !output.json { output.page(["\(person) \(what): \(result)"], .null) }
    }

    /// Something that befell them.
    mutating func befalls(_ what: String) {
        acts.append(.fields(["fault": .string(what)]))
        if !output.json { output.page(["! \(what)"], .null) }
    }

    /// `witness` as somebody does it: `witnesses`.
    static func doing(_ verb: String) -> String {
        verb.utf8.last == UInt8(ascii: "s") ? verb + "es" : verb + "s"
    }
}
