// The connection's state machine and the rule for places, played through without a socket.

import CeremonyWire
import Testing

@testable import CeremonyDaemon

@Suite("One connection")
struct ConnectionStateTests {
    static let second: UInt64 = 1_000_000_000

    private func received(
        _ text: String, _ state: inout Connection.State, at now: UInt64
    ) -> Connection.Action {
        let bytes = Array(text.utf8)
        return state.received(bytes.span, at: now)
    }

    @Test("one call at a time: what follows waits until the answer is complete")
    func oneAtATime() {
        var state = Connection.State(limits: .standard, now: 0)
        #expect(received("{", &state, at: 1) == .read)
        #expect(received("}\0[1]\0[", &state, at: 2) == .answer(Array("{}".utf8)))
        #expect(state.standing == .answering)
        #expect(received(" ", &state, at: 2) == .wait)
        #expect(state.answered(at: 3) == .answer(Array("[1]".utf8)))
        #expect(state.answered(at: 4) == .read)
        #expect(state.standing == .unfinished)
        #expect(received("2]\0", &state, at: 5) == .answer(Array("[ 2]".utf8)))
        #expect(state.answered(at: 6) == .read)
        #expect(state.standing == .idle)
    }

    @Test("each waiting has its own end, and answering has none")
    func deadlines() {
        let limits = Limits.standard
        var state = Connection.State(limits: limits, now: 0)
        let frame = UInt64(limits.frameSeconds) * Self.second
        let idle = UInt64(limits.idleSeconds) * Self.second
        #expect(state.overdue(at: frame - 1) == nil)
        #expect(state.overdue(at: frame) == .frameTimeout)
        // Dripping does not move the end.
        #expect(received("{", &state, at: frame - 1) == .read)
        #expect(state.overdue(at: frame) == .frameTimeout)
        #expect(received("}\0", &state, at: frame - 1) == .answer(Array("{}".utf8)))
        #expect(state.overdue(at: 100 * idle) == nil)
        #expect(state.answered(at: 0) == .read)
        #expect(state.overdue(at: idle - 1) == nil)
        #expect(state.overdue(at: idle) == .idleTimeout)
        // The first byte of a further call begins that call's own time.
        #expect(received("{", &state, at: idle - 1) == .read)
        #expect(state.overdue(at: idle + 1) == nil)
        #expect(state.overdue(at: idle - 1 + frame) == .frameTimeout)
    }

    @Test("a reply that is not taken ends the connection, also a watch")
    func stall() {
        var state = Connection.State(limits: .standard, now: 0)
        #expect(received("{}\0", &state, at: 0) == .answer(Array("{}".utf8)))
        state.isWatching(at: 0)
        state.writes(at: Self.second)
        let end = Self.second + UInt64(Limits.standard.writeStallSeconds) * Self.second
        #expect(state.overdue(at: end - 1) == nil)
        #expect(state.overdue(at: end) == .writeStall)
        state.wrote()
        #expect(state.overdue(at: 2 * end) == nil)
    }

    @Test("a clock that goes backwards ends nothing")
    func backwards() {
        let state = Connection.State(limits: .standard, now: 1000 * Self.second)
        #expect(state.overdue(at: 0) == nil)
    }

    @Test("a caller that has ended its side is answered, and then the connection ends")
    func halfClosed() {
        var state = Connection.State(limits: .standard, now: 0)
        #expect(received("{}\0[]\0{", &state, at: 0) == .answer(Array("{}".utf8)))
        #expect(state.inputEnded(at: 0) == .wait)
        #expect(state.answered(at: 0) == .answer(Array("[]".utf8)))
        #expect(state.answered(at: 0) == .close(.finished))
        var quiet = Connection.State(limits: .standard, now: 0)
        #expect(quiet.inputEnded(at: 0) == .close(.finished))
    }

    @Test("bytes sent ahead are bounded even when the kernel gives them all at once")
    func ahead() {
        var limits = Limits()
        limits.frameBytesMax = 100
        var state = Connection.State(limits: limits, now: 0)
        _ = received("{}\0", &state, at: 0)
        let calls = String(repeating: "{}\0", count: 1000)
        #expect(received(calls, &state, at: 0) == .wait)
        #expect(received(calls, &state, at: 0) == .close(.tooManyAhead))
    }

    @Test("a stop ends who waits at once and who is answered afterwards")
    func stopping() {
        var idle = Connection.State(limits: .standard, now: 0)
        #expect(idle.stop() == .close(.stopping))
        var busy = Connection.State(limits: .standard, now: 0)
        _ = received("{}\0{}\0", &busy, at: 0)
        #expect(busy.stop() == .wait)
        #expect(busy.answered(at: 0) == .close(.stopping))
    }
}

@Suite("Places")
struct PlacesTests {
    private func holder(
        _ id: Int, _ uid: UInt32, _ standing: Connection.Standing = .unfinished, since: UInt64 = 0
    ) -> Places.Holder {
        Places.Holder(id: id, uid: uid, standing: standing, since: since)
    }

    private let places = Places(perUid: 3, inAll: 5)

    @Test("while there is room nobody goes")
    func room() {
        let holders = [holder(1, 1), holder(2, 1), holder(3, 2), holder(4, 2)]
        #expect(places.makesRoom(for: holder(9, 1), among: holders) == nil)
    }

    @Test(
        "over a user's limit one of that user goes: half calls, then idle, then watches, oldest first"
    )
    func perUser() {
        var holders = [
            holder(1, 1, .watching, since: 1), holder(2, 1, .idle, since: 2),
            holder(3, 1, .unfinished, since: 4), holder(4, 1, .unfinished, since: 3),
            holder(5, 2, .unfinished, since: 0),
        ]
        var gone: [Int] = []
        while let id = places.makesRoom(for: holder(9, 1), among: holders), id != 9 {
            gone.append(id)
            holders.removeAll { $0.id == id }
        }
        #expect(gone == [4, 3])
        holders.append(holder(6, 1, .answering))
        #expect(places.makesRoom(for: holder(9, 1), among: holders) == 2)
        holders[1] = holder(7, 1, .answering)
        #expect(places.makesRoom(for: holder(9, 1), among: holders) == 1)
    }

    @Test("who is being answered stays, and then the newcomer goes")
    func answering() {
        let holders = (1...3).map { holder($0, 1, .answering) }
        #expect(places.makesRoom(for: holder(9, 1), among: holders) == 9)
    }

    @Test("over the limit in all, the user who holds most pays, not the newcomer's")
    func inAll() {
        let holders = [
            holder(1, 1, .idle, since: 9), holder(2, 1, .idle, since: 5), holder(3, 1, since: 8),
            holder(4, 2, since: 0), holder(5, 3, since: 0),
        ]
        #expect(places.makesRoom(for: holder(9, 2), among: holders) == 3)
        // Where the newcomer's user holds as much as anybody, it is that user who pays.
        let even = [
            holder(1, 1), holder(2, 1), holder(3, 1), holder(4, 2, since: 1),
            holder(5, 2, since: 2),
        ]
        #expect(places.makesRoom(for: holder(9, 2), among: even) == 4)
    }

    @Test("when the system has no room, the least of the user who holds most goes")
    func noRoomInTheSystem() {
        let holders = [holder(1, 1, .idle), holder(2, 1, .watching), holder(3, 2)]
        #expect(Places.makesRoom(among: holders) == 1)
        #expect(Places.makesRoom(among: [holder(1, 1, .answering)]) == nil)
        #expect(Places.makesRoom(among: []) == nil)
    }

    @Test("a crowd of one user never takes a place from another user")
    func crowd() {
        var holders = [holder(0, 7, .idle), holder(1, 8, .watching)]
        for id in 2..<200 {
            let newcomer = holder(id, 1, since: UInt64(id))
            if let gone = places.makesRoom(for: newcomer, among: holders) {
                #expect(gone > 1)
                holders.removeAll { $0.id == gone }
            }
            holders.append(newcomer)
        }
        #expect(holders.count == 5)
        #expect(holders.prefix(2).map(\.id) == [0, 1])
    }
}
