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
            asked: engine.questions(of: ceremony.id).map(\.person))
    }

    func questions(_ parameters: inout Parameters) throws -> [String: JSON] {
        let id = try parameters.string("ceremony")
        try parameters.finish()
        let questions = engine.questions(of: id)
        guard !questions.isEmpty else {
            throw EngineError(
                Refusal(
                    .notYet, "Nobody is asked to sign anything for \(Display.neutralised(id)) now.",
                    next: "How it stands: ceremonyctl show."))
        }
        return [
            "questions": .array(
                questions.map { question in
                    .fields([
                        "person": .string(question.person), "key": .string(question.key.line),
                        "record": question.made.map { .strings($0.record.lines) },
                        "possession": question.made.map {
                            .string(Base64.encode($0.possession))
                        },
                    ])
                })
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
        let key = try parameters.parsed("key") { Fingerprint($0) }
        try parameters.finish()
        try engine.answer(signatures, by: key, for: id)
        return [:]
    }
}
