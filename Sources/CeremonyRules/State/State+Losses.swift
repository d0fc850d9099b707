// People who leave and tokens that are lost, and the keys that this touches: they stay valid, since
// only a ceremony ends a key, but from that moment on they are due to be replaced (DESIGN section
// 3, People and Recovery).
//
// A token counts as lost where people have said so with their signatures: a key in it was revoked
// for loss, a recovery gave its token up, or a change of the roster took the last key away that was
// listed in it. That a token could not be found for a moment is no loss. With it the keys are lost
// that are in it then. One that a ceremony makes there later is not: somebody has the token then.

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
    mutating func noteLosses(since before: Roster, at moment: KeyEntry.Moment) {
        noteDepartures(since: before, at: moment)
        let serials = Set(roster.members.flatMap(\.keys).compactMap(\.tokenSerial))
        let gone = Set(before.members.flatMap(\.keys).compactMap(\.tokenSerial))
            .subtracting(serials)
        for serial in gone { lose(token: serial, at: moment, as: .unlisted) }
    }

    /// Whoever held a subject before, and is not on the roster any more, has left with the keys
    /// that it has now. One that a ceremony makes later was never theirs; and that somebody else
    /// holds the subject now has not changed the old ones.
    ///
    /// A person who comes back is the same person; what they hold is not due any more. Nor is a key
    /// of theirs that is listed again.
    mutating func noteDepartures(since before: Roster, at moment: KeyEntry.Moment) {
        for held in before.members.flatMap(\.keys) { unlisted[held.key.fingerprint] = moment }
        for held in roster.members.flatMap(\.keys) { unlisted[held.key.fingerprint] = nil }
        for entry in allKeys {
            let fingerprint = entry.publicKey.fingerprint
            if let left = entry.departure {
                if roster.member(named: left.name) != nil { keys[fingerprint]?.departure = nil }
            } else if let holder = before.holders[entry.subject],
                before.member(named: holder) != nil, roster.member(named: holder) == nil
            {
                keys[fingerprint]?.departure = KeyEntry.Departure(name: holder, moment: moment)
            }
        }
    }

    /// The token of a key that was revoked because it is lost: what else is in it is lost as well.
    mutating func loseToken(
        of fingerprint: Fingerprint, at moment: KeyEntry.Moment, by ceremony: String
    ) {
        guard let serial = keys[fingerprint]?.place?.token.serial else { return }
        lose(token: serial, at: moment, as: .revoked(by: ceremony))
    }

    /// People have said that the token is lost, and with it every key that is in it by now. It may
    /// have been lost before, and been found; a key that was in it then stays due since then.
    mutating func lose(
        token serial: String, at moment: KeyEntry.Moment, as word: TokenLoss.Word
    ) {
        for entry in allKeys where entry.lost == nil {
            guard let place = entry.place, place.token.serial.utf8.elementsEqual(serial.utf8) else {
                continue
            }
            keys[entry.publicKey.fingerprint]?.lost = TokenLoss(moment: moment, word: word)
        }
    }

    /// A note may point to subjects whose key is to be rotated now, whatever its age: somebody has
    /// left, a device is lost, the key signed what nobody ordered. The next key has nothing to do
    /// with it.
    mutating func noteRotations(by act: Act, at moment: KeyEntry.Moment) {
        let named = Set(
            act.evidence.filter { $0.what.utf8.elementsEqual(State.rotationNote.utf8) }
                .map(\.digest))
        guard !named.isEmpty else { return }
        for (name, subject) in subjects where named.contains(Digest(of: Array(name.utf8))) {
            for key in subject.keys where keys[key]?.rotationNoted == nil {
                keys[key]?.rotationNoted = moment
            }
        }
    }

    /// What a note's evidence is called that is the SHA-256 of the name of a subject whose key is
    /// to be rotated.
    public static var rotationNote: String { "rotate" }

    /// Why a key is to be replaced before its time, and since when. Of a token it is said what is
    /// known: that it is lost is what somebody has taken it for.
    func touch(on entry: KeyEntry) -> (matter: Deadline.Matter, since: Timestamp, why: String)? {
        if let serial = entry.place?.token.serial, let loss = entry.lost {
            return (.tokenLost, loss.moment.time, loss.word.text(of: serial))
        }
        if let left = entry.departure {
            return (
                .holderLeft, left.moment.time, "\(left.name), who held it, has left the roster"
            )
        }
        if let noted = entry.rotationNoted {
            return (.rotationNoted, noted.time, "a note of \(noted.time) says so")
        }
        return nil
    }
}
