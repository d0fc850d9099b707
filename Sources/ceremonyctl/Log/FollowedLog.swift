// The log as it grows, folded by this client event by event and held against every signed head:
// what is drawn of a ceremony that is being watched follows from it, and needs nobody's word.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// A verified copy of a log that is brought up to date again and again.
struct FollowedLog {
    /// What the log says at its last signed head.
    private(set) var state: State
    /// Its events.
    private(set) var events: [Event]

    private var replay: Replay
    private var tree: MerkleTree

    /// The whole log, up to the signed head.
    ///
    /// - Throws: what ``LogCopy`` throws.
    init(_ log: TrustedLog) throws(ClientError) {
        let copy = try LogCopy(log)
        var replay = Replay(after: copy.history.state)
        for event in copy.events {
            do { try replay.take(event.line) } catch { throw FollowedLog.damaged("\(error)") }
        }
        self.replay = replay
        state = copy.state
        events = copy.events
        tree = copy.tree
    }

    /// Takes what has come since, up to the newest signed head; `false` where nothing has.
    ///
    /// - Throws: `log-damaged` (1) where it does not go on by the rules, or is not what was signed.
    mutating func catchUp(_ log: TrustedLog) throws(ClientError) -> Bool {
        let head = log.head
        guard head.size > tree.size else { return false }
        while tree.size < head.size {
            let page = try log.lines(from: tree.size, limit: min(1000, head.size - tree.size))
            guard !page.isEmpty else {
                throw FollowedLog.damaged("Event \(tree.size) is missing")
            }
            for line in page.prefix(head.size - tree.size) {
                do { events.append(try replay.take(line)) } catch {
                    throw FollowedLog.damaged("\(error)")
                }
                tree.append(leaf: TreeHash.leaf(line))
            }
        }
        guard tree.root == head.root else {
            throw FollowedLog.damaged("Its events are not those that the log key signed")
        }
        do { state = try replay.finish() } catch { throw FollowedLog.damaged("\(error)") }
        return true
    }

    /// A ceremony as its committed events tell it; `nil` where there is none of that name.
    ///
    /// - Parameter log: is asked for what no event says, while that matters.
    func picture(of id: String, at now: Timestamp, _ log: TrustedLog) throws(ClientError)
        -> CeremonyPicture?
    {
        guard let ceremony = state.ceremony(named: id) else { return nil }
        var claims = CeremonyPicture.Claims()
        if ceremony.state == .executing || !ceremony.afterwards.isEmpty {
            let report = try log.report(on: id)
            claims = CeremonyPicture.Claims(asked: report.asked, trouble: report.trouble)
        }
        return CeremonyPicture(of: ceremony, in: state, events, at: now, claims: claims)
    }

    private static func damaged(_ what: String) -> ClientError {
        ClientError(
            .refused, "log-damaged", "The log that the daemon shows does not hold. \(what).",
            meaning: "What was shown last is what the log said before. Nothing was signed.",
            next: "Tell the operator and the other custodians; keep what was exported before.",
            requirement: "VAL-2")
    }
}
