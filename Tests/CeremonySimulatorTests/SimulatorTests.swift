// A few seeds of the simulator with every change, and that nobody can seed an outcome in it: the
// many are started by hand (Scripts/simulate). It takes the jobs of its whole process into its own
// hand, so it is a process.

import Foundation
import Testing

@Suite("The simulator")
struct SimulatorTests {
    @Test("Whatever goes wrong in a few houses, every rule holds, and the same seed does the same")
    func fewSeeds() throws {
        let (status, said) = try simulate("--seeds", "1-8")
        #expect(status == 0, "\(said)")
        // It would prove nothing if it did not get anywhere.
        #expect(said.contains("membership"), "\(said)")
        for word in ["COMPLETED", "timeout", "cancelled", "interrupted"] {
            #expect(said.contains(word), "\(said)")
        }
        let traces = try (0..<2).map { _ in try simulate("--seed", "4", "--trace") }
        #expect(traces[0].said == traces[1].said)
        #expect(traces[0].status == 0)
    }

    @Test("What is written past the engine is noticed, whoever signed it")
    func backDoors() throws {
        let (status, said) = try simulate("--self-test")
        #expect(status == 0, "\(said)")
        #expect(said.split(separator: "\n").count == 4)
        #expect(said.split(separator: "\n").allSatisfy { $0.hasPrefix("noticed: ") }, "\(said)")
    }

    private func simulate(_ arguments: String...) throws -> (status: Int32, said: String) {
        let process = Process()
        // Tests and programs are built into one directory.
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: tests).deletingLastPathComponent()
            .appending(path: "ceremony-simulator")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }
}
