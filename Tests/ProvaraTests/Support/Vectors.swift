// Reads the vector files beside the tests. They were made by the package from PyPI and by Python;
// the reader under test reads them too, which Python's own table of texts vouches for.

import Foundation
import Provara
import Testing

/// The files of Tests/ProvaraTests/Vectors.
enum Vectors {
    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appending(path: "Vectors/\(name).json")))
    }

    static func object(_ name: String) throws -> PythonObject {
        try #require(PythonJSON(try bytes(name), .file).members)
    }

    static func items(_ name: String, _ member: String) throws -> [PythonObject] {
        try #require(try object(name)[member]?.items).map { try #require($0.members) }
    }
}

extension PythonObject {
    /// The text of a member that has to be one.
    func text(_ name: String) throws -> String { try #require(self[name]?.text, "\(name)") }
}

/// Lower-case hex.
func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
}

/// SplitMix64: the same numbers on every machine for one seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
