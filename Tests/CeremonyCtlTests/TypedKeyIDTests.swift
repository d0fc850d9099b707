// The key id that somebody types before a key is destroyed.

import CeremonyRecord
import CeremonyTerminal
import Testing

@testable import ceremonyctl

@Suite("a typed key id")
struct TypedKeyIDTests {
    private let id = TypedKeyID([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00, 0xff])

    @Test("is shown in groups of four digits")
    func groups() {
        #expect(id.groups == "0123 4567 89ab cdef 00ff")
        #expect(TypedKeyID([0x9c]).groups == "9c")
    }

    @Test("is the whole of it or its last eight digits, in groups and capitals or not")
    func typed() {
        func matches(_ text: String, _ id: TypedKeyID) -> Bool {
            id.matches(TypedKeyID.plain(Array(text.utf8)))
        }
        for text in ["0123456789abcdef00ff", "0123 4567 89AB CDEF 00FF", "cdef00ff", "CDEF 00ff"] {
            #expect(matches(text, id), "\(text)")
        }
        for text in ["", "ff", "00ff", "def00ff", "bcdef00ff", "01234567", "cdef00fe"] {
            #expect(!matches(text, id), "\(text)")
        }
        // A short one is typed whole.
        #expect(matches("9C", TypedKeyID([0x9c])))
        #expect(!matches("c", TypedKeyID([0x9c])))
    }

    @Test("given as an option it is the whole of it")
    func option() throws {
        try id.obtain("0123 4567 89ab cdef 00ff", about: [])
        #expect(throws: ClientError.self) { try id.obtain("cdef00ff", about: []) }
    }
}
