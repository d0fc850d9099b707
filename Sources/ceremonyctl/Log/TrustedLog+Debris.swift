// What a ceremony announced that it would make, out of the log: whoever orders its destruction
// names it from there, and not from the daemon's description.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension TrustedLog {
    /// The object that a ceremony's intent names, and the digest of the statement that it was for.
    ///
    /// - Throws: `document-differs` (1) where the events that the daemon names do not say so.
    func announced(by report: CeremonyReport) throws(ClientError) -> (KeyIntent, Digest) {
        guard let seq = report.intent,
            case .ceremonyOpened(let opened) = try event(at: report.seq).body,
            opened.ceremony.utf8.elementsEqual(report.id.utf8),
            case .ceremonyExecuting(let executing) = try event(at: seq).body,
            executing.ceremony.utf8.elementsEqual(report.id.utf8),
            let object = executing.intent.flatMap({ try? KeyIntent($0) })
        else {
            throw ClientError(
                .refused, "document-differs",
                "The log does not say what \(report.id) announced to make.",
                meaning: "What the daemon says cannot be relied on. Nothing was signed.",
                next: "Tell the operator and the other custodians.", requirement: "VAL-2")
        }
        return (object, opened.signed.digest)
    }
}

/// One object on a token of the daemon, as the daemon judges it.
struct InventoryRow: Sendable {
    let objectClass: String
    let id: [UInt8]
    let label: [UInt8]
    let standing: String
    let ceremony: String?
    let fingerprint: String?
    /// As it came.
    let json: JSON

    /// Everything on a token, page by page.
    static func all(
        on token: String, _ call: (String, [String: JSON]) throws(ClientError) -> [String: JSON]
    ) throws(ClientError) -> [InventoryRow] {
        var rows: [InventoryRow] = []
        while true {
            let reply = try call(
                "Inventory", ["token": .string(token), "after": .number(rows.count)])
            let (page, next) = try Reply.read { () throws(JSONError) in
                var fields = try JSONFields(.object(reply))
                return (try fields.array("objects"), try fields.optionalNumber("next"))
            }
            rows += try page.map { value throws(ClientError) in
                try Reply.read { () throws(JSONError) in try InventoryRow(value) }
            }
            guard next != nil, !page.isEmpty else { return rows }
        }
    }

    private init(_ json: JSON) throws(JSONError) {
        self.json = json
        var fields = try JSONFields(json)
        objectClass = try fields.string("class")
        id = try fields.parsed("id", as: "hex") { Hex.decode($0) }
        label = try fields.parsed("label", as: "hex") { Hex.decode($0) }
        standing = try fields.string("standing")
        ceremony = try fields.optionalString("ceremony")
        fingerprint = try fields.optionalString("fingerprint")
    }

    /// The cells of its row in a list.
    var cells: [String] {
        [
            standing, objectClass, String(decoding: label, as: UTF8.self),
            fingerprint ?? ceremony ?? "", Hex.encode(id),
        ]
    }
}
