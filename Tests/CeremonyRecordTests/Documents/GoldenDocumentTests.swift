// Each document against the bytes that were read through once, line by line beside FORMATS
// section 4. A change here is a change of the format: old signatures would no longer be found.

import CeremonyRecord
import Testing

@Suite("Documents, byte for byte")
struct GoldenDocumentTests {
    static let names = ["statement", "key-record", "act", "acceptance", "genesis", "invite"]

    @Test("a document is written as the file beside the tests", arguments: zip(names, Samples.all))
    func written(name: String, document: AnyDocument) throws {
        let file = try Vectors.bytes("documents/\(name).txt")
        #expect(
            String(decoding: document.bytes, as: UTF8.self) == String(decoding: file, as: UTF8.self)
        )
        #expect(document.bytes == file)
        #expect(document.digest == Digest(of: file))
    }

    @Test("a document is read from its file by its first line", arguments: zip(names, Samples.all))
    func read(name: String, document: AnyDocument) throws {
        #expect(try AnyDocument(bytes: try Vectors.bytes("documents/\(name).txt")) == document)
    }

    @Test("a key record tells the fingerprint of its key")
    func fingerprint() {
        #expect(Samples.keyRecord.fingerprint == Samples.keys[1].fingerprint)
    }

    @Test("a statement's own fields are found by name only when they stand once")
    func kindFields() throws {
        var statement = Samples.statement
        statement.fields = [
            Field(name: "halt", value: "3"), Field(name: "halt", value: "9"),
            Field(name: "note", value: "x"),
        ]
        let fields = try Statement(bytes: statement.bytes).fields
        #expect(fields.names == ["halt", "halt", "note"])
        #expect(fields["halt"] == nil)
        #expect(fields.all("halt") == ["3", "9"])
        #expect(fields["note"] == "x")
        #expect(fields["absent"] == nil)
    }
}
