// Hands on: everybody plays themselves. Each person has one file that makes a terminal theirs:
// their home, their token store, the client on PATH, and a prompt that says who they are.

import CeremonyRecord
import CeremonyTerminal

/// The terminals of the people of a house.
struct RehearsalTerminals {
    let house: RehearsalHouse

    /// Writes everybody's file.
    func furnish() throws(ClientError) {
        let place = house.place
        let client = [
            "#!/bin/sh", "# The client, at the socket of this rehearsal.",
            "exec \(RehearsalTerminals.quoted(place.programs.ceremonyctl)) --socket "
                + "\(RehearsalTerminals.quoted(place.socket)) \"$@\"",
        ]
        try write(place.directory + "/bin/ceremonyctl", client)
        for person in house.people {
            let pin = RehearsalTerminals.line(try Files.read(person.pinFile))
            try write(path(of: person), try script(of: person, pin: pin))
        }
    }

    /// The command that makes a terminal somebody's.
    func path(of person: RehearsalPerson) -> String { person.home + "/enter" }

    private func script(of person: RehearsalPerson, pin: String) throws(ClientError) -> [String] {
        var lines = [
            "#!/bin/sh",
            "# Makes a terminal that of \(person.name), in a rehearsal. Run it, or read it in with `.`",
        ]
        for (name, value) in person.environment.sorted(by: { $0.key < $1.key })
        where name != "PATH" && name != "LANG" {
            lines.append("export \(name)=\(RehearsalTerminals.quoted(value))")
        }
        let bin = RehearsalTerminals.quoted(house.place.directory + "/bin")
        lines += [
            "case \":$PATH:\" in *:\(bin):*) ;; *) export PATH=\(bin):\"$PATH\" ;; esac",
            "PS1='\(person.name) (rehearsal) $ '",
            "cd \"$HOME\" || exit",
            "cat <<'TOLD'",
            "You are \(person.name): \(person.part.kind), \(person.part.roles). The PIN of your "
                + "rehearsal token is \(pin).",
        ]
        if person.name.utf8.elementsEqual(house.operator.name.utf8) {
            let pin = RehearsalTerminals.line(try Files.read(house.house.pinFile))
            lines.append(
                "You keep the daemon's token as well: its PIN is \(pin) (ceremonyctl unlock).")
        }
        lines += [
            "What you have to do now is said by: ceremonyctl next", "TOLD",
            // Where it is read in, the shell is there already.
            "case \"$0\" in",
            "*/enter)",
            "    printf '%s\\n' \"PS1='\(person.name) (rehearsal) \\$ '\" >\"$HOME/shellrc\"",
            "    if command -v bash >/dev/null; then exec bash --rcfile \"$HOME/shellrc\" -i; fi",
            "    exec env ENV=\"$HOME/shellrc\" sh -i ;;",
            "esac",
        ]
        return lines
    }

    private func write(_ path: String, _ lines: [String]) throws(ClientError) {
        try Files.create(path, Array((lines.joined(separator: "\n") + "\n").utf8), mode: 0o700)
    }

    private static func line(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
    }

    /// One word of a shell.
    private static func quoted(_ text: String) -> String {
        let quote = UInt8(ascii: "'")
        let inner = text.utf8.flatMap { $0 == quote ? Array(#"'\''"#.utf8) : [$0] }
        return String(decoding: [quote] + inner + [quote], as: UTF8.self)
    }
}
