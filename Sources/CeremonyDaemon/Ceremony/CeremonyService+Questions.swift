// What people are asked to sign while a ceremony is carried out, and their answers. The signatures
// say who answers; who hands them in does not matter.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyWire

extension CeremonyService {
    /// A ceremony with what only the running daemon knows of it: who is asked, and what keeps it.
    func view(_ ceremony: Ceremony, _ snapshot: Snapshot) -> JSON {
        View.ceremony(
            ceremony, snapshot, at: engine.time, trouble: engine.trouble(of: ceremony.id),
            asked: engine.question(of: ceremony.id)?.person)
    }

    func question(_ parameters: inout Parameters) throws -> [String: JSON] {
        let id = try parameters.string("ceremony")
        guard let question = engine.question(of: id) else {
            throw EngineError(
                Refusal(
                    .notYet, "Nobody is asked to sign anything for \(Display.neutralised(id)) now.",
                    next: "How it stands: ceremonyctl show."))
        }
        return [
            "person": .string(question.person), "key": .string(question.key.line),
            "record": .strings(question.record.lines),
            "possession": .string(Base64.encode(question.possession)),
        ]
    }

    func takeAnswer(_ parameters: inout Parameters) throws -> [String: JSON] {
        let id = try parameters.string("ceremony")
        let signatures = try parameters.strings("signatures").map { text in
            guard let bytes = Base64.decode(text), bytes.count == 64 else {
                throw VarlinkError.invalidParameter("signatures")
            }
            return bytes
        }
        try engine.answer(signatures, for: id)
        return [:]
    }
}
