// What members of an authority do in the room: each with a token and a client of their own, by
// files where a person would read a screen.

import CeremonyRecord
import Testing

extension Person {
    /// The fingerprint of the key in the person's own token.
    var tokenIdentity: Fingerprint {
        get throws { try #require(SSHPublicKey(line: identity)).fingerprint }
    }

    /// Makes a key in their token for a ceremony and hands the acceptance in, both keys signing.
    func brings(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let ended = try handsIn(id)
        try #require(ended.status == 0, "\(name): \(ended.err)", sourceLocation: sourceLocation)
    }

    /// The same, as it ends.
    func handsIn(_ id: String) throws -> Ended {
        let (file, possession) = try acceptanceDraft(id)
        return try run(
            ["submit", file, try signs(file), "--possession", possession, "--json"])
    }

    /// The draft of an acceptance and the new key's signature over it.
    func acceptanceDraft(_ id: String) throws -> (file: String, possession: String) {
        let file = path("acceptance")
        let ended = try run(
            ["accept", id, "--as", name, "--draft", file, "--key", "\(try tokenIdentity)"]
                + withToken)
        try #require(ended.status == 0, "\(name): \(ended.err)")
        return (file, file + ".possession.sig")
    }

    /// Signs a document with the key in their token that it names; gives back the signature's path.
    func signs(_ file: String, as signer: String? = nil) throws -> String {
        let digest = Digest(of: TestFile.bytes(file))
        let ended = try run(["sign", file, "--confirm", "\(digest)"] + withToken)
        try #require(ended.status == 0, "\(name): \(ended.err)")
        return "\(file).\(signer ?? name).sig"
    }

    /// Accepts a part that brings no key, with the key in their token of that fingerprint.
    func accepts(_ id: String, with key: Fingerprint, as member: String? = nil) throws {
        let file = path("acceptance")
        let ended = try run(
            "accept", id, "--as", member ?? name, "--draft", file, "--key", "\(key)")
        try #require(ended.status == 0, "\(name): \(ended.err)")
        let taken = try run("submit", file, try signs(file, as: member))
        try #require(taken.status == 0, "\(name): \(taken.err)")
    }

    /// Takes the key away that they brought to an ended ceremony.
    func tidies(_ id: String) throws -> Ended {
        let file = path("tidy")
        let early = try run(["tidy", id, "--as", name, "--draft", file] + withToken)
        guard early.status == 1 else { return early }
        let key = try room.broughtKey(name, to: id)
        let destroyed = try run(["tidy", id, "--as", name, "--destroy", "\(key)"] + withToken)
        guard destroyed.status == 0 else { return destroyed }
        let ended = try run(["tidy", id, "--as", name, "--draft", file] + withToken)
        guard ended.status == 0 else { return ended }
        return try run("submit", file, try signs(file))
    }

    /// Answers what an execution asks of the key that they brought.
    func answers(_ id: String, as member: String? = nil) throws -> Ended {
        let name = member ?? name
        let shown = try run("answer", id, "--as", name, "--show", "--json")
        try #require(shown.status == 0, "\(name): \(shown.err)")
        let digests = try JSON(shown.line).field("messages").list.map { $0.field("digest").text }
        return try run(
            ["answer", id, "--as", name] + digests.flatMap { ["--confirm", $0] } + withToken)
    }
}

extension CeremonyRoom {
    /// dave starts a change of an authority; gives back its identifier.
    func startMembership(_ authority: String, _ settings: String...) throws -> String {
        let path = dave.path("draft")
        try dave.does(
            ["start", "membership", authority, "--reason", "change of \(authority)"]
                + settings.flatMap { ["--set", $0] } + ["--as", "dave", "--draft", path])
        return try dave.submits(path, .open).field("ceremony").text
    }

    /// The key that somebody brought to a ceremony.
    func broughtKey(_ name: String, to id: String) throws -> Fingerprint {
        for set in try ceremony(id).field("acceptances").list {
            for row in set.field("rows").list where row.field("name").text == name {
                if let key = Fingerprint(row.field("new_key").text) { return key }
            }
        }
        throw TestTrouble(what: "\(name) brought no key to \(id)")
    }

    /// The label of the key that somebody makes in their token for a ceremony: its name, and what
    /// tells it from every other ceremony and every other key of theirs.
    func broughtLabel(_ name: String, to id: String) throws -> String {
        let digest = try #require(Digest(try ceremony(id).field("digest").text))
        let identity = try person(name).tokenIdentity
        return id + "." + Hex.encode(Array(digest.bytes.prefix(8))) + "."
            + Hex.encode(Array(identity.bytes.prefix(8)))
    }

    /// dave orders the execution, and those who brought a key answer; gives back how it ended.
    func executeMembership(_ id: String, answering names: [String], as member: String? = nil)
        throws -> Ended
    {
        let draft = try dave.draft("execute", id)
        let running = try dave.begin(["submit", draft, try dave.sign(draft, .act)])
        if !names.isEmpty {
            try eventually("members are asked") {
                try #require(running.isRunning, "the execution ended: \(running.finish().err)")
                return try ceremony(id).field("asked").list.count >= names.count
            }
        }
        for name in names {
            let ended = try person(name).answers(id, as: member)
            try #require(ended.status == 0, "\(name): \(ended.err)")
        }
        return running.finish()
    }
}

extension String {
    /// The lines between empty lines.
    var blocks: [[String]] {
        var blocks: [[String]] = [[]]
        for line in lineList {
            if line.isEmpty { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
        }
        return blocks.filter { !$0.isEmpty }
    }
}
