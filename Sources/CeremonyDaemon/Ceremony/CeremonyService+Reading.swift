// The questions: each is answered from the published state, and waits for no token and no append.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyStore
import CeremonyWire

extension CeremonyService {
    func ceremony(_ parameters: inout Parameters, _ snapshot: Snapshot) throws -> Ceremony {
        let id = try parameters.string("ceremony")
        guard let ceremony = snapshot.state.ceremony(named: id) else {
            throw Listing<Ceremony>.unknownCeremony(id)
        }
        return ceremony
    }

    /// A page of the log: as many lines as fit a reply.
    func lines(_ parameters: inout Parameters, _ snapshot: Snapshot) throws -> [String] {
        let from = try parameters.int("from", in: 0...Int(Int32.max))
        let asked = try parameters.optionalInt("limit", in: 1...10_000) ?? 1000
        // What is on the disk and being signed is nobody's to read yet (FORMATS section 3).
        let limit = min(asked, snapshot.state.head.size - from)
        guard limit > 0 else { return [] }
        return Self.page(of: try stored(from: from, limit: limit))
    }

    /// A page of an earlier log, 1 for the nearest, with its newest signed head.
    func predecessor(_ parameters: inout Parameters) throws -> [String: JSON] {
        let parts = engine.history.parts
        let number = try parameters.int("log", in: 1...max(1, parts.count))
        let from = try parameters.int("from", in: 0...Int(Int32.max))
        let limit = try parameters.optionalInt("limit", in: 1...10_000) ?? 1000
        guard number <= parts.count else {
            throw VarlinkError.refused(
                "unknown-event", "This log goes on from no other log.",
                next: "Its own events are shown by: ceremonyctl log.")
        }
        let part = parts[parts.count - number]
        return [
            "origin": .string(part.state.log.origin), "size": .number(part.events.count),
            "checkpoint": .string(String(decoding: part.checkpoint, as: UTF8.self)),
            "lines": .strings(
                Self.page(of: part.events.dropFirst(from).prefix(limit).lazy.map(\.line))),
        ]
    }

    /// As many lines as fit a reply.
    private static func page(of lines: some Sequence<[UInt8]>) -> [String] {
        var page: [String] = []
        var bytes = 0
        // A line may double when it is quoted inside JSON.
        for line in lines {
            bytes += 2 * line.count + 4
            guard page.isEmpty || bytes < Limits.pageBytesMax else { break }
            page.append(String(decoding: line, as: UTF8.self))
        }
        return page
    }

    /// Lines out of the store, of which the engine knows that they are those that were recorded.
    ///
    /// - Parameter limit: How many are wanted, of which all have been recorded.
    private func stored(from seq: Int, limit: Int) throws -> [[UInt8]] {
        let lines = try ledger.lines(from: seq, limit: limit)
        try engine.vouch(for: lines, from: seq, count: limit)
        return lines
    }

    func kinds(_ parameters: inout Parameters, _ snapshot: Snapshot) throws -> [JSON] {
        let wanted = try parameters.optionalString("kind")
        do throws(Refusal) {
            let kinds = if let wanted { [try Kinds.named(wanted)] } else { Kinds.all }
            return kinds.map { View.kind($0, snapshot.state.roster.policy) }
        } catch {
            throw EngineError(error)
        }
    }

    func tokens() async -> [JSON] {
        var tokens: [JSON] = []
        for vault in engine.vaults {
            do throws(VaultError) {
                tokens.append(View.token(vault.name, try await vault.inspect(), engine))
            } catch {
                tokens.append(View.token(vault.name, error, engine.logTokens))
            }
        }
        return tokens
    }

    func proof(_ parameters: inout Parameters, _ snapshot: Snapshot) throws -> [String: JSON] {
        let seq = try parameters.int("seq", in: 0...Int(Int32.max))
        guard seq < snapshot.checkpointSize, let checkpoint = snapshot.checkpoint,
            let proof = engine.inclusionProof(of: seq, in: snapshot.checkpointSize),
            let line = try stored(from: seq, limit: 1).first
        else {
            throw VarlinkError.refused(
                "unknown-event",
                "The signed log of \(snapshot.checkpointSize) events has no event \(seq).",
                next: "Look at: ceremonyctl log.")
        }
        let text = try LogProof(proof, checkpoint: try SignedNote(checkpoint)).bytes
        return [
            "line": .string(String(decoding: line, as: UTF8.self)),
            "proof": .string(String(decoding: text, as: UTF8.self)),
        ]
    }

    func consistency(_ parameters: inout Parameters) throws -> [String] {
        let from = try parameters.int("from", in: 0...Int(Int32.max))
        let to = try parameters.int("to", in: 0...Int(Int32.max))
        guard let proof = engine.consistencyProof(from: from, to: to) else {
            throw VarlinkError.invalidParameter("to")
        }
        return proof.path.map { Base64.encode($0.bytes) }
    }

    /// Every event from a position on: those of the log first, then as they are appended.
    func watch(_ call: Call, _ reply: ReplyStream) async throws {
        var parameters = Parameters(call)
        let ceremony = try parameters.optionalString("ceremony")
        let from = try parameters.optionalInt("from", in: 0...Int(Int32.max))
        try parameters.finish()
        guard reply.wantsMore else { throw VarlinkError.expectedMore }
        do {
            try await hub.watch(ceremony: ceremony) { watcher in
                // What the log key has not signed yet is told when it has.
                var next = from ?? engine.snapshot.checkpointSize
                while next < engine.snapshot.checkpointSize,
                    let line = try stored(from: next, limit: 1).first
                {
                    let event = try Event(line: line)
                    if ceremony == nil || event.body.ceremony == ceremony {
                        try await reply.send(encoded: View.event(event, line), continues: true)
                    }
                    next += 1
                }
                while true {
                    let event = try await watcher.next()
                    guard event.seq >= next else { continue }
                    next = event.seq + 1
                    try await reply.send(encoded: event.encoded, continues: true)
                }
            }
        } catch let lagged as WatchHub.Lagged {
            throw VarlinkError.lagged(resumeFrom: lagged.resumeFrom)
        }
    }
}
