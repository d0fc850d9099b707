// A token that exists in memory only: what a PKCS#11 token keeps and answers, without a module.
// It outlives the processes that use it; each has a port, and its own login.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Sodium
import TestSupport

/// One of the daemon's tokens.
///
/// `@unchecked Sendable`: the loop has one thread, and the token is touched by it alone.
final class SimulatedToken: @unchecked Sendable {
    struct Object: Hashable {
        let objectClass: String
        let id: [UInt8]
        let label: [UInt8]
        let key: SoftwareKey?
    }

    /// The PIN: the only secret that the engine is ever given.
    static let pin = "simulated-4711-pin"

    let name: String
    let reference: TokenReference
    var objects: [Object] = []
    var heads: [[UInt8]] = []
    /// Every point that it has ever made.
    private(set) var made: Set<[UInt8]> = []
    /// The ids of keys that were lost with their secret half.
    private(set) var lost: Set<[UInt8]> = []
    private(set) var isIn = true
    private(set) var tries = 3
    /// A login holds until the token is pulled out or locked behind the daemon's back.
    private(set) var sitting = 0
    private var randomness: Chance
    private var nextKey: Int

    init(_ name: String, _ reference: TokenReference, number: Int, seed: UInt64) {
        self.name = name
        self.reference = reference
        nextKey = 1_000_000 * number
        randomness = Chance(seed: seed &+ UInt64(number))
    }

    func pull() {
        isIn = false
        sitting += 1
    }

    func putIn() { isIn = true }

    func dropLogins() { sitting += 1 }

    /// Somebody with the SO PIN gives the tries back.
    func giveTries() { tries = 3 }

    /// The secret half of a key goes, as in a fire.
    func lose(_ id: [UInt8]) {
        lost.insert(id)

        objects.removeAll { $0.id == id && $0.objectClass == "private-key" }
    }

    func takePIN(_ pin: [UInt8]) throws(VaultError) {
        guard tries > 0 else { throw VaultError(.pinTries, "\(name): the PIN is locked.") }
        guard pin == Array(SimulatedToken.pin.utf8) else {
            tries -= 1
            throw VaultError(.wrongPIN, "\(name): the PIN is wrong.")
        }
        tries = 3
    }

    func random(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &randomness) }
    }

    func make(_ id: [UInt8], _ label: [UInt8]) -> SoftwareKey {
        nextKey += 1
        let key = SoftwareKey(nextKey)
        made.insert(key.publicKey.point)
        for half in ["private-key", "public-key"] {
            objects.append(Object(objectClass: half, id: id, label: label, key: key))
        }
        return key
    }

    /// Everything on it, the heads as well.
    var inventory: [InventoryItem] {
        (objects.map { ($0.objectClass, $0.id, $0.label) }
            + heads.map { _ in ("data", [UInt8](), Array(HeadObject.label.utf8)) })
            .map { InventoryItem(objectClass: $0, id: $1, label: $2) }
    }
}
