// What every document that people sign has in common: lines of text, each ended by one LF, in one
// order, so that one content has one sequence of bytes. FORMATS sections 1 and 4.

/// A text that a person signs.
public protocol Document: Sendable, Hashable {
    /// The first line, for example `ceremonyd statement v1`.
    static var title: String { get }
    /// All lines, the title first, without their line ends.
    var lines: [String] { get }
    /// Reads exactly the lines that ``lines`` would give.
    init(lines: [String]) throws(DocumentError)
}

/// Why a text is not the document it claims to be.
public struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1; 0 when it concerns the text as a whole.
    public let line: Int
    /// The field that stands there or should.
    public let field: String?
    /// What is wrong with it.
    public let problem: String

    /// A complaint about one line.
    public init(line: Int, field: String?, problem: String) {
        self.line = line
        self.field = field
        self.problem = problem
    }

    /// One sentence for a person, with the line number and the field.
    public var description: String {
        switch (line, field) {
        case (0, _): "the document \(problem)"
        case (_, nil): "line \(line) \(problem)"
        case (_, let field?): "line \(line), \(field): \(problem)"
        }
    }
}
