// The README.txt of the evidence tells a stranger what to paste; here it is pasted: on evidence of
// keys made and rotated, of somebody who came later and witnessed, and of a log key that was
// replaced. It has to hold for whatever verifies, and to find what does not.

import CeremonyRecord
import Testing

@Suite("The evidence says how it is checked by hand")
struct EvidenceReadmeTests {
    @Test("Its steps hold after a rotation, with a newcomer, and while a log key is replaced")
    func steps() throws {
        let room = try CeremonyRoom.copy()
        try room.house.makeToken("annex")
        (room.furtherTokens, room.furtherLogTokens) = (["annex"], ["annex"])
        try room.open()
        try room.unlock("annex")
        _ = try room.complete("keeper-alpha")
        let mallory = room.mallory
        let comes = try room.opens([
            "set-roster", "--member", "mallory", "--kind", "external", "--roles", "witness",
            "--new-key", mallory.publicKey,
        ])
        try room.approve(comes, by: ["alice", "bob"])
        let acceptance = mallory.path("draft")
        try mallory.does("accept", comes, "--as", "mallory", "--draft", acceptance)
        try mallory.submits(acceptance, .accept)
        let rotation = try room.opens(["key-rotation", "keeper-alpha", "--into", "house"])
        let people = ["mallory", "erin", "frank"]
        try room.approve(rotation, by: people)
        try room.execute(rotation)
        try room.attest(rotation, by: people)
        _ = try room.expectReadmeHolds("before", heads: 1)

        let made = try room.ceremonyd(
            "log-key", "--config", room.directory + "/ceremonyd.toml", "--origin",
            CeremonyRoom.origin, "--token", "annex", "--pin-file", room.house.home + "/pin")
        let vkey = try #require(
            made.out.lineList.first { $0.hasPrefix("vkey: ") }?.dropFirst(6).description)
        let change = try room.opens(["log-key-change", "house-log", "--set", "new-log-key=\(vkey)"])
        try room.approve(change)
        #expect(try room.types().last == "log.rekeyed")
        let between = try room.expectReadmeHolds("between", heads: 2)

        // The head of before the change is in order, and is not this one's.
        let checkpoint = between + "/log/checkpoint"
        let lines = TestFile.text(checkpoint).lineList
        try TestFile.write(
            checkpoint, "\(lines[0])\n\(lines[1])\n\(lines[2])\n\n\(lines.last ?? "")\n")
        #expect(try room.followsReadme(between).err.contains("Head NOT signed"))

        try room.stop()
        room.clock = "+31d"
        try room.start()
        try room.unlock("annex")
        let after = try room.expectReadmeHolds("after", heads: 1)
        for file in [
            "genesis/genesis.txt", "ceremonies/\(rotation)/statement.txt.mallory.sig",
            "ceremonies/\(rotation)/key-record.txt.old-key.sig", "log/events.jsonl",
        ] {
            let path = after + "/" + file
            let bytes = TestFile.bytes(path)
            try TestFile.write(path, bytes.with(bit: 0, ofByteFromEnd: bytes.count / 2))
            let ended = try room.followsReadme(after)
            #expect(ended.status != 0, "\(file) was changed and not missed: \(ended.out)")
            try TestFile.write(path, bytes)
        }
        try room.stop()
    }
}

extension CeremonyRoom {
    /// Exports to a folder of that name, and follows what is written there: each signature is found
    /// good, and so many keys to have signed the head. Gives back the folder.
    func expectReadmeHolds(
        _ name: String, heads: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let folder = directory + "/" + name
        try erin.does("export", folder)
        try verify(folder, sourceLocation: sourceLocation)
        try expectReadmeHolds(in: folder, heads: heads, sourceLocation: sourceLocation)
        return folder
    }

    /// The same of evidence that was exported.
    func expectReadmeHolds(
        in folder: String, heads: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let ended = try followsReadme(folder)
        let said = ended.out + ended.err
        #expect(ended.status == 0 && ended.err.isEmpty, "\(said)", sourceLocation: sourceLocation)
        #expect(!said.contains("NOT"), "\(said)", sourceLocation: sourceLocation)
        let good = ended.out.lineList.count { $0.hasPrefix("Good ") }
        let found = try house.tool("find", folder + "/ceremonies", "-name", "*.txt.*.sig")
        let signatures = found.out.lineList.filter {
            $0.contains("/statement.txt.") || $0.contains("/key-record.txt.")
        }
        #expect(
            good == signatures.count && good > 0, "\(good) of \(signatures): \(said)",
            sourceLocation: sourceLocation)
        #expect(
            ended.out.lineList.count { $0.hasPrefix("Head signed by ") } == heads, "\(said)",
            sourceLocation: sourceLocation)
    }

    /// Pastes the commands of the folder's README.txt but for the one that is our own program.
    func followsReadme(_ folder: String) throws -> Ended {
        let commands = TestFile.text(folder + "/README.txt").lineList.filter {
            $0.hasPrefix("    ") && !$0.hasPrefix("    ceremonyctl ")
        }
        let script = house.path("pasted")
        try TestFile.write(
            script,
            (["set -e -o pipefail", "cd \(folder)"] + commands).joined(separator: "\n") + "\n")
        return try house.tool("bash", script)
    }
}
