// Frames come in any pieces; what is held is bounded.

import CeremonyWire
import Testing

@Suite("Framing")
struct FrameAssemblerTests {
    @Test("frames are the same however the bytes are cut", arguments: 1...9)
    func anyPieces(size: Int) throws {
        let stream = Array("{\"a\":1}\0\0{}\0half".utf8)
        var assembler = FrameAssembler(limit: 16)
        var frames: [[UInt8]] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            let piece = Array(stream[start..<min(start + size, stream.count)])
            try assembler.append(piece.span)
            while let frame = try assembler.next() { frames.append(frame) }
        }
        #expect(frames == [Array("{\"a\":1}".utf8), [], Array("{}".utf8)])
        #expect(assembler.heldBytes == 4)
        #expect(!assembler.hasFrame)
    }

    @Test("a frame of exactly the limit passes, one byte more does not")
    func limit() throws {
        var assembler = FrameAssembler(limit: 8)
        let nul: [UInt8] = [0]
        let more: [UInt8] = [0x20]
        let fits = [UInt8](repeating: 0x20, count: 8)
        try assembler.append(fits.span)
        try assembler.append(nul.span)
        #expect(try assembler.next() == fits)

        try assembler.append(fits.span)
        #expect(throws: FrameAssembler.FrameTooLarge.self) {
            try assembler.append(more.span)
        }
        #expect(assembler.heldBytes == 0)
    }

    @Test("a second frame over the limit is refused when it is reached")
    func secondFrame() throws {
        var assembler = FrameAssembler(limit: 8)
        let stream = Array("{}\0".utf8) + [UInt8](repeating: 0x20, count: 20)
        try assembler.append(stream.span)
        #expect(throws: FrameAssembler.FrameTooLarge.self) { try assembler.next() }
    }
}
