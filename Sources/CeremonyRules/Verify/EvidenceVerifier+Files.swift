// Every other file of the bundle: derived again from the events, compared byte for byte, and
// nothing allowed besides. FORMATS section 5.

import CeremonyRecord

extension EvidenceVerifier {
    private static let sums = "SHA256SUMS"

    /// The files that follow from the log, the proofs of completion, and no others.
    mutating func checkFiles(_ state: State, _ checkpoint: SignedNote) throws(Defect) {
        let derived: [String: [UInt8]]
        do {
            derived = try EvidenceBundle.files(of: events, after: history.flatMap(\.events))
        } catch {
            throw Defect(.illegalEvent, at: error.seq, "\(error).")
        }
        for (path, bytes) in derived.sorted(by: { $0.key < $1.key }) {
            guard try file(path) == bytes else {
                throw Defect(
                    .alteredFile, in: path, "Its bytes are not those that the log gives.")
            }
        }
        let completed = state.allCeremonies.filter { $0.state == .completed }
        for ceremony in completed { try checkProof(of: ceremony, state) }
        let known = Set(derived.keys)
            .union(completed.map { EvidenceBundle.proofPath(of: $0.id) })
            .union([EvidenceVerifier.sums, "log/checkpoint"])
            .union(earlierFiles)
        if let path = evidence.files.keys.filter({ !known.contains($0) }).sorted().first {
            throw Defect(.unknownFile, in: path, "The log gives no such file.")
        }
        result.held(
            "files",
            "All \(derived.count) files that follow from the log are byte for byte what it gives, "
                + "README.txt among them, and there is nothing besides.")
        result.held(
            "proofs", "The completion of \(completed.count) ceremonies is proved to be in the log.")
    }

    /// The files of the earlier logs, which were replayed.
    private var earlierFiles: Set<String> {
        var place = ""
        var paths: Set<String> = []
        for _ in history {
            place += EarlierLog.folder
            paths.formUnion([place + "log/events.jsonl", place + "log/checkpoint"])
        }
        return paths
    }

    private func checkProof(of ceremony: Ceremony, _ state: State) throws(Defect) {
        let path = EvidenceBundle.proofPath(of: ceremony.id)
        let bytes = try file(path)
        guard let seq = ceremony.end?.seq else { return }
        do throws(NoteError) {
            let proof = try LogProof(bytes)
            let head = try Checkpoint(text: proof.checkpoint.text).head
            try check(proof.checkpoint, of: head, state)
            // A line stands once in a tree, so that the line fixes the index.
            guard tree.root(at: head.size) == head.root,
                proof.inclusion.proves(leaf: TreeHash.leaf(lines[seq]), in: head.root)
            else { throw .notIncluded }
        } catch {
            throw Defect(
                .badProof, in: path, at: seq,
                "The proof of event \(seq), the completion of \(ceremony.id), fails: \(error).")
        }
    }

    /// The checksums: they tell damage on the way, and nothing about honesty.
    mutating func checkSums() throws(Defect) {
        let place = EvidenceVerifier.sums
        guard let bytes = evidence.files[place] else {
            result.held("transport", "There is no \(place); it is not needed.")
            return
        }
        var listed: Set<String> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            let path = String(decoding: line.dropFirst(66), as: UTF8.self)
            guard let content = evidence.files[path], path != place,
                text.utf8.elementsEqual("\(Digest(of: content).hex)  \(path)".utf8)
            else {
                throw Defect(
                    .transportSums, in: place,
                    "This line does not fit the files: \(Display.neutralised(text)).")
            }
            listed.insert(path)
        }
        if let path = evidence.files.keys.sorted().first(where: {
            !listed.contains($0) && $0 != place
        }) {
            throw Defect(.transportSums, in: place, "It does not list \(path).")
        }
        result.held("transport", "\(place) fits the files; it proves nothing about honesty.")
    }
}
