// What the log waits for, as `ceremonyctl next` says it: who, and the command that they have to
// type. A rehearsal knows no rule of its own; it does what is awaited, as long as something is.

import CeremonyRecord
import CeremonyTerminal

/// One thing that somebody has to do now.
struct RehearsalTask: Hashable {
    let person: String
    /// The command without `ceremonyctl`, word by word.
    let words: [String]

    /// The verb.
    var verb: String { words.first ?? "" }
    /// Whether the daemon waits for its token before anything else.
    var isUnlocking: Bool { verb.utf8.elementsEqual("unlock".utf8) }

    /// Whether it is about a ceremony.
    func isAbout(_ id: String) -> Bool {
        words.count > 1 && words[1].utf8.elementsEqual(id.utf8)
    }

    /// Everything that is awaited of anybody.
    ///
    /// - Throws: `rehearsal-trouble` (1) where the daemon does not say.
    static func all(in house: RehearsalHouse) throws(ClientError) -> [RehearsalTask] {
        let said = try house.observer.ctl(
            ["next", "--genesis", house.genesis, "--module", house.place.programs.module, "--json"])
        guard said.isDone else {
            try house.requireDaemon()
            throw .rehearsal("It is not known what is to be done next. " + said.trouble)
        }
        let told = try said.json()
        return try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(told)
            return try fields.objects("tasks").map { object throws(JSONError) in
                var task = object
                let command = try task.string("command")
                return RehearsalTask(
                    person: try task.string("person"),
                    words: command.utf8.split(separator: UInt8(ascii: " ")).map {
                        String(decoding: $0, as: UTF8.self)
                    })
            }
        }
    }
}
