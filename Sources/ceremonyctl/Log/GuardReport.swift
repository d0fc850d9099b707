// Who guards a token of the daemon, by which splits it opens, and whose shares are there: the
// daemon's word, told while a token may be locked that nothing can be recorded without.

import CeremonyRecord
import CeremonyTerminal

/// How the guarding of a token stands.
struct GuardReport: Sendable {
    /// One split of its PIN.
    struct Split: Sendable {
        let ceremony: String
        /// The log in which the PIN was split: this one, or one that it goes on from.
        let log: String
        let epoch: Int
        let threshold: Int
        let members: [String]
        /// Whose shares have been handed in.
        let here: [String]
        /// Whether it gives the PIN that the token has.
        let isInForce: Bool

        fileprivate init(_ json: JSONFields) throws(JSONError) {
            var fields = json
            ceremony = try fields.string("ceremony")
            log = try fields.string("log")
            epoch = try fields.number("epoch")
            threshold = try fields.number("threshold")
            members = try fields.strings("members")
            guard !members.isEmpty else {
                throw JSONError(.field("members"), .expected("at least one name"))
            }
            here = try fields.strings("here")
            isInForce = try fields.optionalBool("in_force") ?? false
        }
    }

    /// The authority whose members hold the shares.
    let authority: String
    /// The new split first, where there are two.
    let splits: [Split]
    /// Whether the token is unlocked, where that was said.
    let isUnlocked: Bool
    /// As it came.
    let json: JSON

    /// Reads field `guarded` of a token.
    init(_ json: JSON, isUnlocked: Bool = false) throws(JSONError) {
        self.json = json
        self.isUnlocked = isUnlocked
        var fields = try JSONFields(json)
        authority = try fields.string("authority")
        splits = try fields.objects("splits").map { split throws(JSONError) in try Split(split) }
    }

    /// Reads what handing a share in was answered with.
    init(answer: [String: JSON]) throws(ClientError) {
        self = try Reply.read { () throws(JSONError) in
            var fields = try JSONFields(.object(answer))
            return try GuardReport(
                try fields.required("guarded"),
                isUnlocked: try fields.optionalBool("unlocked") ?? false)
        }
    }

    /// Whether somebody knows its PIN, because none that was split is set.
    var isPINKnown: Bool { !splits.contains(where: \.isInForce) }
    /// Whether a PIN that was split is still to be set.
    var isPINAwaited: Bool { splits.contains { !$0.isInForce } }

    /// For lists: who is needed, who is there, and what a new PIN waits for.
    func lines(for token: String) -> [String] {
        splits.map { split in
            let others = split.members.filter { name in
                !split.here.contains { $0.utf8.elementsEqual(name.utf8) }
            }
            let holders = "\(authority), epoch \(split.epoch)"
            let here =
                split.here.isEmpty
                ? "none is here" : "\(split.here.count) are here, of \(Phrase.list(split.here))"
            let text =
                if split.isInForce {
                    "opened by \(split.threshold) shares of \(holders): \(here); others are with "
                        + "\(Phrase.list(others)): ceremonyctl unseal \(token)"
                } else if isPINKnown {
                    "a new PIN waits, of which \(holders) holds shares; it is set when the present "
                        + "one is typed: ceremonyctl unlock \(token)"
                } else {
                    "a new PIN waits, of which \(holders) holds shares (\(here)); it is set when "
                        + "enough shares of the present one are handed in: ceremonyctl unseal \(token)"
                }
            return Display.neutralised(text)
        }
    }
}
