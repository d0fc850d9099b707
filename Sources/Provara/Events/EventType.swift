// The types of events that the protocol knows by name.

/// Names of event types.
public enum EventType {
    /// The birth of a vault.
    public static let genesis = "GENESIS"
    /// Something seen.
    public static let observation = "OBSERVATION"
    /// A belief confirmed; also a contested event confirmed by a new key.
    public static let attestation = "ATTESTATION"
    /// A key's end.
    public static let revocation = "KEY_REVOCATION"
    /// A key's beginning.
    public static let promotion = "KEY_PROMOTION"
    /// The end of a vault.
    public static let seal = "com.provara.vault.seal"
    /// The removal of an event's content.
    public static let redaction = "com.provara.redaction"

    /// The types of the core. Every other type has a reverse-domain name.
    static let core = [
        genesis, observation, "ASSERTION", attestation, "RETRACTION", revocation, promotion,
        "REDUCER_EPOCH",
    ]

    /// Whether the reference reducer takes a belief from events of this type, so that an
    /// ATTESTATION with the same subject, predicate and value means the same.
    static func isBelieved(_ type: String) -> Bool {
        [observation, "ASSERTION", attestation].contains { $0.isSame(as: type) }
    }

    /// The types whose events do more than stand there. Found by bytes: to Swift's own comparison a
    /// `KEY_REVOCATION` with a Kelvin sign for its K is the same text.
    enum Known: CaseIterable {
        case genesis, revocation, promotion, attestation, redaction, seal

        init?(_ type: String) {
            guard let known = Self.allCases.first(where: { $0.name.isSame(as: type) }) else {
                return nil
            }
            self = known
        }

        private var name: String {
            switch self {
            case .genesis: EventType.genesis
            case .revocation: EventType.revocation
            case .promotion: EventType.promotion
            case .attestation: EventType.attestation
            case .redaction: EventType.redaction
            case .seal: EventType.seal
            }
        }

        /// Whether authority rests on events of this type.
        var isAboutKeys: Bool {
            switch self {
            case .genesis, .revocation, .promotion: true
            case .attestation, .redaction, .seal: false
            }
        }
    }

    /// Whether this is a type of the core or a name like `com.example.type`.
    static func isProper(_ type: String) -> Bool {
        if core.contains(where: { $0.isSame(as: type) }) { return true }
        let parts = type.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count >= 3
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy {
                        (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
                            || (0x61...0x7a).contains($0) || $0 == 0x2d || $0 == 0x5f
                    }
            }
    }
}

/// Namespaces of the reference reducer.
public enum EventNamespace {
    /// What the institution holds to be true; also every event about keys.
    public static let canonical = "canonical"
    /// What one node saw.
    public static let local = "local"

    static func isProper(_ namespace: String) -> Bool {
        [canonical, local, "contested", "archived"].contains { $0.isSame(as: namespace) }
    }
}
