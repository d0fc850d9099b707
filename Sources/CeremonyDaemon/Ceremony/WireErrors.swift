// The engine's words as errors of the interface. The exit code comes from the interface's table.

import CeremonyEngine
import CeremonyWire

extension EngineError {
    /// The error `Refused`.
    var wireError: VarlinkError {
        .refused(code, detail, next: next, requirement: requirement, seq: seq)
    }
}
