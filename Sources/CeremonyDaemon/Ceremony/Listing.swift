// What `List` and `Keys` answer: a page of ceremonies or keys, found by its place and not by
// looking through the log. Somebody may have opened very many.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyWire

/// Things that stand in the log in an order, each with a name.
struct Listing<Entry> {
    /// How many there are.
    let count: Int
    /// The one at a place, counted from 0.
    let entry: (Int) -> Entry?
    /// The name by which a page goes on.
    let name: (Entry) -> String
    /// Where it came into the log.
    let seq: (Entry) -> Int

    /// A page of those that are wanted, from the places given and in their order.
    func page(
        _ places: some Sequence<Int>, limit: Int, where isWanted: (Entry) -> Bool,
        as view: (Entry) -> JSON
    ) -> (entries: [JSON], next: String?) {
        var entries: [JSON] = []
        var bytes = 0
        var last: String?
        for (lookedAt, place) in places.enumerated() {
            guard let entry = entry(place) else { continue }
            if entries.count == limit || lookedAt == Limits.pageLookedAtMax {
                return (entries, last)
            }
            if isWanted(entry) {
                let json = view(entry)
                bytes += json.canonicalBytes.count + 1
                guard entries.isEmpty || bytes <= Limits.pageBytesMax else {
                    return (entries, last)
                }
                entries.append(json)
            }
            last = name(entry)
        }
        return (entries, nil)
    }

    /// The places before and behind an entry, whether or not it stands in this listing itself.
    func places(around cursor: Entry) -> (before: Range<Int>, behind: Range<Int>) {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if let entry = entry(middle), seq(entry) < seq(cursor) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        // One event may have brought several.
        var behind = low
        while behind < count, let entry = entry(behind), seq(entry) == seq(cursor) {
            behind += 1
            if name(entry).utf8.elementsEqual(name(cursor).utf8) {
                return (0..<(behind - 1), behind..<count)
            }
        }
        return (0..<low, behind..<count)
    }
}

extension Listing where Entry == Ceremony {
    /// Answers `List`.
    static func ceremonies(
        _ parameters: inout Parameters, _ snapshot: Snapshot, as view: (Ceremony) -> JSON
    ) throws -> [String: JSON] {
        let subject = try parameters.optionalString("subject")
        let wish = try parameters.optionalParsed("state") { Wish($0) }
        let after = try parameters.optionalString("after")
        let limit =
            try parameters.optionalInt("limit", in: 1...Limits.pageEntriesMax)
            ?? Limits.pageEntriesMax
        let state = snapshot.state
        let listing = Listing.ceremonies(of: subject, wish, in: state)
        var places = 0..<listing.count
        if let after {
            guard let cursor = state.ceremony(named: after) else { throw unknownCeremony(after) }
            places = listing.places(around: cursor).before
        }
        let page = listing.page(places.reversed(), limit: limit) { ceremony in
            (subject.map { $0.utf8.elementsEqual(ceremony.statement.subject.utf8) } ?? true)
                && (wish?.holds(ceremony) ?? true)
        } as: {
            view($0)
        }
        return ["ceremonies": .array(page.entries), "next": .text(page.next)].compactMapValues {
            $0
        }
    }

    /// What is asked for as `state`.
    private enum Wish {
        case state(CeremonyState)
        case open

        init?(_ text: String) {
            if let state = CeremonyState(rawValue: text) {
                self = .state(state)
            } else if text.utf8.elementsEqual("open".utf8) {
                self = .open
            } else {
                return nil
            }
        }

        /// Whether only what is open can hold it.
        var isOpen: Bool {
            switch self {
            case .state(let state): !state.isEnd
            case .open: true
            }
        }

        func holds(_ ceremony: Ceremony) -> Bool {
            switch self {
            case .state(let wanted): ceremony.state == wanted
            case .open: true
            }
        }
    }

    /// The shortest list that holds everything wanted, in the order of opening.
    private static func ceremonies(of subject: String?, _ wish: Wish?, in state: State) -> Listing {
        let count: Int
        let entry: (Int) -> Ceremony?
        if wish?.isOpen ?? false {
            let open = (state.live + state.unattested).compactMap(state.ceremony).sorted {
                $0.opened.seq < $1.opened.seq
            }
            (count, entry) = (open.count, { open[$0] })
        } else if let subject {
            // A subject's ceremonies are numbered from 1.
            count = state.subject(subject)?.ceremonies ?? 0
            entry = { state.ceremony(named: "\(subject)-\($0 + 1)") }
        } else {
            (count, entry) = (state.ceremonyCount, { state.ceremony(at: $0) })
        }
        return Listing(count: count, entry: entry, name: \.id, seq: \.opened.seq)
    }

    static func unknownCeremony(_ id: String) -> EngineError {
        EngineError(
            Refusal(
                .unknownCeremony, "There is no ceremony \(Display.neutralised(id)) in this log.",
                next: "Those there are: ceremonyctl list."))
    }
}

extension Listing where Entry == KeyEntry {
    /// Answers `Keys`.
    static func keys(
        _ parameters: inout Parameters, _ snapshot: Snapshot, at time: Timestamp
    ) throws -> [String: JSON] {
        let subject = try parameters.optionalString("subject")
        let status = try parameters.optionalParsed("status") { KeyStatus(rawValue: $0) }
        let fingerprint = try parameters.optionalParsed("fingerprint") { Fingerprint($0) }
        let after = try parameters.optionalParsed("after") { Fingerprint($0) }
        let limit =
            try parameters.optionalInt("limit", in: 1...Limits.pageEntriesMax)
            ?? Limits.pageEntriesMax
        let state = snapshot.state
        let listing = try Listing.keys(of: subject, fingerprint, in: state)
        var places = 0..<listing.count
        if let after { places = listing.places(around: try known(after, in: state)).behind }
        let page = listing.page(places, limit: limit) { entry in
            (subject.map { $0.utf8.elementsEqual(entry.subject.utf8) } ?? true)
                && (status.map { $0 == entry.status(at: time) } ?? true)
        } as: {
            View.key($0, at: time)
        }
        return ["keys": .array(page.entries), "next": .text(page.next)].compactMapValues { $0 }
    }

    /// The shortest list that holds everything wanted, in the order of registration.
    private static func keys(
        of subject: String?, _ fingerprint: Fingerprint?, in state: State
    ) throws -> Listing {
        let count: Int
        let entry: (Int) -> KeyEntry?
        if let fingerprint {
            let only = try known(fingerprint, in: state)
            (count, entry) = (1, { _ in only })
        } else if let subject {
            let keys = state.subject(subject)?.keys ?? []
            (count, entry) = (keys.count, { state.key(keys[$0]) })
        } else {
            (count, entry) = (state.keyCount, { state.key(at: $0) })
        }
        return Listing(
            count: count, entry: entry, name: { "\($0.publicKey.fingerprint)" },
            seq: \.registered.seq)
    }

    private static func known(_ fingerprint: Fingerprint, in state: State) throws -> KeyEntry {
        guard let entry = state.key(fingerprint) else {
            throw VarlinkError.refused(
                "unknown-key", "No ceremony of this log made the key \(fingerprint).",
                next: "Those there are: ceremonyctl keys.")
        }
        return entry
    }
}
