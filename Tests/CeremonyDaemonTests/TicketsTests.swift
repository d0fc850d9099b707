// Tickets with the clock and the random bytes in the test's hands.

import CeremonyWire
import Testing

@testable import CeremonyDaemon

@Suite("Tickets")
struct TicketsTests {
    private func ticket(_ tickets: inout Tickets<String>, _ seed: UInt8, order: String) -> [UInt8] {
        let random = [UInt8](repeating: seed, count: 16)
        let text = tickets.issue(for: order, to: 7, random: random, until: 100, now: 40)
        #expect(text.utf8.count == 32)
        return Array(text.utf8)
    }

    @Test("a ticket is good once")
    func once() {
        var tickets = Tickets<String>()
        let first = ticket(&tickets, 1, order: "a")
        let second = ticket(&tickets, 2, order: "b")
        #expect(tickets.redeem(second, by: 7, now: 99) == "b")
        #expect(tickets.redeem(second, by: 7, now: 99) == nil)
        #expect(tickets.redeem(first, by: 7, now: 99) == "a")
    }

    @Test("a ticket ends at its moment")
    func deadline() {
        var tickets = Tickets<String>()
        let digits = ticket(&tickets, 1, order: "a")
        #expect(tickets.redeem(digits, by: 7, now: 100) == nil)
        #expect(tickets.redeem(digits, by: 7, now: 50) == nil)
    }

    @Test("another user's ticket is refused, and used up by the try")
    func otherUser() {
        var tickets = Tickets<String>()
        let digits = ticket(&tickets, 1, order: "a")
        #expect(tickets.redeem(digits, by: 8, now: 50) == nil)
        #expect(tickets.redeem(digits, by: 7, now: 50) == nil)
    }

    @Test("a ticket that was never given out is refused")
    func unknown() {
        var tickets = Tickets<String>()
        var digits = ticket(&tickets, 1, order: "a")
        digits[31] ^= 1
        #expect(tickets.redeem(digits, by: 7, now: 50) == nil)
        #expect(tickets.redeem([], by: 7, now: 50) == nil)
    }

    @Test("no more are out than the limit; the oldest ends")
    func many() {
        var tickets = Tickets<String>()
        let all = (0...UInt8(Limits.ticketsMax)).map {
            ticket(&tickets, $0, order: "\($0)")
        }
        #expect(tickets.redeem(all[0], by: 7, now: 50) == nil)
        #expect(tickets.redeem(all[1], by: 7, now: 50) == "1")
    }
}
