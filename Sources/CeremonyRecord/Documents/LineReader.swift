// Takes a document apart line by line, in order, and says of the first line that is wrong what
// should stand there. Its counterpart puts lines together.

/// The lines of a document that have not been read yet.
struct LineReader {
    private let lines: [String]
    private var next = 1

    /// Begins behind the title.
    init(_ lines: [String], title: String) throws(DocumentError) {
        guard let first = lines.first, first.utf8.elementsEqual(title.utf8) else {
            throw DocumentError(line: 1, field: nil, problem: "should be: \(title)")
        }
        self.lines = lines
    }

    /// The value of the next line, which must be this field.
    mutating func field<Value>(
        _ name: String, _ form: TextForm<Value>
    ) throws(DocumentError) -> Value {
        let text = try text(name)
        guard let value = form.read(text) else {
            throw refused(name, form.complaint(about: text))
        }
        next += 1
        return value
    }

    /// Skips the next line if it says that this field has nothing.
    mutating func isNone(_ name: String) throws(DocumentError) -> Bool {
        guard try text(name).utf8.elementsEqual("none".utf8) else { return false }
        next += 1
        return true
    }

    /// A run of lines of one field.
    mutating func fields<Element>(
        _ name: String, _ form: TextForm<Element>, count: ClosedRange<Int>,
        order: (Element, Element) -> String?
    ) throws(DocumentError) -> [Element] {
        if count.contains(0), try isNone(name) { return [] }
        var elements: [Element] = []
        while elements.isEmpty || isNext(name) {
            guard elements.count < count.upperBound else {
                throw refused(name, "stands more than \(count.upperBound) times")
            }
            let element = try field(name, form)
            if let last = elements.last, let complaint = order(last, element) {
                next -= 1
                throw refused(name, complaint)
            }
            elements.append(element)
        }
        return elements
    }

    /// A line whose value never varies.
    mutating func fixed(_ name: String, _ value: String) throws(DocumentError) {
        guard try text(name).utf8.elementsEqual(value.utf8) else {
            throw refused(name, "should be: \(value)")
        }
        next += 1
    }

    /// The next field, whatever its name.
    mutating func anyField() throws(DocumentError) -> Field {
        guard next < lines.count else {
            throw DocumentError(line: next + 1, field: nil, problem: "is missing")
        }
        let parts = TextRule.split(lines[next], at: ":", parts: 2)
        guard parts.count == 2, TextRule.isCode(parts[0]), parts[1].utf8.first == 0x20 else {
            throw DocumentError(line: next + 1, field: nil, problem: "is not `field: value`")
        }
        let value = String(parts[1].dropFirst())
        guard TextForm.recordable.read(value) != nil, !value.utf8.isEmpty else {
            throw refused(parts[0], "is not \(TextForm.recordable.expected)")
        }
        next += 1
        return Field(name: parts[0], value: value)
    }

    /// Whether the next line is this field.
    func isNext(_ name: String) -> Bool {
        next < lines.count && lines[next].utf8.starts(with: (name + ": ").utf8)
    }

    /// Demands that every line has been read.
    func finish() throws(DocumentError) {
        guard next == lines.count else {
            throw DocumentError(
                line: next + 1, field: nil, problem: "should not be there: the document has ended")
        }
    }

    /// A complaint about the next line.
    func refused(_ name: String, _ problem: String) -> DocumentError {
        DocumentError(line: next + 1, field: name, problem: problem)
    }

    private func text(_ name: String) throws(DocumentError) -> String {
        guard next < lines.count else {
            throw refused(name, "is missing: the document ends before")
        }
        guard isNext(name) else { throw refused(name, "should stand here as `\(name): value`") }
        return String(decoding: lines[next].utf8.dropFirst(name.utf8.count + 2), as: UTF8.self)
    }
}

/// Lines of a document being written.
struct LineWriter {
    /// The lines so far.
    private(set) var lines: [String]

    /// Begins with the title.
    init(title: String) {
        lines = [title]
    }

    /// Adds `name: value`.
    mutating func field(_ name: String, _ value: String) {
        lines.append(name + ": " + value)
    }
}
