// The engine's words as errors of the interface. The exit code comes from the interface's table.

import CeremonyEngine
import CeremonyRecord
import CeremonyWire

extension EngineError {
    /// The error `Refused`.
    var wireError: VarlinkError {
        .refused(code, detail, next: next, requirement: requirement, seq: seq)
    }
}

extension VarlinkError {
    static func refused(
        _ code: String, _ message: String, next: String? = nil, requirement: String? = nil,
        seq: Int? = nil
    ) -> VarlinkError {
        var parameters: [String: JSON] = [
            "code": .string(code), "message": .string(message),
            "exit": .number(RefusalTable.exit(for: code)),
        ]
        parameters["next"] = .text(next)
        parameters["requirement"] = .text(requirement)
        parameters["seq"] = .count(seq)
        return VarlinkError(CeremonyInterface.name + ".Refused", parameters)
    }
}
