// A change that is put ready beside a vault and written to it: what lies beside it is believed no
// further than it proves itself, and what somebody else writes meanwhile is neither followed out of
// the vault nor written over.

import Foundation
import Testing

@testable import Provara

/// A vault with room beside it, and the change that a rotation elsewhere makes of it.
private final class Publication {
    let parent: URL
    let vault: String
    let files: [PublishedFile]
    let staged: StagedChange

    init() throws {
        parent = FileManager.default.temporaryDirectory
            .appending(path: "publishing-\(UUID().uuidString)")
        vault = parent.appending(path: "vault").path(percentEncoded: false)
        let before = try TestVault("vault_before_rotation")
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: before.path, toPath: vault)
        let other = try TestVault("vault_after_rotation").read()
        let peer = try before.read { $0.boundaries = other.log.trustBoundaries }
        let moment = try #require(VaultTime(microseconds: 1_771_500_000_000_000))
        files = try PeerUpdate(peer, from: other, createdAt: moment).change
            .files(signatureFile: nil)
        staged = StagedChange("change", beside: vault)
    }

    deinit { try? FileManager.default.removeItem(at: parent) }

    func place(_ name: String) -> String {
        parent.appending(path: name).path(percentEncoded: false)
    }

    func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path)))
    }

    func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
        // Over the file as it is: a new one in its place would be another file.
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    func add(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    /// Every file of a directory with its bytes.
    func snapshot(_ directory: String) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try #require(FileManager.default.subpaths(atPath: directory)) {
            found[name] = FileManager.default.contents(atPath: "\(directory)/\(name)")
        }
        return found
    }

    func publish(_ boundary: (String) throws -> Void = { _ in }) throws {
        try VaultWriter.publish(files, from: staged, to: vault, boundary: boundary)
    }

    func expectWritten(_ what: Comment? = nil) throws {
        for file in files {
            #expect(
                try PublishedFile.State(bytes("\(vault)/\(file.path)")) == file.after,
                "\(file.path): \(what ?? "")")
        }
    }
}

/// Which refusal it was.
private func refusal(_ body: () throws -> Void) -> String {
    do { try body() } catch let error as PublishingError {
        switch error {
        case .locked: return "locked"
        case .changed: return "changed"
        case .notReady: return "notReady"
        case .notOurs: return "notOurs"
        case .notAFile: return "notAFile"
        case .system(_, _, let code): return "system \(code)"
        }
    } catch { return "\(error)" }
    return "none"
}

@Suite("A change is put ready beside a vault and written to it")
struct PublishingTests {
    @Test("What was put ready is there again, and is written, and nothing is left beside it")
    func whole() throws {
        let change = try Publication()
        try change.staged.put(change.files)
        let files = try #require(change.staged.files())
        #expect(files.map(\.path) == change.files.map(\.path))
        #expect(files.map(\.after) == change.files.map(\.after))
        #expect(files.map(\.before) == change.files.map(\.before))
        try VaultWriter.publish(files, from: change.staged, to: change.vault)
        try change.expectWritten()
        try change.staged.discard()
        #expect(change.staged.files() == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: change.place("")) == ["vault"])
    }

    @Test("A link in the folder's place is not followed, to read, to write or to take away")
    func link() throws {
        let change = try Publication()
        try change.staged.put(change.files)
        let elsewhere = change.place("elsewhere")
        try FileManager.default.moveItem(atPath: change.staged.folder, toPath: elsewhere)
        try FileManager.default.createSymbolicLink(
            atPath: change.staged.folder, withDestinationPath: elsewhere)
        let before = try change.snapshot(elsewhere)
        #expect(change.staged.files() == nil)
        #expect(refusal { try change.staged.discard() } == "notOurs")
        #expect(refusal { try change.staged.put(change.files) } == "notOurs")
        #expect(refusal { _ = try change.staged.isBegun() } == "notOurs")
        #expect(try change.snapshot(elsewhere) == before)
    }

    @Test("A folder that others may enter, or that is a file, is not believed", arguments: [0, 1])
    func open(kind: Int) throws {
        let change = try Publication()
        try change.staged.put(change.files)
        if kind == 0 {
            #expect(chmod(change.staged.folder, 0o750) == 0)
        } else {
            try FileManager.default.removeItem(atPath: change.staged.folder)
            try Data("x".utf8).write(to: URL(filePath: change.staged.folder))
        }
        #expect(change.staged.files() == nil)
        #expect(refusal { try change.staged.put(change.files) } == "notOurs")
        #expect(refusal { try change.publish() } != "none")
    }

    @Test(
        "A folder that is another account's is not believed",
        .enabled(if: geteuid() == 0, "only root can give a folder away"))
    func foreign() throws {
        let change = try Publication()
        try change.staged.put(change.files)
        #expect(chown(change.staged.folder, 65_534, 65_534) == 0)
        #expect(change.staged.files() == nil)
        #expect(refusal { try change.staged.discard() } == "notOurs")
    }

    @Test(
        "A change that names another file than those of a change is not believed or written",
        arguments: ["../victim", "identity/../../victim", "state/extra.json", "/tmp/victim", ""])
    func path(_ path: String) throws {
        let change = try Publication()
        let bytes = Array("theirs".utf8)
        let file = PublishedFile(
            path: path, content: .whole(bytes), before: nil, after: PublishedFile.State(bytes))
        try change.staged.put(change.files + [file])
        #expect(change.staged.files() == nil)
        let before = try change.snapshot(change.vault)
        #expect(
            refusal {
                try VaultWriter.publish(
                    change.files + [file], from: change.staged, to: change.vault)
            } == "notAFile")
        #expect(
            refusal {
                try VaultWriter.create(
                    [file], directories: [], from: change.staged, at: change.place("new"))
            } == "notAFile")
        #expect(try change.snapshot(change.vault) == before)
        #expect(!FileManager.default.fileExists(atPath: change.place("victim")))
    }

    @Test("One bit of what was put ready is another, and no byte of it comes to the vault")
    func damaged() throws {
        for number in 0..<4 {
            let change = try Publication()
            try change.staged.put(change.files)
            let place = "\(change.staged.folder)/\(number)"
            var bytes = try change.bytes(place)
            bytes[bytes.count / 2] ^= 1
            try change.write(bytes, to: place)
            let before = try change.snapshot(change.vault)
            let files = change.staged.files()
            // Of what is appended the vault alone can tell.
            #expect((files == nil) == (number > 0), "\(number)")
            if let files {
                #expect(try files.map { try $0.isSound(in: change.vault) }.first == false)
                let said = refusal {
                    try VaultWriter.publish(files, from: change.staged, to: change.vault)
                }
                #expect(said == "notReady")
            }
            #expect(try change.snapshot(change.vault) == before)
        }
    }

    @Test("A new vault with other bytes than it is to have is not made")
    func damagedNew() throws {
        let change = try Publication()
        try change.staged.begin()
        let file = PublishedFile(
            path: VaultPath.keys, content: .whole(Array("{}".utf8)), before: nil,
            after: PublishedFile.State(Array("[]".utf8)))
        #expect(
            refusal {
                try VaultWriter.create(
                    [file], directories: [], from: change.staged, at: change.place("new"))
            } == "notReady")
        #expect(!FileManager.default.fileExists(atPath: change.place("new")))
    }

    @Test("A file in the folder that is a link or has another name as well is not written through")
    func through() throws {
        for isLink in [true, false] {
            let change = try Publication()
            try change.staged.begin()
            let victim = change.place("victim")
            try Data("theirs".utf8).write(to: URL(filePath: victim))
            let new = change.staged.folder + "/new"
            #expect((isLink ? symlink(victim, new) : Glibc.link(victim, new)) == 0)
            try change.publish()
            try change.expectWritten()
            #expect(try change.bytes(victim) == Array("theirs".utf8))
        }
    }

    @Test("A slash at the end of a vault's path changes nothing, and a link's folder is beside it")
    func slash() throws {
        let change = try Publication()
        let folder = change.staged.folder
        #expect(folder == change.place(".vault.change.ceremonyd"))
        for path in [change.vault + "/", change.vault + "//", change.vault + "/."] {
            #expect(StagedChange("change", beside: path).folder == folder)
        }
        try FileManager.default.createDirectory(
            atPath: change.place("links"), withIntermediateDirectories: false)
        let link = change.place("links/other")
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: change.vault)
        #expect(StagedChange("change", beside: link).folder == folder)
        let new = change.place("new")
        #expect(
            StagedChange("change", beside: new + "/").folder
                == StagedChange("change", beside: new).folder)
        let staged = StagedChange("change", beside: new + "/")
        try staged.begin()
        let bytes = Array("{}".utf8)
        try VaultWriter.create(
            [
                PublishedFile(
                    path: VaultPath.keys, content: .whole(bytes), before: nil,
                    after: PublishedFile.State(bytes))
            ], directories: ["state", "artifacts/cas"], from: staged, at: new + "/")
        #expect(try change.bytes(new + "/identity/keys.json") == bytes)
        let directories = try FileManager.default.subpathsOfDirectory(atPath: new)
        #expect(directories.contains("artifacts/cas") && directories.contains("state"))
    }

    @Test("What an earlier try left of a new vault is not in the next one")
    func leftTree() throws {
        let change = try Publication()
        try change.staged.begin()
        let left = change.staged.folder + "/tree/identity"
        try FileManager.default.createDirectory(
            atPath: left, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: left + "/extra.json"))
        let bytes = Array("{}".utf8)
        try VaultWriter.create(
            [
                PublishedFile(
                    path: VaultPath.keys, content: .whole(bytes), before: nil,
                    after: PublishedFile.State(bytes))
            ], directories: [], from: change.staged, at: change.place("new"))
        let made = try change.snapshot(change.place("new")).keys.sorted()
        #expect(made == ["identity/keys.json"])
    }

    // MARK: Somebody else at the vault

    @Test("An event that somebody appends between the look and the write is not written over")
    func appendedMeanwhile() throws {
        let change = try Publication()
        try change.staged.put(change.files)
        let log = "\(change.vault)/\(VaultPath.events)"
        let theirs = try change.bytes(log) + Array("{\"theirs\":1}\n".utf8)
        let said = refusal {
            try change.publish { here in
                if here == "write-\(VaultPath.events)" {
                    try change.add(Array("{\"theirs\":1}\n".utf8), to: log)
                }
            }
        }
        #expect(said == "changed")
        #expect(try change.bytes(log) == theirs)
    }

    @Test("A log in whose place another comes before it is looked at by name stops everything")
    func replacedLog() throws {
        let change = try Publication()
        try change.staged.put(change.files)
        let log = "\(change.vault)/\(VaultPath.events)"
        let theirs = try change.bytes(log)
        let said = refusal {
            try change.publish { here in
                guard here == "appended-\(VaultPath.events)" else { return }
                try FileManager.default.removeItem(atPath: log)
                try Data(theirs).write(to: URL(filePath: log))
            }
        }
        #expect(said == "changed")
        #expect(try change.bytes(log) == theirs)
        #expect(
            try change.files.dropFirst().map { try $0.progress(in: change.vault) }
                == [.before, .before, .before])
    }

    @Test("A file that somebody rewrites while the new one is made ready is not replaced")
    func rewrittenMeanwhile() throws {
        for point in ["write", "replace"] {
            let change = try Publication()
            try change.staged.put(change.files)
            let keys = "\(change.vault)/\(VaultPath.keys)"
            let said = refusal {
                try change.publish { here in
                    if here == "\(point)-\(VaultPath.keys)" {
                        try change.write(Array("{\"keys\":[]}".utf8), to: keys)
                    }
                }
            }
            #expect(said == "changed", "\(point)")
            #expect(try change.bytes(keys) == Array("{\"keys\":[]}".utf8), "\(point)")
        }
    }

    @Test("A directory of the vault that becomes a link is not followed out of it")
    func swapped() throws {
        for (folder, point) in [
            ("events", "write-\(VaultPath.events)"), ("identity", "write-\(VaultPath.keys)"),
            ("identity", "replace-\(VaultPath.keys)"),
        ] {
            let change = try Publication()
            try change.staged.put(change.files)
            let elsewhere = change.place("elsewhere")
            try FileManager.default.copyItem(
                atPath: "\(change.vault)/\(folder)", toPath: elsewhere)
            let before = try change.snapshot(elsewhere)
            let said = refusal {
                try change.publish { here in
                    guard here == point else { return }
                    try FileManager.default.moveItem(
                        atPath: "\(change.vault)/\(folder)", toPath: change.place("moved"))
                    try FileManager.default.createSymbolicLink(
                        atPath: "\(change.vault)/\(folder)", withDestinationPath: elsewhere)
                }
            }
            #expect(said != "none", "\(point)")
            #expect(try change.snapshot(elsewhere) == before, "\(point)")
        }
    }

    @Test("A log that was cut off anywhere in its write is written to the end")
    func cutOff() throws {
        let change = try Publication()
        try change.staged.put(change.files)
        let log = "\(change.vault)/\(VaultPath.events)"
        let before = try change.bytes(log)
        guard case .appended(let bytes) = try #require(change.files.first).content else {
            Issue.record("the log is not appended to")
            return
        }
        for count in [1, 17, bytes.count / 2, bytes.count - 1] {
            try change.write(before + bytes.prefix(count), to: log)
            #expect(try change.files[0].isSound(in: change.vault))
            try VaultWriter.publish(
                Array(change.files.prefix(1)), from: change.staged, to: change.vault)
            #expect(try change.bytes(log) == before + bytes, "\(count)")
        }
        try change.publish()
        try change.expectWritten()
    }

    @Test("A log that goes on after what was written begins with it, and another does not")
    func begins() throws {
        let vault = try TestVault("vault_after_rotation")
        let bytes = try vault.bytes(VaultPath.events)
        let state = PublishedFile.State(bytes)
        func begins() throws -> Bool { try Vault.log(at: vault.path, beginsWith: state) }
        #expect(try begins())
        try vault.write(VaultPath.events, bytes + Array("{}\n".utf8))
        #expect(try begins())
        try vault.write(VaultPath.events, bytes.dropLast())
        #expect(try !begins())
        try vault.write(VaultPath.events, [0x20] + bytes.dropFirst() + bytes)
        #expect(try !begins())
        try vault.remove(VaultPath.events)
        #expect(try !begins())
    }

    @Test("As its manifest lists it, a vault is what it was before something was appended")
    func asListed() throws {
        let vault = try TestVault("vault_before_rotation")
        let root = try vault.read().root
        let count = try vault.read().log.eventCount
        let bytes = try vault.bytes(VaultPath.events)
        for tail in ["{\"cut", "garbage\n", try vault.lines()[0] + "\n"] {
            try vault.write(VaultPath.events, bytes + Array(tail.utf8))
            #expect(try !vault.read().isInOrder)
            let listed = try vault.read { $0.readsListedLog = true }
            #expect(listed.isInOrder && listed.root == root, "\(listed.findings.kept)")
            #expect(listed.log.eventCount == count && listed.log.size == bytes.count)
        }
    }
}
