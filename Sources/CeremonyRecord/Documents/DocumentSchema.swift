// The lines of a document, said once: each column both writes its lines and reads them back, and
// the columns stand in the order of the lines and of the initialiser's arguments.

/// The lines of one sort of document.
struct DocumentSchema<Content: LogDocument>: Sendable {
    private let title: String
    private let meaning: String?
    private let make: @Sendable (inout LineReader) throws(DocumentError) -> Content
    private let write: @Sendable (Content, inout LineWriter) -> Void

    /// A document whose lines are the title, the columns' lines, and `meaning:` where it has one.
    init<each Value: Sendable>(
        title: String, meaning: String?,
        _ initialiser: @escaping @Sendable (repeat each Value) -> Content,
        _ columns: repeat LineColumn<Content, each Value>
    ) {
        self.title = title
        self.meaning = meaning
        make = { reader throws(DocumentError) in
            initialiser(repeat try (each columns).read(&reader))
        }
        write = { content, writer in repeat (each columns).write(content, &writer) }
    }

    /// All lines of a document.
    func lines(of content: Content) -> [String] {
        var writer = LineWriter(title: title)
        write(content, &writer)
        if let meaning { writer.field("meaning", meaning) }
        return writer.lines
    }

    /// Reads a document and demands that writing it gives the same lines.
    func read(_ lines: [String]) throws(DocumentError) -> Content {
        var reader = try LineReader(lines, title: title)
        let content = try make(&reader)
        if let meaning { try reader.fixed("meaning", meaning) }
        try reader.finish()
        guard Origin.isValid(content.log, mode: content.mode) else {
            throw DocumentError(
                line: 3, field: "mode",
                problem: "does not fit the origin: a rehearsal's ends in /rehearsal, no other does")
        }
        let again = self.lines(of: content)
        for (position, line) in lines.enumerated() {
            guard position < again.count, again[position].utf8.elementsEqual(line.utf8) else {
                throw DocumentError(
                    line: position + 1, field: nil, problem: "is not in its one written form")
            }
        }
        return content
    }
}

/// A document of a log: its first two fields say of which.
protocol LogDocument: Document {
    var log: String { get }
    var mode: LogMode { get }
}

/// One field, or a run of fields, of a document.
struct LineColumn<Content, Value: Sendable>: Sendable {
    let read: @Sendable (inout LineReader) throws(DocumentError) -> Value
    let write: @Sendable (Content, inout LineWriter) -> Void

    /// A line that is always there.
    static func line(
        _ name: String, _ path: any KeyPath<Content, Value> & Sendable, _ form: TextForm<Value>
    ) -> Self {
        LineColumn(
            read: { reader throws(DocumentError) in try reader.field(name, form) },
            write: { content, writer in writer.field(name, form.write(content[keyPath: path])) })
    }

    /// A line that says `none` where there is nothing.
    static func lineOrNone<Wrapped>(
        _ name: String, _ path: any KeyPath<Content, Value> & Sendable, _ form: TextForm<Wrapped>
    ) -> Self where Value == Wrapped? {
        LineColumn(
            read: { reader throws(DocumentError) in
                try reader.isNone(name) ? nil : try reader.field(name, form)
            },
            write: { content, writer in
                writer.field(name, content[keyPath: path].map(form.write) ?? "none")
            })
    }

    /// A line for each of several; `none` in one line where that is allowed and there is nothing.
    ///
    /// `order` is a complaint about an element that may not follow another.
    static func lines<Element>(
        _ name: String, _ path: any KeyPath<Content, Value> & Sendable, _ form: TextForm<Element>,
        count: ClosedRange<Int>,
        order: @escaping @Sendable (Element, Element) -> String? = { _, _ in nil }
    ) -> Self where Value == [Element] {
        LineColumn(
            read: { reader throws(DocumentError) in
                try reader.fields(name, form, count: count, order: order)
            },
            write: { content, writer in
                let elements = content[keyPath: path]
                if elements.isEmpty, count.contains(0) { writer.field(name, "none") }
                for element in elements { writer.field(name, form.write(element)) }
            })
    }
}
