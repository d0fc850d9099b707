// How the log's values look on the wire. Field names are those of org.ceremonyd.Ceremony.varlink.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyWire

/// JSON for the interface's types.
enum View {
    static func head(_ snapshot: Snapshot) -> JSON {
        let state = snapshot.state
        return .fields([
            "origin": .string(state.log.origin), "mode": .string(state.log.mode.rawValue),
            "size": .number(state.head.size), "root": .string("\(state.head.root)"),
            "signed": .number(snapshot.checkpointSize),
            "checkpoint": .text(snapshot.checkpoint.map { String(decoding: $0, as: UTF8.self) }),
            "halted": .bool(snapshot.isHalted), "sealed": .bool(snapshot.isSealed),
            "time": .string("\(state.head.time)"),
        ])
    }

    static func status(
        _ snapshot: Snapshot, clock time: Timestamp, logKeys: Engine.LogKeyReport
    ) -> JSON {
        let state = snapshot.state
        return .fields([
            "genesis": .string("\(state.log.genesis)"), "epoch": .number(state.roster.epoch),
            "roster_seq": .number(state.rosterSeq),
            "policy": .string("\(state.roster.policy.digest)"), "now": .string("\(time)"),
            "halt_file": .bool(snapshot.isHaltedByFile),
            "halts": .array(
                state.halts.prefix(Limits.pageEntriesMax).map {
                    .fields([
                        "seq": .number($0.seq), "time": .string("\($0.time)"), "by": .text($0.by),
                        "reason": .string($0.reason),
                    ])
                }),
            "halt_count": .number(state.halts.count),
            "halts_held": .array(
                snapshot.halts.prefix(Limits.pageEntriesMax).map { held in
                    let account = held.account
                    return .fields([
                        "since": .text(held.since.map { "\($0)" }), "by": .string(account.by),
                        "reason": .string(account.reason),
                    ])
                }),
            "live": briefs(state.live, state), "live_count": .number(state.live.count),
            "unattested": briefs(state.unattested, state),
            "unattested_count": .number(state.unattested.count),
            "debris": debris(of: state.unrecovered),
            "debris_count": .number(state.unrecovered.count),
            "left_keys": .array(
                state.leftKeys.prefix(Limits.pageEntriesMax).map { left in
                    .fields([
                        "ceremony": .string(left.ceremony),
                        "name": .string(left.participant.name),
                        "key": .string("\(left.participant.fingerprint)"),
                        "new_key": .string("\(left.key.key.fingerprint)"),
                        "token": .string(left.key.token),
                        "token_lost": left.isTokenLost ? .bool(true) : nil,
                    ])
                }),
            "next_due": .text(state.nextDue.map { "\($0)" }),
            "rollback_guard": rollback(snapshot.rollback),
            "log_keys": View.logKeys(logKeys),
        ])
    }

    /// The oldest of them, each in one line.
    private static func briefs(_ ids: [String], _ state: State) -> JSON {
        .array(
            ids.prefix(Limits.pageEntriesMax).compactMap { state.ceremony(named: $0) }.map {
                .object([
                    "id": .string($0.id), "kind": .string($0.kind),
                    "subject": .string($0.statement.subject), "state": .string($0.state.rawValue),
                    "expires": .string("\($0.attestDeadline ?? $0.statement.expires)"),
                ])
            })
    }

    static func clock(_ clock: Engine.ClockReport) -> JSON {
        .fields([
            "reads": .string("\(clock.reads)"), "time": .string("\(clock.time)"),
            "standing": .string(clock.standing.word), "wants_date": .bool(clock.standing.wantsDate),
            "doubt": .text(clock.doubt?.detail), "next": .text(clock.doubt?.next),
        ])
    }

    /// - Parameters:
    ///   - trouble: What kept it from being carried on, where something did.
    ///   - asked: Who is asked to sign for its execution now.
    static func ceremony(
        _ ceremony: Ceremony, _ snapshot: Snapshot, at time: Timestamp, trouble: String? = nil,
        asked: [String] = []
    ) -> JSON {
        let state = snapshot.state
        let statement = ceremony.statement
        let key = ceremony.key.flatMap { state.key($0) }
        return .fields([
            "id": .string(ceremony.id), "kind": .string(ceremony.kind),
            "subject": .string(statement.subject), "state": .string(ceremony.state.rawValue),
            "seq": .number(ceremony.opened.seq), "opened": .string("\(ceremony.opened.time)"),
            "expires": .string("\(statement.expires)"),
            "initiator": .string(statement.initiator.name), "reason": .string(statement.reason),
            "digest": .string("\(ceremony.digest)"),
            "document": .strings(ceremony.opening.lines),
            "approvals": responses(ceremony.approvals, excluded: statement.excluded, state),
            "acceptances": .array(ceremony.acceptances.map(acceptances)),
            "attestations": responses(
                ceremony.attestations, excluded: statement.excluded, state),
            "executing": ceremony.execution.map {
                .fields([
                    "seq": .number($0.seq), "time": .string("\($0.time)"), "by": .text($0.actor),
                    "intent": $0.intent,
                ])
            },
            "end": ceremony.end.map {
                .fields([
                    "seq": .number($0.seq), "time": .string("\($0.time)"),
                    "reason": .text($0.reason),
                    "detail": .text($0.detail), "left": .strings($0.left),
                ])
            },
            "debris": debris(of: ceremony),
            "record": ceremony.record.map { .strings($0.lines) },
            "record_digest": .text(ceremony.record.map { "\($0.digest)" }),
            "attest_by": .text(ceremony.attestDeadline.map { "\($0)" }),
            "key": .text(ceremony.key.map { "\($0)" }),
            "key_status": .text(key?.status(at: time).rawValue),
            "goes_on_despite": .strings(ceremony.goesOnDespite.map(\.rawValue).sorted()),
            "afterwards": .strings(ceremony.afterwards.map(\.name)),
            "left_undone": .bool(ceremony.isLeftUndone),
            "followed_by": .text(ceremony.followedBy),
            "trouble": .text(trouble), "asked": .strings(asked),
            "peers": .array(
                ceremony.peers.map { peer in
                    let moment = ceremony.confirmations[peer.name]
                    let isAwaited =
                        ceremony.state != .completed || ceremony.unconfirmed.contains(peer)
                    return .fields([
                        "name": .string(peer.name), "key": .string("\(peer.fingerprint)"),
                        "answer": .string(
                            moment != nil ? "yes" : isAwaited ? "open" : "gone"),
                        "at": .text(moment.map { "\($0.time)" }),
                    ])
                }),
        ])
    }

    private static func responses(_ set: ResponseSet, excluded: [String], _ state: State) -> JSON {
        let rows = set.names.map { name -> JSON in
            let answer = set.answers[name]
            let lines = set.invited.filter { $0.name == name }
            let absence = state.absence(of: name, in: set)
            let word = answer.map { $0.isYes ? "yes" : "no" } ?? (absence == nil ? "open" : "gone")
            return .fields([
                "name": .string(name), "kind": .text(lines.first?.kind.rawValue),
                "keys": .strings(lines.map { "\($0.fingerprint)" }),
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

    private static func acceptances(_ set: AcceptanceSet) -> JSON {
        .object([
            "set": .string(set.name), "need": .number(set.need), "have": .number(set.count),
            "rows": .array(
                set.invited.map { participant in
                    let answer = set.answers[participant.fingerprint]
                    return .fields([
                        "name": .string(participant.name),
                        "key": .string("\(participant.fingerprint)"),
                        "answer": .string(answer.map { $0.isYes ? "yes" : "no" } ?? "open"),
                        "at": .text(answer.map { "\($0.time)" }), "reason": .text(answer?.reason),
                        "new_key": .text(answer?.newKey.map { "\($0.key.fingerprint)" }),
                    ])
                }),
        ])
    }

    static func key(_ entry: KeyEntry, at time: Timestamp) -> JSON {
        .fields([
            "fingerprint": .string("\(entry.publicKey.fingerprint)"),
            "public_key": .string(entry.publicKey.line), "pem": .text(entry.publicKey.pem),
            "subject": .string(entry.subject), "class": .text(entry.subjectClass),
            "ceremony": .string(entry.ceremony), "origin": .text(entry.origin),
            "status": .string(entry.status(at: time).rawValue),
            "token": .string(entry.token), "key_id": .string(Hex.encode(entry.keyID)),
            "label": .string(entry.label), "registered": .string("\(entry.registered.time)"),
            "activated": .text(entry.activated.map { "\($0.time)" }),
            "until": .text(entry.until.map { "\($0)" }),
        ])
    }

    static func roster(_ roster: Roster) -> JSON {
        .object([
            "epoch": .number(roster.epoch),
            "members": .array(
                roster.members.map { member in
                    .object([
                        "name": .string(member.name), "display": .string(member.display),
                        "kind": .string(member.kind.rawValue),
                        "roles": .strings(member.roles.map(\.rawValue)),
                        "keys": .array(
                            member.keys.map {
                                .fields([
                                    "line": .string($0.key.line),
                                    "fingerprint": .string("\($0.key.fingerprint)"),
                                    "token_serial": .text($0.tokenSerial),
                                ])
                            }),
                    ])
                }),
            "holders": .object(roster.holders.mapValues { .string($0) }),
        ])
    }

    static func outlook(_ outlook: Outlook) -> JSON {
        .object([
            "kind": .string(outlook.kind), "threshold": .number(outlook.threshold),
            "can_be_met": .bool(outlook.canBeMet), "spare": .bool(outlook.hasSpare),
            "indispensable": .strings(outlook.indispensable), "text": .string(outlook.text),
        ])
    }

    static func kind(_ kind: any CeremonyKind.Type, _ policy: Policy) -> JSON {
        let entry = policy.entry(kind: kind.name, class: nil)
        return .fields([
            "name": .string(kind.name), "summary": .string(kind.summary),
            "parameters": .array(
                kind.parameters.map {
                    .fields([
                        "name": .string($0.name), "meaning": .string($0.meaning),
                        "standard": .text($0.standard),
                    ])
                }),
            "threshold": .count(entry?.threshold), "people": .count(entry?.people),
            "attest": .count(entry?.attest), "lifetime": .count(entry?.lifetime),
        ])
    }

    static func outcome(_ recorded: Recorded, _ snapshot: Snapshot, at time: Timestamp) -> JSON {
        let ceremony = recorded.receipt?.ceremony.flatMap { snapshot.state.ceremony(named: $0) }
        return .fields([
            "seq": .count(recorded.receipt?.seq), "ceremony": .text(ceremony?.id),
            "state": .text(ceremony?.state.rawValue), "repeat": .bool(recorded.isRepeat),
            "events": .strings(recorded.events.map(\.body.type)),
            "now": ceremony.map { View.ceremony($0, snapshot, at: time) },
        ])
    }

    static func event(_ event: Event, _ line: [UInt8]) -> [UInt8] {
        JSON.object([
            "seq": .number(event.seq), "type": .string(event.body.type),
            "line": .string(String(decoding: line, as: UTF8.self)),
        ]).canonicalBytes
    }

    static func token(_ name: String, _ token: TokenDescription, _ engine: Engine) -> JSON {
        let logTokens = engine.logTokens
        return .fields([
            "guarded": engine.unsealing(of: name, token).map(guarded),
            "name": .string(name), "label": .string(token.reference.label),
            "manufacturer": .string(token.reference.manufacturer),
            "model": .string(token.reference.model), "serial": .string(token.reference.serial),
            "uri": .string(token.reference.uri), "unlocked": .bool(token.isUnlocked),
            "ed25519": .bool(token.canEd25519), "pin_tries": .string(token.pinTries),
            "asks_itself": .bool(token.asksItself), "module": .string(token.module),
            "log_token": .bool(logTokens.contains(name)),
            "log_place": .number((logTokens.firstIndex(of: name) ?? -1) + 1),
        ])
    }

    /// Who guards a token, by which splits it opens, and whose shares are here.
    static func guarded(_ standing: UnsealStanding) -> JSON {
        let known = standing.guardianship
        return .object([
            "authority": .string(known.authority),
            "splits": .array(
                zip(known.epochs, standing.holders).compactMap { epoch, here in
                    epoch.split.map { split in
                        .object([
                            "ceremony": .string(epoch.ceremony), "epoch": .number(epoch.number),
                            "log": .string(epoch.record.log),
                            "threshold": .number(split.threshold),
                            "members": .strings(epoch.members.map(\.name)),
                            "here": .strings(here),
                            "in_force": .bool(epoch == known.inForce),
                        ])
                    }
                }),
        ])
    }

    static func token(_ name: String, _ error: VaultError, _ logTokens: [String]) -> JSON {
        .fields([
            "name": .string(name), "trouble": .string(error.detail),
            "code": .string(error.code.rawValue), "next": .text(error.engineError.next),
            "log_token": .bool(logTokens.contains(name)),
            "log_place": .number((logTokens.firstIndex(of: name) ?? -1) + 1),
        ])
    }
}
