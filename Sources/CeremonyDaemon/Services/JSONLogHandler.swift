// Log lines for machines and for a terminal alike: one JSON object a line on standard error, in
// which nothing can break out of its line or steer a terminal.
//
// What is logged is chosen by whoever logs: nothing in this product that holds a secret can be
// turned into text.

import CeremonyRecord
import CeremonyWire
import Glibc
public import Logging

/// Writes each log event as one JSON object on one line.
///
/// Fields: `time` (UTC), `level`, `logger`, `message`, and the metadata under `data` where there is
/// any. Everything outside printable ASCII is escaped as JSON allows.
public struct JSONLogHandler: LogHandler {
    /// Where lines go; each is complete, with its LF.
    public typealias Sink = @Sendable ([UInt8]) -> Void

    /// Metadata that every line of this handler carries.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata of the moment.
    public var metadataProvider: Logger.MetadataProvider?
    /// The least level that is written.
    public var logLevel: Logger.Level

    private let label: String
    private let sink: Sink

    /// A handler for a logger.
    public init(
        label: String, level: Logger.Level = .info,
        sink: @escaping Sink = JSONLogHandler.standardError
    ) {
        self.label = label
        self.logLevel = level
        self.sink = sink
    }

    /// One metadata value of this handler.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event.
    public func log(event: LogEvent) {
        var data = metadata
        if let moment = metadataProvider?.get() { data.merge(moment) { _, new in new } }
        if let own = event.metadata { data.merge(own) { _, new in new } }
        if let error = event.error { data["error"] = "\(error)" }
        var line: [UInt8] = []
        line += "{\"time\":\"\(JSONLogHandler.now())\",\"level\":\"\(event.level.rawValue)\"".utf8
        line += ",\"logger\":".utf8
        JSONLogHandler.write(label, to: &line)
        line += ",\"message\":".utf8
        JSONLogHandler.write(event.message.description, to: &line)
        if !data.isEmpty {
            line += ",\"data\":".utf8
            JSONLogHandler.write(.dictionary(data), to: &line)
        }
        line += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
        sink(line)
    }

    /// Writes a line to standard error, as whole as the kernel allows.
    public static let standardError: Sink = { line in
        var rest = line[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(2, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }

    private static func now() -> Timestamp {
        Timestamp(seconds: time(nil))
    }

    private static func write(_ value: Logger.Metadata.Value, to line: inout [UInt8]) {
        switch value {
        case .string(let text): write(text, to: &line)
        case .stringConvertible(let thing): write(thing.description, to: &line)
        case .array(let items):
            line.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                write(item, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let fields):
            line.append(UInt8(ascii: "{"))
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                write(field.key, to: &line)
                line.append(UInt8(ascii: ":"))
                write(field.value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }

    /// Writes a JSON string in printable ASCII only.
    private static func write(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for unit in text.utf16 {
            switch unit {
            case 0x22, 0x5c: line += [0x5c, UInt8(unit)]
            case 0x20...0x7e: line.append(UInt8(unit))
            default:
                line += "\\u".utf8
                line += Hex.encode([UInt8(unit >> 8), UInt8(unit & 0xff)]).utf8
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}
