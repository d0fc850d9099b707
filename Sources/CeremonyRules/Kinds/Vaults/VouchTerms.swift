// Which contested events a rotation's new key stands for. The statement has a line for each, with
// the digest of what the event says, so that witnesses sign exactly what is vouched for; the
// outcome has the payloads, so that the vault's lines follow from the log alone, years later and
// without a vault.

import CeremonyRecord
import Provara

/// The contested events that the new key stands for, as a statement says it.
struct VouchTerms: Hashable {
    /// One event.
    struct Line: Hashable {
        /// The event.
        let event: EventID
        /// The SHA-256 of its payload in canonical form.
        let payload: Digest
    }

    /// In the order of the vault's log.
    let lines: [Line]

    /// - Throws: ``Refusal`` (`bad-parameter`) where they were not seen, or are not what is seen.
    init(_ parameters: [String: String]) throws(Refusal) {
        let events = try VouchTerms.wanted(in: parameters)
        let digests = VouchTerms.words(parameters["reattest-payloads"]).map { Digest($0) }
        guard digests.count == events.count else {
            throw Refusal(
                .badParameter,
                "What the events say that are to be attested again was not looked at.",
                next: "Let the daemon draft it: ceremonyctl provara rotate VAULT.")
        }
        lines = try zip(events, digests).map { event, digest throws(Refusal) in
            guard let digest else {
                throw Refusal(
                    .badParameter, "What \(event) says is not what is seen in the vault.",
                    next: "Let the daemon draft it: ceremonyctl provara rotate VAULT.")
            }
            return Line(event: event, payload: digest)
        }
    }

    /// The events that are asked about.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`) where one is none, or stands twice, or there are too
    ///   many.
    static func wanted(in parameters: [String: String]) throws(Refusal) -> [EventID] {
        var events: [EventID] = []
        for word in words(parameters["reattest"]) {
            guard let event = EventID(word), !events.contains(event) else {
                throw Refusal(
                    .badParameter,
                    "reattest lists contested events, evt_ and 24 hex digits, each once.",
                    next: "They are listed by: ceremonyctl provara verify VAULT. Leave it out for "
                        + "none.")
            }
            events.append(event)
        }
        guard events.count <= VaultSight.mostVouched else {
            throw Refusal(
                .badParameter,
                "reattest lists \(events.count) events, and one rotation has room for "
                    + "\(VaultSight.mostVouched).", next: VaultSight.whatIsLeft)
        }
        return events
    }

    /// The lines of the statement.
    var fields: [Field] {
        lines.map { Field(name: "reattest", value: "\($0.event) \($0.payload)") }
    }

    /// What the lines of a statement say, as the kind's parameters.
    static func parameters(of fields: Fields) -> [String: String] {
        let lines = fields.all("reattest").map { line in
            line.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        guard !lines.isEmpty else { return ["reattest": "none"] }
        return [
            "reattest": lines.map { $0.first ?? "" }.joined(separator: ","),
            "reattest-payloads": lines.map { $0.count == 2 ? $0[1] : "" }.joined(separator: ","),
        ]
    }

    /// The events with what they say; `nil` unless it is exactly what is vouched for, in its order.
    func events(saying payloads: [[UInt8]]) -> [VouchedEvent]? {
        guard payloads.count == lines.count else { return nil }
        var events: [VouchedEvent] = []
        for (line, payload) in zip(lines, payloads) {
            guard Digest(of: payload) == line.payload,
                let event = VouchedEvent(line.event, payload: payload)
            else { return nil }
            events.append(event)
        }
        return events
    }

    private static func words(_ text: String?) -> [String] {
        guard let text, !text.utf8.elementsEqual("none".utf8) else { return [] }
        return text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

// MARK: - How much there is room for

extension VaultSight {
    /// The most events that one rotation's new key stands for.
    public static let mostVouched = 64
    /// How many bytes of the outcome's event their payloads and signatures may take. An event has
    /// at most 65535; the key's record and evidence, the other signatures and the files take the
    /// rest.
    public static let roomForVouched = 44_000

    /// What one of them takes: payload and signature in base64, with their quotes and commas.
    public static func room(forPayloadOf size: Int) -> Int { (size + 2) / 3 * 4 + 3 + 91 }

    /// What there is for events that one rotation has no room for.
    public static let whatIsLeft =
        "Choose fewer. The others stay contested, and the next rotation of this key can attest "
        + "them again."
}
