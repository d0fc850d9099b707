// Takes a TOML table apart key by key. It notes what is wrong and goes on, so that one run shows
// every mistake; a key that nobody asked for is one, because a typo must not become a default.

import TOMLKit

/// Notes problems while a configuration is read.
final class Problems {
    private(set) var all: [String] = []

    func note(_ place: String, _ what: String) { all.append("\(place): \(what)") }
}

/// The keys of one table that have not been taken yet.
struct TableReader {
    private let table: TOMLTable
    private let path: String
    private let problems: Problems
    private var rest: Set<String>

    init(_ table: TOMLTable, at path: String = "", noting problems: Problems) {
        self.table = table
        self.path = path
        self.problems = problems
        rest = Set(table.keys)
    }

    /// The names of the keys that have not been taken, for tables whose keys are data.
    var names: [String] { rest.sorted() }

    /// The full path of a key.
    func place(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

    mutating func string(_ name: String, default standard: String? = nil) -> String {
        optionalString(name) ?? absent(name, standard, "")
    }

    mutating func optionalString(_ name: String) -> String? {
        take(name, "a string in quotes") { $0.string }
    }

    mutating func int(
        _ name: String, in range: ClosedRange<Int>, default standard: Int
    ) -> Int {
        guard let value = take(name, "a whole number", { $0.int }) else { return standard }
        guard range.contains(value) else {
            problems.note(
                place(name), "must be \(range.lowerBound) to \(range.upperBound), is \(value)")
            return standard
        }
        return value
    }

    mutating func strings(_ name: String, default standard: [String]? = nil) -> [String] {
        let items = take(name, "an array of strings") { value -> [String]? in
            guard let array = value.array else { return nil }
            let texts = array.compactMap { $0.string }
            return texts.count == array.count ? texts : nil
        }
        return items ?? absent(name, standard, [])
    }

    mutating func ints(_ name: String, default standard: [Int]? = nil) -> [Int] {
        let items = take(name, "an array of whole numbers") { value -> [Int]? in
            guard let array = value.array else { return nil }
            let numbers = array.compactMap { $0.int }
            return numbers.count == array.count ? numbers : nil
        }
        return items ?? absent(name, standard, [])
    }

    /// Opens a table; an empty one when it is absent.
    mutating func table(_ name: String) -> TableReader {
        let inner = take(name, "a table") { $0.table } ?? TOMLTable()
        return TableReader(inner, at: place(name), noting: problems)
    }

    /// Notes every key that is left.
    func finish() {
        for name in names { problems.note(place(name), "there is no such key") }
    }

    private mutating func take<T>(
        _ name: String, _ what: String, _ read: (any TOMLValueConvertible) -> T?
    ) -> T? {
        guard rest.remove(name) != nil, let value = table[name] else { return nil }
        guard let result = read(value) else {
            problems.note(place(name), "must be \(what)")
            return nil
        }
        return result
    }

    /// What stands for an absent key: the default, or a problem where there is none.
    private func absent<T>(_ name: String, _ standard: T?, _ filler: T) -> T {
        if let standard { return standard }
        if table[name] == nil { problems.note(place(name), "is missing") }
        return filler
    }
}
