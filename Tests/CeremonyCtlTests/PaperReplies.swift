// What an honest daemon answers, from a log in memory: the types of the interface's own text.

import CeremonyRecord
import CeremonyRules
import TestSupport

/// The replies of an honest daemon.
enum PaperReplies {
    static func answer(_ method: String, _ parameters: [String: JSON], _ house: inout House) throws
        -> [String: JSON]
    {
        var fields = try JSONFields(.object(parameters))
        var reply: [String: JSON]
        switch method {
        case "Status": reply = ["status": status(house), "clock": clock(house)]
        case "Log":
            let from = try fields.number("from")
            let limit = try fields.optionalNumber("limit") ?? 1000
            reply = [
                "lines": .strings(
                    house.lines.dropFirst(from).prefix(limit).map {
                        String(decoding: $0, as: UTF8.self)
                    })
            ]
        case "Predecessor":
            let number = try fields.number("log")
            guard house.earlier.indices.contains(number - 1) else {
                throw Refusal(.unknownPrefix, "There is no log before it.")
            }
            let kept = house.earlier[number - 1]
            let lines = kept.events.split(separator: 0x0a)
            let from = try fields.number("from")
            let limit = try fields.optionalNumber("limit") ?? 1000
            reply = [
                "origin": .string("unread"), "size": .number(lines.count),
                "checkpoint": .string(String(decoding: kept.checkpoint, as: UTF8.self)),
                "lines": .strings(
                    lines.dropFirst(from).prefix(limit).map {
                        String(decoding: $0, as: UTF8.self)
                    }),
            ]
        case "Proof": reply = try proof(of: try fields.number("seq"), house)
        case "Consistency":
            let tree = MerkleTree(leaves: house.lines.map(TreeHash.leaf))
            guard
                let proof = tree.consistencyProof(
                    from: try fields.number("from"), to: try fields.number("to"))
            else { throw Refusal(.unknownPrefix, "There is no such size.") }
            reply = ["path": .strings(proof.path.map { Base64.encode($0.bytes) })]
        case "Show":
            let id = try fields.string("ceremony")
            guard let ceremony = house.state.ceremony(named: id) else {
                throw Refusal(.unknownCeremony, "There is no ceremony \(id).")
            }
            reply = ["ceremony": self.ceremony(ceremony, house)]
        case "Questions":
            let id = try fields.string("ceremony")
            guard let question = try house.question(of: id) else {
                throw Refusal(.notYet, "Nobody is asked.")
            }
            reply = ["questions": .array([PaperReplies.question(question)])]
        case "Answer":
            let signatures = try fields.strings("signatures").compactMap { Base64.decode($0) }
            let question = try house.question(of: try fields.string("ceremony"))
            guard question?.isAnswered(by: signatures) ?? false else {
                throw Refusal(.badSignature, "These are not the signatures.")
            }
            reply = [:]
        case "List":
            reply = try list(&fields, house)
        case "Deadlines": reply = deadlines(house)
        case "Tokens": reply = ["tokens": .array([token])]
        case "Draft": reply = ["document": .strings(try draft(&fields, &house).lines)]
        case "Submit": reply = ["outcome": try submit(&fields, &house)]
        default: throw Refusal(.malformed, "Nobody answers \(method) here.")
        }
        reply["head"] = try head(house)
        return reply
    }

    /// A key that is asked, as `Questions` lists it.
    static func question(_ question: Question) -> JSON {
        .fields([
            "person": .string(question.person), "key": .string(question.key.line),
            "record": question.made.map { .strings($0.record.lines) },
            "possession": question.made.map { .string(Base64.encode($0.possession)) },
        ])
    }

    static func head(_ house: House, size: Int? = nil) throws -> JSON {
        let note = try house.checkpoint(size: size)
        let covered = try Checkpoint(text: note.text).head
        return .fields([
            "origin": .string(house.genesis.log), "mode": .string(house.genesis.mode.rawValue),
            "size": .number(covered.size), "root": .string("\(covered.root)"),
            "signed": .number(covered.size),
            "checkpoint": .string(String(decoding: note.bytes, as: UTF8.self)),
            "halted": .bool(house.state.isHalted), "sealed": .bool(false),
            "time": .string("\(house.state.head.time)"),
        ])
    }

    private static func clock(_ house: House) -> JSON {
        .fields([
            "reads": .string("\(house.now)"), "time": .string("\(house.now)"),
            "standing": .string("right"), "wants_date": .bool(false),
        ])
    }

    /// One ceremony a page: whoever lists them walks.
    private static func list(_ fields: inout JSONFields, _ house: House) throws -> [String: JSON] {
        let isOpen = try fields.optionalString("state") == "open"
        let after = try fields.optionalString("after")
        let open = house.state.live + house.state.unattested
        var rest = house.state.allCeremonies.reversed().filter { !isOpen || open.contains($0.id) }
        if let after, let place = rest.firstIndex(where: { $0.id == after }) {
            rest.removeFirst(place + 1)
        }
        var reply = ["ceremonies": JSON.array(rest.prefix(1).map { ceremony($0, house) })]
        if rest.count > 1 { reply["next"] = .string(rest[0].id) }
        return reply
    }

    private static func status(_ house: House) -> JSON {
        .fields([
            "epoch": .number(1), "roster_seq": .number(1), "now": .string("\(house.now)"),
            "halt_file": .bool(false),
            "rollback_guard": .fields(["state": .string("kept"), "covers": .number(2)]),
            "log_keys": .fields(["keys": .array([])]),
            "halts": .array([]), "halt_count": .number(0),
            "live_count": .number(house.state.live.count),
            "unattested_count": .number(house.state.unattested.count), "debris": .array([]),
        ])
    }

    private static func deadlines(_ house: House) -> [String: JSON] {
        let agenda = house.state.agenda(at: house.now)
        return [
            "deadlines": .array(
                agenda.map {
                    .fields([
                        "matter": .string($0.matter.rawValue), "subject": .text($0.subject),
                        "key": .text($0.key.map { "\($0)" }), "token": .text($0.token),
                        "vault": .text($0.vault?.vault), "vault_key": .text($0.vault?.id),
                        "ceremony": .text($0.ceremony), "date": .string("\($0.date)"),
                        "since": .text($0.since.map { "\($0)" }),
                        "due": .bool($0.isDue(at: house.now)), "text": .string($0.text),
                    ])
                }),
            "due": .number(agenda.count { $0.isDue(at: house.now) }),
            "total": .number(agenda.count), "now": .string("\(house.now)"),
        ]
    }

    private static func proof(of seq: Int, _ house: House) throws -> [String: JSON] {
        let tree = MerkleTree(leaves: house.lines.map(TreeHash.leaf))
        guard let inclusion = tree.inclusionProof(of: seq, in: tree.size) else {
            throw Refusal(.unknownPrefix, "There is no event \(seq).")
        }
        let proof = try LogProof(inclusion, checkpoint: try house.checkpoint())
        return [
            "line": .string(String(decoding: house.lines[seq], as: UTF8.self)),
            "proof": .string(String(decoding: proof.bytes, as: UTF8.self)),
        ]
    }

    private static func draft(_ fields: inout JSONFields, _ house: inout House) throws -> Statement
    {
        let kind = try fields.string("kind")
        var parameters = ["token": House.token.uri]
        if var given = try fields.optionalObject("parameters") {
            for name in given.names { parameters[name] = try given.string(name) }
        }
        if kind == ProvaraRotation.name {
            // What an engine would see of its vault; its facts stand above what was said.
            let facts = House.vaultFacts(
                revoke: House.vaultRootKey.publicKey, authority: House.vaultQuorumKey.publicKey)
            parameters.merge(facts) { $1 }
            parameters["promoter-key"] = facts["authority-key"]
            for name in ["roles", "introduced", "token", "id"] {
                parameters["promoter-" + name] = facts["authority-" + name]
            }
        }
        return try house.state.statement(
            for: Draft(
                kind: kind, subject: try fields.string("subject"), parameters: parameters,
                initiator: Signatory(
                    name: try fields.string("initiator"),
                    fingerprint: try fields.parsed("key", as: "a fingerprint") { Fingerprint($0) }),
                reason: try fields.string("reason"), drafted: house.now, nonce: house.nonce()))
    }

    private static func submit(_ fields: inout JSONFields, _ house: inout House) throws -> JSON {
        let lines = try fields.strings("document")
        let sshsig = try fields.parsed("signature", as: "base64", Base64.decode)
        let seq = house.state.head.size
        try house.decide(
            .submit(document: lines.flatMap { Array($0.utf8) + [0x0a] }, sshsig: sshsig))
        return .fields(["seq": .number(seq), "repeat": .bool(false), "events": .array([])])
    }

    static let token = JSON.fields([
        "name": .string("house"), "label": .string(House.token.label),
        "manufacturer": .string(House.token.manufacturer), "model": .string(House.token.model),
        "serial": .string(House.token.serial), "uri": .string(House.token.uri),
        "unlocked": .bool(true), "ed25519": .bool(true), "pin_tries": .string("ok"),
        "asks_itself": .bool(false), "module": .string("/lib/token.so"), "log_token": .bool(true),
    ])

    static func ceremony(_ ceremony: Ceremony, _ house: House) -> JSON {
        let statement = ceremony.statement
        let status = ceremony.key.flatMap(house.state.key)?.status(at: house.now)
        return .fields([
            "id": .string(ceremony.id), "kind": .string(ceremony.kind),
            "subject": .string(statement.subject), "state": .string(ceremony.state.rawValue),
            "seq": .number(ceremony.opened.seq), "opened": .string("\(ceremony.opened.time)"),
            "expires": .string("\(statement.expires)"),
            "initiator": .string(statement.initiator.name), "reason": .string(statement.reason),
            "digest": .string("\(ceremony.digest)"), "document": .strings(ceremony.opening.lines),
            "approvals": responses(ceremony.approvals, statement.excluded, house),
            "acceptances": .array(ceremony.acceptances.map(acceptances)),
            "attestations": responses(ceremony.attestations, statement.excluded, house),
            "executing": ceremony.execution.map {
                .fields(["seq": .number($0.seq), "time": .string("\($0.time)")])
            },
            "asked": .strings(
                [
                    ceremony.state == .executing
                        ? (try? house.question(of: ceremony.id))?.person : nil
                ].compactMap(\.self)),
            "peers": .array(
                ceremony.peers.map { peer in
                    .fields([
                        "name": .string(peer.name), "key": .string("\(peer.fingerprint)"),
                        "answer": .string(
                            ceremony.confirmations[peer.name] == nil ? "open" : "yes"),
                    ])
                }),
            "end": ceremony.end.map {
                .fields([
                    "seq": .number($0.seq), "time": .string("\($0.time)"),
                    "reason": .text($0.reason), "detail": .text($0.detail),
                    "left": .strings($0.left),
                ])
            },
            "record": ceremony.record.map { .strings($0.lines) },
            "record_digest": .text(ceremony.record.map { "\($0.digest)" }),
            "attest_by": .text(ceremony.attestDeadline.map { "\($0)" }),
            "key": .text(ceremony.key.map { "\($0)" }), "key_status": .text(status?.rawValue),
        ])
    }

    private static func acceptances(_ set: AcceptanceSet) -> JSON {
        .object([
            "set": .string(set.name), "need": .number(set.need), "have": .number(set.count),
            "rows": .array(
                set.invited.map {
                    .fields([
                        "name": .string($0.name), "key": .string("\($0.fingerprint)"),
                        "answer": .string(set.answers[$0.fingerprint] == nil ? "open" : "yes"),
                    ])
                }),
        ])
    }

    private static func responses(_ set: ResponseSet, _ excluded: [String], _ house: House) -> JSON
    {
        let rows = set.names.map { name -> JSON in
            let answer = set.answers[name]
            let absence = house.state.absence(of: name, in: set)
            let word = answer.map { $0.isYes ? "yes" : "no" } ?? (absence == nil ? "open" : "gone")
            return .fields([
                "name": .string(name), "kind": .string("keeper"), "keys": .array([]),
                "answer": .string(word), "at": .text(answer.map { "\($0.time)" }),
                "reason": .text(answer?.reason ?? absence),
            ])
        }
        let outside = excluded.map { name -> JSON in
            .fields([
                "name": .string(name), "kind": .string("none"), "keys": .array([]),
                "answer": .string("excluded"),
            ])
        }
        return .object([
            "need": .number(set.threshold), "people": .number(set.people),
            "have": .number(set.count), "rows": .array(rows + outside),
        ])
    }
}
