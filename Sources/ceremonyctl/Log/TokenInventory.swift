// Every object on the daemon's tokens, with what the log says of it, and what failed ceremonies
// left on tokens that are not here. The daemon's word: a look at hardware proves nothing.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// What is on the daemon's tokens.
struct TokenInventory {
    /// One token with its objects; `nil` where it is not unlocked or not usable.
    private struct Shelf {
        let token: DaemonToken
        let rows: [InventoryRow]?
    }

    private let shelves: [Shelf]
    private let elsewhere: [DebrisReport]

    /// Asks the daemon for the objects on every token that is unlocked.
    init(_ global: GlobalOptions) throws(ClientError) {
        let connection = try Connection(socket: global.socket)
        guard case .array(let values)? = try connection.call("Tokens")["tokens"] else {
            throw Reply.malformed("no list of tokens")
        }
        let tokens = try values.map { value throws(ClientError) in try DaemonToken(value) }
        shelves = try tokens.map { token throws(ClientError) in
            guard token.trouble == nil, token.isUnlocked else {
                return Shelf(token: token, rows: nil)
            }
            let rows = try InventoryRow.all(on: token.name) {
                method, parameters throws(ClientError) in
                try connection.call(method, parameters)
            }
            return Shelf(token: token, rows: rows)
        }
        let status = try StatusReport(try connection.call("Status"))
        elsewhere = status.debris.filter { debris in
            !tokens.contains {
                $0.serial.utf8.elementsEqual(debris.serial.utf8)
                    && $0.model.utf8.elementsEqual(debris.model.utf8)
                    && $0.manufacturer.utf8.elementsEqual(debris.manufacturer.utf8)
            }
        }
    }

    /// Prints it.
    func show(_ output: Output) {
        var lines: [String] = []
        for shelf in shelves {
            lines.append("\(shelf.token.name): \(shelf.token.trouble ?? shelf.token.title)")
            if let rows = shelf.rows {
                lines += rows.isEmpty ? ["  empty"] : Phrase.table(rows.map(\.cells), indent: "  ")
            } else if shelf.token.trouble == nil {
                lines.append("  locked: nobody can look before `ceremonyctl unlock`")
            }
        }
        if !elsewhere.isEmpty {
            lines.append("Debris on tokens that are not here:")
            lines += elsewhere.map { "  " + $0.line }
        }
        output.page(
            lines,
            .object([
                "tokens": .array(
                    shelves.map { shelf in
                        .fields([
                            "token": shelf.token.json,
                            "objects": shelf.rows.map { .array($0.map(\.json)) },
                        ])
                    }),
                "debris_elsewhere": .array(
                    elsewhere.map {
                        .fields([
                            "ceremony": .string($0.ceremony), "token_serial": .string($0.serial),
                            "key_id": .string(Hex.encode($0.keyID)), "label": .string($0.label),
                            "outcome": .text($0.outcome?.rawValue),
                        ])
                    }),
            ]))
    }
}
