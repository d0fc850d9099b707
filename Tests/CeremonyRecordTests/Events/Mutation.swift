// Takes the JSON of an event and damages one field at a time, at every depth.

import CeremonyRecord

enum Mutation {
    /// The fields that FORMATS section 2 marks as optional, and those inside objects that only the
    /// kinds understand.
    private static let optional: Set = [
        "holders", "supersedes", "new_key", "possession", "phase", "detail", "pkcs11", "left", "by",
        "effective", "retires", "boundary", "boundary_time", "claimed", "digest", "token_serial",
    ]
    private static let opaque: Set = ["policy", "intent", "outcome", "result"]

    static func isOptional(_ path: [String], in event: Event) -> Bool {
        guard path.first == "body", let name = path.last else { return false }
        if path.count > 2, opaque.contains(path[1]) { return true }
        switch (event.body.type, name) {
        case ("object.destroyed", "token_serial"): return false
        case ("access.refused", "ceremony"), ("exception.noted", "ceremony"): return true
        // Without the proof the new key may stand alone; not the other way round.
        case ("ceremony.accepted", "new_key"): return false
        // A line of a signed document is one of many.
        default: return optional.contains(name) || (path.contains("keys") && name == "token_serial")
        }
    }

    /// Each field removed.
    static func removals(of event: Event) -> [([String], [UInt8])] {
        edits(of: event) { _ in nil }
    }

    /// Each field that is not of the same sort replaced.
    static func replacements(of event: Event, by value: JSON) -> [([String], [UInt8])] {
        edits(of: event) { old in
            switch (old, value) {
            case (.object, .object), (.array, .array): old
            default: value
            }
        }.filter { path, line in
            line != event.line && !(path.count > 2 && opaque.contains(path[1]))
        }
    }

    /// A field of an unknown name put into each object.
    static func additions(to event: Event) -> [([String], [UInt8])] {
        guard let json = try? JSON(event.line, .record) else { return [] }
        return objects(in: json, at: []).filter { !($0.count > 1 && opaque.contains($0[1])) }.map {
            path in
            (path, add(to: json, at: path[...]).canonicalBytes)
        }
    }

    static func replace(_ text: String, with other: String, in line: [UInt8]) -> [UInt8] {
        Array(String(decoding: line, as: UTF8.self).replacing(text, with: other).utf8)
    }

    private static func edits(
        of event: Event, _ change: (JSON) -> JSON?
    ) -> [([String], [UInt8])] {
        guard let json = try? JSON(event.line, .record) else { return [] }
        return fields(in: json, at: []).map { path in
            (path, edit(json, at: path[...], change).canonicalBytes)
        }
    }

    private static func fields(in json: JSON, at path: [String]) -> [[String]] {
        switch json {
        case .object(let fields):
            fields.sorted { $0.key < $1.key }.flatMap { name, value in
                [path + [name]] + self.fields(in: value, at: path + [name])
            }
        case .array(let items):
            items.enumerated().flatMap { self.fields(in: $1, at: path + [String($0)]) }
        default: []
        }
    }

    private static func objects(in json: JSON, at path: [String]) -> [[String]] {
        switch json {
        case .object(let fields):
            [path]
                + fields.sorted { $0.key < $1.key }.flatMap {
                    objects(in: $0.value, at: path + [$0.key])
                }
        case .array(let items):
            items.enumerated().flatMap { objects(in: $1, at: path + [String($0)]) }
        default: []
        }
    }

    private static func edit(
        _ json: JSON, at path: ArraySlice<String>, _ change: (JSON) -> JSON?
    ) -> JSON {
        guard let name = path.first else { return json }
        switch json {
        case .object(var fields):
            guard let value = fields[name] else { return json }
            fields[name] =
                path.count == 1 ? change(value) : edit(value, at: path.dropFirst(), change)
            return .object(fields)
        case .array(var items):
            guard let index = Int(name) else { return json }
            items[index] = edit(items[index], at: path.dropFirst(), change)
            return .array(items)
        default: return json
        }
    }

    private static func add(to json: JSON, at path: ArraySlice<String>) -> JSON {
        switch (json, path.first) {
        case (.object(var fields), nil):
            fields["zzz"] = .number(1)
            return .object(fields)
        case (.object(var fields), let name?):
            fields[name] = fields[name].map { add(to: $0, at: path.dropFirst()) }
            return .object(fields)
        case (.array(var items), let name?):
            guard let index = Int(name) else { return json }
            items[index] = add(to: items[index], at: path.dropFirst())
            return .array(items)
        default: return json
        }
    }
}
