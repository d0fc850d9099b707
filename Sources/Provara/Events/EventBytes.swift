// An event in canonical form, with its members kept apart: the id and the signature cover the event
// without some of them, and cutting them out is cheaper than writing it three times.

/// The canonical bytes of a JSON object, and of the object without some members.
struct EventBytes: Sendable {
    /// The canonical form of the whole object.
    let whole: [UInt8]
    /// For each member in order.
    private let places: [Place]

    private struct Place {
        let name: String
        /// Where its `"name":value` stands in `whole`.
        let range: Range<Int>
    }

    init(_ object: PythonObject) {
        var out: [UInt8] = []
        out.reserveCapacity(640)
        out.append(UInt8(ascii: "{"))
        let members = object.sorted
        var places: [Place] = []
        places.reserveCapacity(members.count)
        for (position, member) in members.enumerated() {
            if position > 0 { out.append(UInt8(ascii: ",")) }
            let start = out.count
            PythonJSON.write(member.name, to: &out)
            out.append(UInt8(ascii: ":"))
            member.value.writeCanonical(to: &out)
            places.append(Place(name: member.name, range: start..<out.count))
        }
        out.append(UInt8(ascii: "}"))
        self.whole = out
        self.places = places
    }

    /// The canonical form of the object without the members named.
    func without(_ names: String...) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(whole.count)
        out.append(UInt8(ascii: "{"))
        for place in places where !names.contains(where: { $0.isSame(as: place.name) }) {
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            out += whole[place.range]
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// What the event's id is worked out from: everything but `event_id` and `sig`.
    var content: [UInt8] { without("event_id", "sig") }

    /// What older writers of the package work the id out from: `actor_key_id` is missing too.
    var contentWithoutSigner: [UInt8] { without("actor_key_id", "event_id", "sig") }

    /// What the signature covers: everything but `sig`. These bytes themselves, not their digest.
    var signed: [UInt8] { without("sig") }
}
