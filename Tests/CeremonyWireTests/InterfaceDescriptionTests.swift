// The definition file is parsed, not trusted: what it says is what calls are held to.

import CeremonyRecord
import CeremonyWire
import Testing

@Suite("Interface definitions")
struct InterfaceDescriptionTests {
    @Test("our own definition is one, and defines the errors that the protocol layer answers")
    func ours() throws {
        let description = try CeremonyInterface.description()
        #expect(description.name == CeremonyInterface.name)
        #expect(
            description.methods["Unlock"]?.output.map(\.name) == [
                "head", "ticket", "path", "seconds", "token",
            ])
        let lagged = VarlinkError.lagged(resumeFrom: 4)
        for error in [lagged, .stopping, .replyTooLarge, .internalError] {
            let name = String(error.name.dropFirst(CeremonyInterface.name.utf8.count + 1))
            let fields = try #require(description.errors[name])
            #expect(description.firstFault(in: error.parameters, against: fields) == nil)
        }
    }

    static let text = """
        # comment
        interface org.example.a-b
        type T (kind: (one, two), inner: ?T, many: [][string]int)
        method M(t: T, free: object, flag: ?bool) -> ()
        error E (line: string)
        """

    @Test(
        "values are held to their types",
        arguments: [
            (#"{"t":{"kind":"one","many":[]},"free":{}}"#, nil),
            (#"{"t":{"kind":"two","many":[{"x":1}],"inner":null},"free":{"a":1}}"#, nil),
            (#"{"t":{"kind":"two","many":[]},"free":{},"flag":true}"#, nil),
            (#"{"free":{}}"#, "t"),
            (#"{"t":{"kind":"three","many":[]},"free":{}}"#, "t.kind"),
            (#"{"t":{"kind":"one","many":[{"x":"1"}]},"free":{}}"#, "t.many[0].x"),
            (#"{"t":{"kind":"one","many":[],"inner":{"kind":"one"}},"free":{}}"#, "t.inner.many"),
            (#"{"t":{"kind":"one","many":[]},"free":[]}"#, "free"),
            (#"{"t":{"kind":"one","many":[]},"free":{},"fee":1}"#, "fee"),
            (#"{"t":{"kind":"one","many":[]},"free":{},"flag":0}"#, "flag"),
        ] as [(String, String?)])
    func checking(text: String, fault: String?) throws {
        let description = try InterfaceDescription(Self.text)
        let method = try #require(description.methods["M"])
        let value = try JSON(Array(text.utf8), .message(bytes: 1000))
        guard case .object(let parameters) = value else { return }
        #expect(description.firstFault(in: parameters, against: method.input) == fault)
    }

    @Test(
        "what is no definition is refused, with its line",
        arguments: [
            ("", 1), ("interface", 1), ("interface a.b\nmethod M()", 2),
            ("interface a.b\n\nmethod M() -> (x: Y)", 1), ("interface a.b\ntype T (a, b: int)", 2),
            ("interface a.b\ntype T ()\ntype T ()", 3),
            ("interface a.b\nerror E (a: int, a: int)", 2),
            ("interface a.b\nerror E (a)", 2), ("interface a.b\nthing X ()", 2),
        ])
    func faults(text: String, line: Int) throws {
        let fault = #expect(throws: InterfaceDescription.Fault.self) {
            try InterfaceDescription(text)
        }
        #expect(fault?.line == line)
    }

    @Test("deep nesting is refused and not followed")
    func nesting() {
        let text = "interface a.b\nerror E (a: " + String(repeating: "?", count: 100_000)
        #expect(throws: InterfaceDescription.Fault.self) { try InterfaceDescription(text) }
    }
}
