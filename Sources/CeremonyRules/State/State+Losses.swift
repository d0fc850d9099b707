// People who leave and tokens that are lost, and the keys that this touches: they stay valid, since
// only a ceremony ends a key, but from that moment on they are due to be replaced (DESIGN section
// 3, People and Recovery).
//
// A token counts as lost where people have said so with their signatures: a key in it was revoked
// for loss, a recovery gave its token up, or a change of the roster took the last key away that was
// listed in it. That a token could not be found for a moment is no loss. A key that a ceremony made
// in the token after that is not touched: somebody had the token then.

import CeremonyRecord
import HashTreeCollections

/// That a token was taken for lost, once.
struct TokenLoss: Hashable, Sendable {
    /// What has said so.
    enum Word: Hashable, Sendable {
        /// Another key in it was revoked for loss.
        case revoked(by: String)
        /// It was given up by an order to recover what a ceremony left there.
        case givenUp(after: String)
        /// The last key that the roster listed in it was taken off.
        case unlisted

        /// What is known of the token, in a sentence without its full stop.
        func text(of serial: String) -> String {
            switch self {
            case .revoked(let ceremony):
                "\(ceremony) revoked another key in the same token, serial \(serial), as lost"
            case .givenUp(let ceremony):
                "its token, serial \(serial), was given up as lost after \(ceremony)"
            case .unlisted:
                "the roster lists no key in its token, serial \(serial), any more"
            }
        }
    }

    /// Where that stands.
    let moment: KeyEntry.Moment
    /// What has said so.
    let word: Word
}

extension State {
    /// Whoever, and whichever token, was on the roster before and is not any more.
    ///
    /// A person who comes back is the same person; what they hold is not due any more.
    mutating func noteLosses(since before: Roster, at moment: KeyEntry.Moment) {
        let names = Set(roster.members.map(\.name))
        for member in before.members where !names.contains(member.name) {
            departed[member.name] = moment.time
        }
        let serials = Set(roster.members.flatMap(\.keys).compactMap(\.tokenSerial))
        let gone = Set(before.members.flatMap(\.keys).compactMap(\.tokenSerial))
            .subtracting(serials)
        for serial in gone { lose(token: serial, at: moment, as: .unlisted) }
    }

    /// The token of a key that was revoked because it is lost: what else is in it is lost as well.
    mutating func loseToken(
        of fingerprint: Fingerprint, at moment: KeyEntry.Moment, by ceremony: String
    ) {
        guard let serial = keys[fingerprint]?.place?.token.serial else { return }
        lose(token: serial, at: moment, as: .revoked(by: ceremony))
    }

    /// People have said that the token is lost. It may have been before, and been found.
    mutating func lose(
        token serial: String, at moment: KeyEntry.Moment, as word: TokenLoss.Word
    ) {
        lostTokens[serial, default: []].append(TokenLoss(moment: moment, word: word))
    }

    /// Why a key is to be replaced before its time, and since when. Of a token it is said what is
    /// known: that it is lost is what somebody has taken it for.
    func touch(on entry: KeyEntry, of subject: Subject) -> (
        matter: Deadline.Matter, since: Timestamp, why: String
    )? {
        if let serial = entry.place?.token.serial,
            let loss = lostTokens[serial]?.first(where: { $0.moment.seq > entry.registered.seq })
        {
            return (.tokenLost, loss.moment.time, loss.word.text(of: serial))
        }
        if let holder = subject.holder, roster.member(named: holder) == nil {
            return (
                .holderLeft, departed[holder] ?? head.time,
                "\(holder), who holds it, has left the roster"
            )
        }
        return nil
    }
}
