// Lists in pages: whatever somebody has opened, a reply stays within its bound and its cost, and
// whoever walks the pages sees everything once.

import CeremonyRecord
import CeremonyRules
import CeremonyWire
import Synchronization
import TestSupport
import Testing

@testable import CeremonyDaemon
@testable import CeremonyEngine

@Suite("Lists in pages")
struct ListingTests {
    /// A house with sixty ceremonies, each for a subject and a token of its own.
    private static let crowded = Result { () throws(Refusal) in
        var house = try House()
        for number in 1...60 {
            try house.open(subject: "crowd-\(number)", token: token(number))
        }
        return house
    }

    private static func token(_ number: Int) -> TokenReference {
        TokenReference(
            label: "house", manufacturer: "SoftHSM project", model: "SoftHSM v2",
            serial: "number-\(number)")
    }

    private func snapshot(_ house: House) -> Snapshot {
        Snapshot(
            state: house.state, checkpoint: nil, checkpointSize: 0, isSealed: false,
            isHaltedByFile: false)
    }

    /// One page: the names in it, and where it goes on.
    private func page(
        _ house: House, _ method: String = "List", _ parameters: [String: JSON] = [:]
    ) throws -> (names: [String], next: String?) {
        var parameters = Parameters(parameters)
        let isList = method == "List"
        let snapshot = snapshot(house)
        let reply =
            isList
            ? try Listing<Ceremony>.ceremonies(&parameters, snapshot) {
                View.ceremony($0, snapshot, at: house.now)
            } : try Listing<KeyEntry>.keys(&parameters, snapshot, at: house.now)
        try parameters.finish()
        let interface = try CeremonyInterface.description()
        let output = try #require(interface.methods[method]).output.filter { $0.name != "head" }
        #expect(interface.firstFault(in: reply, against: output) == nil)
        var fields = try JSONFields(.object(reply))
        let entries = try fields.objects(isList ? "ceremonies" : "keys")
        let names = try entries.map { entry in
            var entry = entry
            return try entry.string(isList ? "id" : "fingerprint")
        }
        return (names, try fields.optionalString("next"))
    }

    /// Everything, page by page; a page has at most `limit`.
    private func walk(
        _ house: House, _ method: String = "List", limit: Int, _ parameters: [String: JSON] = [:]
    ) throws -> [String] {
        var names: [String] = []
        var after: String?
        var pages = 0
        repeat {
            var parameters = parameters
            parameters["limit"] = .number(limit)
            parameters["after"] = .text(after)
            let page = try page(house, method, parameters)
            #expect(page.names.count <= limit)
            names += page.names
            after = page.next
            pages += 1
            try #require(pages <= 200)
        } while after != nil
        return names
    }

    @Test(
        "Pages of any size walk through all ceremonies once, newest first", arguments: [1, 7, 50])
    func walking(limit: Int) throws {
        let house = try Self.crowded.get()
        let all = (1...60).reversed().map { "crowd-\($0)-1" }
        #expect(try walk(house, limit: limit) == all)
        #expect(try walk(house, limit: limit, ["state": .string("PENDING")]) == all)
        #expect(try walk(house, limit: limit, ["state": .string("open")]) == all)
        #expect(try walk(house, limit: limit, ["state": .string("EXPIRED")]) == [])
        #expect(
            try walk(house, limit: limit, ["subject": .string("crowd-9")]) == ["crowd-9-1"])
    }

    @Test("A page without a limit has fifty; more than fifty cannot be asked for")
    func standard() throws {
        let house = try Self.crowded.get()
        let first = try page(house)
        #expect(first.names.count == 50)
        #expect(first.next == "crowd-11-1")
        for limit in [0, 51] {
            #expect(throws: VarlinkError.invalidParameter("limit")) {
                try page(house, "List", ["limit": .number(limit)])
            }
        }
        #expect(throws: EngineError.self) { try page(house, "List", ["after": .string("no-1")]) }
    }

    @Test(
        "The list of a subject, of what is open, and of what has ended; also behind one that left")
    func filters() throws {
        var house = try House()
        for _ in 1...3 {
            let statement = try house.open()
            try house.order(.cancel, by: "dave", on: statement.ceremony)
        }
        let record = try house.completed("keeper-beta")
        try house.open(subject: "keeper-gamma")
        let open = ["state": JSON.string("open")]
        #expect(
            try walk(house, limit: 2, ["subject": .string("keeper-alpha")])
                == ["keeper-alpha-3", "keeper-alpha-2", "keeper-alpha-1"])
        #expect(try walk(house, limit: 1, open) == ["keeper-gamma-1", "keeper-beta-1"])
        #expect(try page(house, "List", ["state": .string("COMPLETED")]).names == ["keeper-beta-1"])
        // The one behind which the next page begins may have ended since.
        try house.order(.cancel, by: "dave", on: "keeper-gamma-1")
        #expect(
            try page(house, "List", ["state": .string("open"), "after": .string("keeper-gamma-1")])
                .names == ["keeper-beta-1"])
        try house.attest("alice", "bob", record: record)
        #expect(try walk(house, limit: 1, open).isEmpty)
    }

    @Test("Pages of keys walk through all once, oldest first, whoever they are of")
    func keys() throws {
        var house = try House()
        var all: [String] = []
        for number in 1...5 {
            let record = try house.completed("keeper-\(number)", key: 500 + number)
            if number > 1 { try house.attest("alice", "bob", record: record) }
            all.append("\(record.fingerprint)")
        }
        for limit in [1, 2, 50] { #expect(try walk(house, "Keys", limit: limit) == all) }
        #expect(
            try walk(house, "Keys", limit: 1, ["subject": .string("keeper-3")]) == [all[2]])
        #expect(
            try walk(house, "Keys", limit: 2, ["status": .string("active")]) == Array(all[1...]))
        #expect(try page(house, "Keys", ["fingerprint": .string(all[3])]).names == [all[3]])
        let stranger = "\(SoftwareKey(77).fingerprint)"
        #expect(throws: VarlinkError.self) {
            try page(house, "Keys", ["after": .string(stranger)])
        }
    }

    @Test("What is looked at and what a page weighs is bounded, and the page says where to go on")
    func bounds() {
        let listing = Listing<Int>(
            count: 5000, entry: { $0 }, name: { "\($0)" }, seq: { $0 })
        let none = listing.page(0..<5000, limit: 50, where: { $0 > 2500 }) { .number($0) }
        #expect(none.entries.isEmpty)
        #expect(none.next == "\(Limits.pageLookedAtMax - 1)")
        let heavy = JSON.string(String(repeating: "x", count: 400_000))
        let page = listing.page(0..<5000, limit: 50, where: { _ in true }) { _ in heavy }
        #expect(page.entries.count == 2)
        #expect(page.next == "1")
        // One that is too heavy alone is given all the same: the reply says what is the matter.
        let huge = JSON.string(String(repeating: "x", count: 1_000_000))
        #expect(listing.page(0..<5000, limit: 50, where: { _ in true }) { _ in huge }.next == "0")
    }

    @Test("Where a page begins is found in few looks, however long the list is")
    func searching() {
        let looks = Mutex(0)
        let listing = Listing<Int>(
            count: 1_000_000,
            entry: { place in
                looks.withLock { $0 += 1 }
                return place / 2
            }, name: { "\($0)" }, seq: { $0 })
        #expect(listing.places(around: 300_000).before.upperBound == 600_000)
        #expect(listing.places(around: 300_000).behind.lowerBound == 600_001)
        #expect(looks.withLock { $0 } < 100)
    }

    @Test("The interface's text names the bounds")
    func text() {
        let text = CeremonyInterface.text
        #expect(text.contains("1 to \(Limits.pageEntriesMax), and \(Limits.pageEntriesMax) where"))
        #expect(text.contains("where \(Limits.pageLookedAtMax) were looked at"))
        #expect(text.contains("at most \(Limits.pageEntriesMax) of anything"))
        #expect(text.contains("longer than \(Limits.standard.frameBytesMax) bytes"))
    }

    @Test("Status says how many there are, and lists the oldest fifty, each in one line")
    func status() throws {
        var house = try Self.crowded.get()
        for number in 1...60 {
            try house.append(
                .haltRaised(
                    HaltRaised(
                        signed: nil, invariant: "number-\(number)", effective: nil)))
        }
        let keys = Engine.LogKeyReport(keys: [], trouble: nil)
        let status = View.status(snapshot(house), clock: house.now, logKeys: keys)
        var fields = try JSONFields(status)
        #expect(try fields.number("live_count") == 60)
        #expect(try fields.number("unattested_count") == 0)
        #expect(try fields.number("halt_count") == 60)
        #expect(try fields.array("halts").count == 50)
        let live = try fields.array("live")
        #expect(live.count == 50)
        let interface = try CeremonyInterface.description()
        guard case .structure(let brief)? = interface.types["Brief"] else {
            Issue.record("the interface has no type Brief")
            return
        }
        for entry in live {
            guard case .object(let entry) = entry else { continue }
            #expect(interface.firstFault(in: entry, against: brief) == nil)
        }
        guard case .object(let oldest)? = live.first else { return }
        #expect(oldest["id"] == .string("crowd-1-1"))
        #expect(status.canonicalBytes.count < 50_000)
    }

    @Test("Status fits a reply, however much failed ceremonies say that they left")
    func muchDebris() throws {
        var house = try House()
        let left = (0..<140).map { "\($0) " + String(repeating: "x", count: 390) }
        for number in 1...20 { _ = try house.interrupted("crowd-\(number)", left: left) }
        let status = View.status(
            snapshot(house), clock: house.now, logKeys: Engine.LogKeyReport(keys: [], trouble: nil))
        #expect(status.canonicalBytes.count < Limits.standard.replyBytesMax - 100_000)
        var fields = try JSONFields(status)
        #expect(try fields.number("debris_count") == 20)
        let listed = try fields.array("debris")
        #expect(listed.count > 10 && listed.count < 20, "\(listed.count)")
        guard case .object(let oldest)? = listed.first else { return }
        #expect(oldest["ceremony"] == .string("crowd-1-1"))
    }
}
