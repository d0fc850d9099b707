// Playing people who are not there: everybody's client is run as a process of its own, as a script
// runs it, with what they are asked for drafted, signed in their token and handed in. There is no
// other way to an outcome, for a rehearsal as for anybody.

import CeremonyRecord
import CeremonyTerminal

/// Does what somebody would do at their terminal.
struct RehearsalPlayer {
    let person: RehearsalPerson
    /// The founding digest, as everybody has it on paper.
    let genesis: String

    /// Drafts a document, signs it and hands it in.
    ///
    /// - Parameter words: the verb and what belongs to it.
    func acts(_ words: [String]) throws(ClientError) -> Said {
        switch try prepared(words) {
        case .ready(let command): try person.ctl(command)
        case .refused(let said): said
        }
    }

    /// The same, where handing it in takes as long as others need.
    func begins(_ words: [String]) throws(ClientError) -> Begun {
        switch try prepared(words) {
        case .ready(let command): .running(try person.begin(command))
        case .refused(let said): .ended(said)
        }
    }

    /// An act that was begun.
    enum Begun {
        case running(ChildProcess)
        case ended(Said)
    }

    /// A signed document, or what kept it from being signed.
    private enum Prepared {
        case ready([String])
        case refused(Said)
    }

    /// Drafts and signs; gives back the command that hands it in.
    private func prepared(_ words: [String]) throws(ClientError) -> Prepared {
        let file = person.path(words[0])
        let drafted = try person.ctl(
            words + ["--as", person.name, "--genesis", genesis, "--draft", file]
                + (try person.withToken()))
        guard drafted.isDone else { return .refused(drafted) }
        let signing = words[0].utf8.elementsEqual("start".utf8) ? ["--open"] : []
        let signed = try person.ctl(
            ["sign", file, "--as", person.name, "--confirm", "\(try Files.digest(of: file))"]
                + signing + (try person.withToken()))
        guard signed.isDone else { return .refused(signed) }
        let possession = file + ".possession.sig"
        return .ready(
            ["submit", file, "\(file).\(person.name).sig", "--genesis", genesis, "--json"]
                + (Files.exists(possession) ? ["--possession", possession] : []))
    }

    /// Signs what an execution asks for, each message by its digest.
    func answers(_ words: [String]) throws(ClientError) -> Said {
        let own = words + ["--as", person.name, "--genesis", genesis]
        let shown = try person.ctl(own + ["--show", "--json"])
        guard shown.isDone else { return shown }
        let value = try shown.json()
        let digests = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(value)
            return try fields.objects("messages").map { message throws(JSONError) in
                var message = message
                return try message.string("digest")
            }
        }
        return try person.ctl(
            own + digests.flatMap { ["--confirm", $0] } + (try person.withToken()))
    }

    /// What somebody does instead of what they are asked for, because they do not want it.
    static func declining(_ task: RehearsalTask) -> [String] {
        let why = ["--reason", "declined in a rehearsal"]
        return switch task.verb {
        case "accept", "answer": ["decline"] + task.words.dropFirst() + ["--part"] + why
        case "execute": ["cancel"] + task.words.dropFirst() + why
        default: ["decline"] + task.words.dropFirst() + why
        }
    }
}
