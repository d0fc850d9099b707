// What time alone makes of a log: ends that have come and are to be written down, with both times
// where they are written down late (DESIGN 2.6 and section 3, Sealed).

public import CeremonyRecord
import HashTreeCollections

extension State {
    /// Since when a failure has held that an executor reports after its deadline.
    func lateness(of failure: Failure, in id: String, at time: Timestamp) -> Timestamp? {
        guard failure.reason == "deadline", let deadline = ceremonies[id]?.executionDeadline,
            time > deadline
        else { return nil }
        return deadline
    }

    /// What must be written down because time has passed.
    ///
    /// Its cost depends on what is alive, never on the length of the log.
    public func allDue(at time: Timestamp) -> [EventBody] {
        live.compactMap { dueEnd(of: $0, at: time) }
            + unattested.compactMap { id in
                ceremonies[id].flatMap { dueLapse(of: $0, at: time) }.map { .keyLapsed($0) }
            }
            + retiring.compactMap { dueRetirement(of: $0, at: time).map { .keyRetired($0) } }
    }

    /// The end that time has put to a ceremony under way.
    private func dueEnd(of id: String, at time: Timestamp) -> EventBody? {
        guard let ceremony = ceremonies[id] else { return nil }
        switch ceremony.state {
        case .pending, .approved:
            let end = ceremony.statement.expires
            guard time >= end else { return nil }
            return .ceremonyExpired(
                CeremonyExpired(
                    ceremony: id, from: ceremony.state, to: .expired, reason: "timeout",
                    signed: nil, by: nil, effective: time > end ? end : nil))
        case .executing:
            guard let deadline = ceremony.executionDeadline, time >= deadline else { return nil }
            return .ceremonyFailed(
                CeremonyFailed(
                    ceremony: id, from: .executing, to: .failed, reason: "deadline", phase: nil,
                    detail: nil, pkcs11: nil, left: ceremony.traces, signed: nil, by: nil,
                    effective: time > deadline ? deadline : nil))
        case .completed, .failed, .expired: return nil
        }
    }

    /// When ``allDue(at:)`` will next have something; `nil` when nothing waits for time.
    public var nextDue: Timestamp? {
        let ends = live.compactMap { id -> Timestamp? in
            guard let ceremony = ceremonies[id] else { return nil }
            return ceremony.state == .executing
                ? ceremony.executionDeadline : ceremony.statement.expires
        }
        return
            (ends + unattested.compactMap { ceremonies[$0]?.attestDeadline }
            + retiring.compactMap { keys[$0]?.until }).min()
    }
}
