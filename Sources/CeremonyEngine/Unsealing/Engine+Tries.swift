// Tries with shares: into the file before they are made, into the log when that can be written.

import CeremonyRecord
import CeremonyRules

extension Engine {
    /// Writes the tries into the log that only the file has. What the rules refuse is of another
    /// log, or older than this one: it is put aside, and keeps nobody from opening the log.
    func recordTries() async throws(EngineError) {
        let all = try unsealFile.tries()
        guard !all.isEmpty else { return }
        var isRefused = false
        for tried in all {
            var rest = tried.tries[...]
            // A death between the log and the file leaves here what the log has already.
            if let last = snapshot.state.lastTries(on: tried.token), rest.starts(with: last.tries) {
                rest = rest.dropFirst(last.tries.count)
            }
            while !rest.isEmpty {
                let some = UnsealTried(token: tried.token, tries: Array(rest.prefix(64)))
                rest = rest.dropFirst(64)
                do throws(EngineError) {
                    _ = try await writer.submit(.unsealTried(some))
                } catch  where error.code == RefusalCode.illegalEvent.rawValue {
                    isRefused = true
                }
            }
        }
        if isRefused { try unsealFile.putAside() } else { try unsealFile.remove() }
    }

    func note(_ result: UnsealResult, _ candidate: Candidate) throws(VaultError) {
        guard let token = candidate.epoch.split?.token else { return }
        try note(result, candidate.holders, candidate.epoch.ceremony, token)
    }

    func note(
        _ result: UnsealResult, _ shares: [String], _ ceremony: String, _ token: TokenReference
    ) throws(VaultError) {
        let tried = UnsealTry(
            time: watch.reads, ceremony: ceremony, shares: shares, result: result)
        do throws(EngineError) { try unsealFile.note(tried, on: token.uri) } catch {
            var trouble = VaultError(.unsealFile, error.detail)
            trouble.isWithoutEffect = true
            throw trouble
        }
    }
}
