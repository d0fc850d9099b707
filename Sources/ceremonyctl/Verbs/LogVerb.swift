// `log`: the events as they stand in the log and as they are appended. Each line names the hash of
// the one before, so a page is checked by its chain and by one proof for its last line.

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `log`.
struct LogVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print the events of the log, one line each.",
        discussion: "With --follow and --json, every event is a JSON value on a line of its own.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp("Begin with this event.", valueName: "seq"))
    var from = 0

    @Flag(help: "Go on with events as they are appended, until interrupted.")
    var follow = false

    mutating func validate() throws {
        if from < 0 { throw ValidationError("--from is the number of an event.") }
    }

    func perform(_ output: Output) throws(ClientError) {
        let log = try TrustedLog(global, trust)
        let events = try log.events(from: from)
        if output.json, !follow {
            return output.result([], .fields(["events": .array(events.map(\.json))]))
        }
        let next = max(from, (events.last?.seq ?? -1) + 1)
        if output.json {
            for event in events { output.text([Output.ascii(event.json)]) }
        } else if !events.isEmpty {
            output.page(Phrase.table(events.map(\.cells)), .null)
        }
        guard follow else { return }
        try log.watch(ceremony: nil, from: next) { event in
            output.page([event.cells.joined(separator: "  ")], event.json)
            return true
        }
    }
}

extension TrustedLog {
    /// The signed events from a position on: chained, and the last one proved to be in the log.
    ///
    /// - Throws: `log-damaged` (1).
    func events(from seq: Int) throws(ClientError) -> [Event] {
        let size = head.size
        var events: [Event] = []
        while seq + events.count < size {
            let page = try lines(
                from: seq + events.count, limit: min(1000, size - seq - events.count))
            guard !page.isEmpty else { throw damaged("event \(seq + events.count) is missing") }
            for line in page {
                let event = try parsed(line)
                guard event.seq == seq + events.count,
                    events.last.map({ $0.leafHash == event.prev }) ?? true
                else { throw damaged("event \(event.seq) does not follow the one before it") }
                events.append(event)
            }
        }
        if let last = events.last {
            guard try event(at: last.seq) == last else {
                throw damaged("event \(last.seq) is another one in the signed log")
            }
        }
        return events
    }

    /// Hands over events as they are appended, until `take` returns `false`.
    ///
    /// - Throws: `log-damaged` (1) where one is no event of this log; `lagged` is dealt with here.
    func watch(ceremony: String?, from: Int, _ take: (Event) throws(ClientError) -> Bool)
        throws(ClientError)
    {
        var next = from
        while true {
            var parameters: [String: JSON] = ["from": .number(next)]
            parameters["ceremony"] = .text(ceremony)
            do {
                var goesOn = true
                try connection.callMore("Watch", parameters) { reply throws(ClientError) in
                    let line = try Reply.read { () throws(JSONError) in
                        var fields = try JSONFields(.object(reply))
                        return Array(try fields.string("line").utf8)
                    }
                    let event = try self.parsed(line)
                    guard event.seq >= next else { return true }
                    next = event.seq + 1
                    goesOn = try take(event)
                    return goesOn
                }
                return
            } catch {
                guard error.code == "lagged" else { throw error }
            }
        }
    }

    private func parsed(_ line: [UInt8]) throws(ClientError) -> Event {
        do {
            let event = try Event(line: line)
            guard event.origin.utf8.elementsEqual(genesis.log.utf8) else {
                throw damaged("event \(event.seq) is of another log")
            }
            return event
        } catch let error as ClientError {
            throw error
        } catch {
            throw damaged("a line is no event: \(error)")
        }
    }

    private func damaged(_ what: String) -> ClientError {
        ClientError(
            .refused, "log-damaged", "The log that the daemon shows does not hold: \(what).",
            meaning: "What it shows cannot be relied on.",
            next: "Tell the operator and the other custodians.", requirement: "VAL-2")
    }
}

extension Event {
    /// The event as the value that its line is.
    var json: JSON { (try? JSON(line, .record)) ?? .null }
}
