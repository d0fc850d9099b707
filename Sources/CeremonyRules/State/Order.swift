// The order in which things came into the log, so that a page of them costs the page and not the
// log. A tree by place: an array would be copied whole with every event after a snapshot.

import HashTreeCollections

/// Names in the order in which they were added.
struct Order<Name: Hashable & Sendable>: Hashable, Sendable {
    private var names: TreeDictionary<Int, Name> = [:]

    /// How many there are.
    var count: Int { names.count }

    /// The name at a place, counted from 0.
    subscript(place: Int) -> Name? { names[place] }

    /// Adds a name behind all others.
    mutating func append(_ name: Name) { names[names.count] = name }
}
