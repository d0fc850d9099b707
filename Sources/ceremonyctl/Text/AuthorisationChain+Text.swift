// The chain of a key for people and for scripts: ceremony by ceremony, signature by signature.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

extension AuthorisationChain {
    /// For people.
    func text(verifiedAgainst root: Digest) -> [String] {
        ["Authorisation chain; every signature was verified in the log with root", "  \(root)"]
            + chapters.flatMap { chapter in
                ["\(chapter.effect.text) by \(chapter.ceremony) (\(chapter.kind)):"]
                    + chapter.links.flatMap(\.text)
            }
    }

    /// For scripts.
    var json: JSON {
        .array(
            chapters.map { chapter in
                .fields([
                    "effect": .string(chapter.effect.rawValue),
                    "ceremony": .string(chapter.ceremony), "kind": .string(chapter.kind),
                    "links": .array(chapter.links.map(\.json)),
                ])
            })
    }
}

extension AuthorisationChain.Chapter.Effect {
    fileprivate var text: String {
        switch self {
        case .made: "Made"
        case .replaced: "Replaced"
        case .revoked: "Revoked"
        }
    }
}

extension AuthorisationChain.Link {
    fileprivate var text: [String] {
        [
            "  \(part.rawValue) \(name)" + (role.map { ", \($0)" } ?? ""),
            "    signed    \(moment.time), event \(moment.seq), by \(key)",
            "    document  \(title), \(digest)", "    purpose   \(namespace.rawValue)",
            "    signature \(Base64.encode(sshsig))", "    because   \(justification)",
        ] + evidence.map { "    evidence  \($0.what) \($0.digest)" }
    }

    fileprivate var json: JSON {
        .fields([
            "part": .string(part.rawValue), "name": .string(name), "role": .text(role),
            "key": .string("\(key)"), "seq": .number(moment.seq),
            "time": .string("\(moment.time)"), "title": .string(title),
            "document": .string("\(digest)"), "namespace": .string(namespace.rawValue),
            "sshsig": .string(Base64.encode(sshsig)), "justification": .string(justification),
            "evidence": .array(
                evidence.map {
                    .fields(["what": .string($0.what), "digest": .string("\($0.digest)")])
                }),
        ])
    }
}
