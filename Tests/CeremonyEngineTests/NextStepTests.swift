// A no without a next step leaves a person alone with it.

import CeremonyEngine
import Testing

@Suite("The next step")
struct NextStepTests {
    @Test(
        "Whatever goes wrong with a token, a person is told what to do now",
        arguments: EngineError.Code.allCases)
    func tokens(_ code: EngineError.Code) throws {
        let error = VaultError(code, "it went wrong").engineError
        #expect(error.code == code.rawValue)
        let next = try #require(error.next)
        #expect(next.hasSuffix("."))
    }
}
