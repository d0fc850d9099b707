// The evidence of a log that another one is to go on from: only the lines and the signed head are
// taken out of it, and the same of the logs that it went on from itself.

package import CeremonyRecord

/// Reading earlier logs out of an evidence folder.
package enum EarlierLogFiles {
    /// No log that a person can review comes near this.
    private static let bytesMax = 1 << 30

    /// The log whose evidence the folder is, and those before it; the nearest first.
    ///
    /// - Throws: `no-such-file` (66) where there is no log in it; what `Files.read` throws.
    package static func read(_ folder: String) throws(ClientError) -> [EarlierLog] {
        let logs = try EarlierLog.chain(in: "") { name throws(ClientError) -> [UInt8]? in
            let path = "\(folder)/\(name)"
            guard Files.exists(path) else { return nil }
            return try Files.read(path, bytesMax: bytesMax)
        }
        guard !logs.isEmpty else { throw Files.missing("\(folder)/log/events.jsonl") }
        return logs
    }
}
