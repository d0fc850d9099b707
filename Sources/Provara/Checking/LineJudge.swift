// Judges lines of the log one by one: form, id, signature. This is where the time of a check goes,
// so it depends on nothing but the line and the keys at hand, and runs on every processor at once.

import Sodium

/// What judging a line needs to know of the vault.
struct LineJudge: Sendable {
    /// Public keys by id. That a key is here gives it no standing: an id follows from its key, so a
    /// signature can be checked before it is known what the key is worth at that place.
    let keys: [KeyID: VaultPublicKey]
    /// Tables for keys that sign much. Only for events that do no more than stand there: where
    /// authority rests on an event, libsodium alone is asked.
    var prepared: [KeyID: PreparedKey] = [:]
    /// The longest line that is read.
    let longestLine: Int

    /// One line in so many is put to libsodium although a table accepted it, beginning with a
    /// random one in each block, so that nobody can know which.
    private static let trial = 64

    /// Judges every line of a block.
    func lines(of block: LogBlock) -> [JudgedLine] {
        if block.isOverlong {
            var line = JudgedLine(range: 0..<0)
            line.faults = [
                Fault(
                    rule: .malformedLine,
                    detail: "the line is longer than \(longestLine) bytes and was not read")
            ]
            return [line]
        }
        var lines: [JudgedLine] = []
        let first = prepared.isEmpty ? 0 : Int.random(in: 0..<Self.trial)
        var start = 0
        while start < block.bytes.count {
            let end = block.bytes.place(of: UInt8(ascii: "\n"), from: start)
            let isTrial = (lines.count + first) % Self.trial == 0
            lines.append(judge(block.bytes, start..<(end ?? block.bytes.count), isTrial: isTrial))
            start = (end ?? block.bytes.count) + 1
        }
        return lines
    }

    /// Judges the line that stands in a range of these bytes.
    func judge(_ bytes: [UInt8], _ range: Range<Int>, isTrial: Bool = true) -> JudgedLine {
        var line = JudgedLine(range: range)
        let text = Array(bytes[range])
        guard !text.isEmpty else {
            line.faults.append(Fault(rule: .malformedLine, detail: "the line is empty"))
            return line
        }
        let object: PythonObject
        do throws(PythonJSONError) {
            let value = try PythonJSON(text, PythonJSON.Limits(bytes: longestLine))
            guard let members = value.members else {
                line.faults.append(
                    Fault(rule: .malformedLine, detail: "the line is no JSON object"))
                return line
            }
            object = members
        } catch {
            let rule: Vault.Rule =
                error.problem == .byteOrderMark ? .byteOrderMark : .malformedLine
            line.faults.append(Fault(rule: rule, detail: "the line cannot be read: \(error)"))
            return line
        }
        let event = EventBytes(object)
        if event.whole != text {
            line.faults.append(
                Fault(rule: .notCanonical, detail: "the line is not in the canonical form"))
        }
        var reader = EnvelopeReader(object, event)
        line.event = reader.event(keys, isTrial ? [:] : prepared)
        line.faults += reader.faults
        return line
    }
}

/// Reads what every event has, and notes what is wrong with it.
private struct EnvelopeReader {
    private let object: PythonObject
    private let bytes: EventBytes
    private(set) var faults: [Fault] = []

    init(_ object: PythonObject, _ bytes: EventBytes) {
        self.object = object
        self.bytes = bytes
    }

    /// The event; `nil` where it has no id or no actor.
    mutating func event(_ keys: [KeyID: VaultPublicKey], _ prepared: [KeyID: PreparedKey])
        -> JudgedEvent?
    {
        let id = required("event_id", "is no event id") { EventID($0) }
        let actor = required("actor", "is no text") { $0.isEmpty ? nil : ActorID($0) }
        let type = required("type", "is no text") { $0.isEmpty ? nil : $0 } ?? ""
        let time = required("timestamp_utc", "is no text") { $0.isEmpty ? nil : $0 } ?? ""
        let previous = previousEvent()
        let logicalTime = optionalLogicalTime()
        checkNamespace(of: type)
        let isUnsigned = isAbsent("sig")
        let signer =
            isUnsigned && isAbsent("actor_key_id")
            ? nil : required("actor_key_id", "is no key id") { KeyID($0) }
        var payload = PythonObject()
        if let members = object["payload"]?.members {
            payload = members
        } else {
            note(.badMember, "payload is absent or no object")
        }
        if !type.isEmpty, !EventType.isProper(type) {
            note(.strangeType, "the type is \(type.printable)")
        }
        guard let id, let actor else { return nil }
        let isRedacted = payload["redacted"] == .bool(true)
        let kind: JudgedEvent.Kind
        if isRedacted {
            kind = .tombstone(by: payload["redaction_event_id"]?.text.flatMap { EventID($0) })
        } else {
            kind = payloadKind(type, payload)
            checkID(id)
        }
        var usable: PreparedKey?
        if case .plain = kind, let signer { usable = prepared[signer] }
        return JudgedEvent(
            id: id, actor: actor, signer: signer, previous: previous, time: time,
            logicalTime: logicalTime, type: type,
            signature: isUnsigned
                ? .absent : signature(signer, keys, usable, isRedacted: isRedacted),
            kind: kind)
    }

    private mutating func note(_ rule: Vault.Rule, _ detail: String) {
        faults.append(Fault(rule: rule, detail: detail))
    }

    private func isAbsent(_ name: String) -> Bool {
        switch object[name] {
        case nil, .null, .string(""): true
        default: false
        }
    }

    private mutating func required<Value>(
        _ name: String, _ otherwise: String, _ read: (String) -> Value?
    ) -> Value? {
        if let text = object[name]?.text, let value = read(text) { return value }
        note(.badMember, object[name] == nil ? "\(name) is absent" : "\(name) \(otherwise)")
        return nil
    }

    private mutating func previousEvent() -> JudgedEvent.Previous {
        switch object["prev_event_hash"] {
        case .null: return .none
        case .string(let text):
            if let id = EventID(text) { return .event(id) }
            note(.badMember, "prev_event_hash is neither null nor an event id")
        case nil: note(.badMember, "prev_event_hash is absent; an actor's first event has null")
        default: note(.badMember, "prev_event_hash is neither null nor an event id")
        }
        return .unreadable
    }

    private mutating func optionalLogicalTime() -> Int? {
        switch object["ts_logical"] {
        case nil, .null: return nil
        case .integer(let number) where number >= 0: return number
        default:
            note(.badMember, "ts_logical is no whole number")
            return nil
        }
    }

    private mutating func checkNamespace(of type: String) {
        switch object["namespace"] {
        case nil, .null: return
        case .string(let namespace):
            let isAboutKeys = EventType.Known(type)?.isAboutKeys == true
            guard
                !EventNamespace.isProper(namespace)
                    || isAboutKeys && !namespace.isSame(as: EventNamespace.canonical)
            else { return }
            note(
                .strangeNamespace,
                "the namespace of this \(type.printable) is \(namespace.printable)")
        default: note(.badMember, "namespace is no text")
        }
    }

    private mutating func checkID(_ id: EventID) {
        guard EventID(content: bytes.content) != id else { return }
        // The package's own append, seal and rotation leave actor_key_id out.
        guard EventID(content: bytes.contentWithoutSigner) != id else { return }
        note(.wrongEventID, "the event id is not that of the content")
    }

    private mutating func signature(
        _ signer: KeyID?, _ keys: [KeyID: VaultPublicKey], _ prepared: PreparedKey?,
        isRedacted: Bool
    ) -> JudgedEvent.Signature {
        guard let text = object["sig"]?.text, let signature = Base64.decode(text, count: 64) else {
            note(.badSignature, "sig is not the base64 of 64 bytes")
            return .invalid
        }
        guard let signer else { return .invalid }
        if isRedacted { return .gone }
        let message = bytes.signed
        if let prepared, prepared.isValid(signature: signature, of: message) { return .valid }
        guard let key = keys[signer] else { return .open(message: message, signature: signature) }
        return Ed25519.isValid(signature: signature, of: message, by: key.bytes) ? .valid : .invalid
    }

    private mutating func payloadKind(_ type: String, _ payload: PythonObject) -> JudgedEvent.Kind {
        do throws(PayloadFault) {
            switch EventType.Known(type) {
            case .genesis: return .genesis(try GenesisRecord(.object(payload)))
            case .revocation: return .revocation(try RevocationPayload(payload))
            case .promotion: return .promotion(try PromotionPayload(payload))
            case .seal: return .seal
            case .redaction:
                guard let target = payload["target_event_id"]?.text.flatMap({ EventID($0) }) else {
                    throw PayloadFault("target_event_id")
                }
                return .redaction(of: target)
            case .attestation:
                guard let target = payload["target_event_id"]?.text.flatMap({ EventID($0) }) else {
                    return .plain
                }
                return .attestation(
                    AttestationFacts(
                        target: target, status: payload["status"]?.text ?? "",
                        evidenceHash: payload["evidence_hash"]?.text ?? "", claim: Claim(payload)))
            case nil: return .plain
            }
        } catch {
            switch EventType.Known(type) {
            case .revocation: note(.badRevocation, error.text)
            case .promotion: note(.badPromotion, error.text)
            case .genesis: note(.badMember, "GENESIS: \(error.text)")
            default: note(.badMember, error.text)
            }
            return .unreadable
        }
    }
}
