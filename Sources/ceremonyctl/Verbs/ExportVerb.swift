// `export DIR`: everything that a stranger needs to check the log, in one folder that appears whole
// or not at all. The log is fetched, folded by the rules and held against the signed head first:
// what does not verify is not written.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import Glibc
import Sodium

/// `export DIR`.
struct ExportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the evidence of the whole log into a new folder.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The folder; it must not be there yet.")
    var directory: String

    func perform(_ output: Output) throws(ClientError) {
        if Files.exists(directory) { throw Files.occupied(directory) }
        let log = try TrustedLog(global, trust)
        let copy = try LogCopy(log)
        let files = try Evidence.files(of: copy)
        try Folder.create(directory, files)
        if log.shown.head.size > copy.events.count {
            Talk.paragraph(
                "\(Phrase.count(log.shown.head.size - copy.events.count, "event")) behind the last "
                    + "signed head are not in it yet.")
        }
        // A command to be copied is not wrapped.
        Talk.say(
            "Check it with:\n  ceremonyctl verify \(Display.neutralised(directory)) --genesis "
                + "\(log.digest)" + (log.genesis.mode == .rehearsal ? " --rehearsal" : ""))
        output.page(
            [
                directory, "  \(Phrase.count(copy.events.count, "event")), \(files.count) files",
                "  root    \(copy.tree.root)", "  genesis \(log.digest)",
            ],
            .fields([
                "directory": .string(directory), "events": .number(copy.events.count),
                "files": .number(files.count), "root": .string("\(copy.tree.root)"),
                "genesis": .string("\(log.digest)"), "head": log.shown.json,
            ]))
    }
}

/// The files of a bundle (FORMATS section 5).
enum Evidence {
    /// Everything that follows from the log, the signed head, a proof for each completion, and sums
    /// against damage on the way.
    ///
    /// - Throws: `log-damaged` (1).
    static func files(of copy: LogCopy) throws(ClientError) -> [String: [UInt8]] {
        var files: [String: [UInt8]]
        do {
            files = try EvidenceBundle.files(of: copy.events, after: copy.history.events)
            files.merge(EarlierLog.files(of: copy.earlier)) { $1 }
            files["log/checkpoint"] = copy.checkpoint.bytes
            for ceremony in copy.state.allCeremonies where ceremony.state == .completed {
                guard let seq = ceremony.end?.seq,
                    let proof = copy.tree.inclusionProof(of: seq, in: copy.events.count)
                else { continue }
                files[EvidenceBundle.proofPath(of: ceremony.id)] =
                    try LogProof(proof, checkpoint: copy.checkpoint).bytes
            }
        } catch {
            throw ClientError(
                .refused, "log-damaged", "The log gives no evidence: \(error).",
                meaning: "Nothing was written.", next: "Tell the operator and the other custodians."
            )
        }
        files["SHA256SUMS"] = sums(of: files)
        return files
    }

    /// As `sha256sum` writes and reads it, in the order of the paths' bytes.
    static func sums(of files: [String: [UInt8]]) -> [UInt8] {
        files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap {
            Array("\(Digest(of: $0.value).hex)  \($0.key)\n".utf8)
        }
    }
}

/// Folders that appear whole.
enum Folder {
    /// Refuses a path at which something stands that is not an empty folder.
    ///
    /// - Throws: `file-exists` (1).
    static func requireFree(_ directory: String) throws(ClientError) {
        guard Files.exists(directory) else { return }
        guard let folder = unsafe opendir(directory) else { throw Files.occupied(directory) }
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            guard name == "." || name == ".." else { throw Files.occupied(directory) }
        }
    }

    /// Writes files by their paths into a folder that appears whole: a new one, or in place of an
    /// empty one.
    ///
    /// - Throws: `file-exists` (1), `unwritable` (78).
    static func create(_ directory: String, _ files: [String: [UInt8]]) throws(ClientError) {
        var path = directory
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        let draft = "\(path).draft-\(Hex.encode(randomBytes(6)))"
        do throws(ClientError) {
            for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
                let parts = name.utf8.split(separator: UInt8(ascii: "/")).dropLast()
                try makeDirectories(draft, parts.map { String(decoding: $0, as: UTF8.self) })
                try Files.create("\(draft)/\(name)", bytes)
            }
            // Takes the place of an empty folder, and of nothing else.
            guard unsafe rename(draft, path) == 0 else {
                throw [EEXIST, ENOTEMPTY, ENOTDIR].contains(errno)
                    ? Files.occupied(path) : unwritable(path)
            }
        } catch {
            remove(draft, files.keys)
            throw error
        }
    }

    private static func makeDirectories(_ root: String, _ parts: [String]) throws(ClientError) {
        var path = root
        for part in [""] + parts {
            path += part.isEmpty ? "" : "/" + part
            guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else { throw unwritable(path) }
        }
    }

    /// Takes away what was written of a draft, and nothing else.
    private static func remove(_ draft: String, _ names: some Sequence<String>) {
        var folders: Set<String> = [draft]
        for name in names {
            unsafe unlink("\(draft)/\(name)")
            var path = draft
            for part in name.utf8.split(separator: UInt8(ascii: "/")).dropLast() {
                path += "/" + String(decoding: part, as: UTF8.self)
                folders.insert(path)
            }
        }
        for folder in folders.sorted(by: { $0.utf8.count > $1.utf8.count }) {
            unsafe rmdir(folder)
        }
    }

    private static func unwritable(_ path: String) -> ClientError {
        ClientError(
            .configuration, "unwritable", "\(path) cannot be written: \(systemError()).",
            meaning: "Nothing was kept of it.",
            next: "Check the directory's owner and the free space.")
    }
}
