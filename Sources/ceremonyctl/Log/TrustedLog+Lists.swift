// Lists of ceremonies, page by page: the daemon gives at most so many at a time.

import CeremonyRecord
import CeremonyTerminal

extension TrustedLog {
    /// Hands over ceremonies as the daemon reports them, newest first, until `take` returns
    /// `false`.
    ///
    /// - Parameter state: one of the states, or `open`.
    /// - Throws: `protocol` (69), also where the pages have no end.
    func eachCeremony(
        subject: String? = nil, state: String? = nil, _ take: (CeremonyReport) -> Bool
    ) throws(ClientError) {
        var after: String?
        // Every page has left a ceremony behind, and every ceremony has an event.
        for _ in 0...shown.head.size {
            var parameters: [String: JSON] = [:]
            parameters["subject"] = .text(subject)
            parameters["state"] = .text(state)
            parameters["after"] = .text(after)
            let reply = try call("List", parameters)
            let page: [JSON]
            (page, after) = try Reply.read { () throws(JSONError) in
                var fields = try JSONFields(.object(reply))
                return (try fields.array("ceremonies"), try fields.optionalString("next"))
            }
            for value in page {
                guard take(try CeremonyReport(value)) else { return }
            }
            if after == nil { return }
        }
        throw Reply.malformed("the list of ceremonies has no end")
    }

    /// The ceremonies that are alive or whose key waits for attestations, oldest first.
    func openCeremonies() throws(ClientError) -> [CeremonyReport] {
        var found: [CeremonyReport] = []
        try eachCeremony(state: "open") { report in
            found.append(report)
            return true
        }
        return found.reversed()
    }
}
