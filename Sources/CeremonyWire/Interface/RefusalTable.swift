// The refusal codes and their exit codes, read from the interface text, which is their one place.

/// Every code of the error `Refused`, with the exit code that a client ends with.
public enum RefusalTable {
    /// By code.
    public static let exits: [String: Int] = parse(CeremonyInterface.text)

    /// The exit code for a refusal; 1 for a code that is not listed.
    public static func exit(for code: String) -> Int { exits[code] ?? 1 }

    /// Reads the comment lines `#   <code> <exit>` above the interface.
    private static func parse(_ text: String) -> [String: Int] {
        var exits: [String: Int] = [:]
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 3, words[0].elementsEqual("#".utf8),
                let exit = Int(String(decoding: words[2], as: UTF8.self))
            else { continue }
            exits[String(decoding: words[1], as: UTF8.self)] = exit
        }
        return exits
    }
}
