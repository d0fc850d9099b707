// What holds for a kind of ceremony that says nothing else.

public import CeremonyRecord

extension CeremonyKind {
    /// It is not.
    public static var isAboutAuthority: Bool { false }

    /// None.
    public static var tokenParameters: [String] { [] }

    /// Subjects of any name that is not the house's own.
    public static var houseSubject: String? { nil }

    /// Everybody with the role witness; drills are the keepers' own (DESIGN section 3, Policy).
    public static func mayApprove(_ member: Member, class subjectClass: String?) -> Bool {
        subjectClass == "drill" ? member.kind == .keeper : member.roles.contains(.witness)
    }

    /// It waits like most.
    public static func wouldGoOnHalted(_ parameters: [String: String], in state: State) -> Bool {
        false
    }

    /// One.
    public static var leastThreshold: Int { 1 }

    /// Nothing that a clock could show.
    public func checkOpening(by clock: Timestamp) throws(Refusal) {}

    /// Whoever may start a ceremony.
    public func checkInitiator(_ name: String) throws(Refusal) {}

    /// Nothing follows from the date alone.
    public static func completed(
        _ parameters: [String: String], drafted: Timestamp, in state: State
    ) throws(Refusal) -> [String: String] { parameters }

    /// Nobody.
    public static var excludesOthers: Bool { false }

    /// No key.
    public static func barredKeys(by fields: Fields, in roster: Roster) -> Set<Fingerprint> { [] }

    /// Nobody.
    public static func acceptances(by fields: Fields, in roster: Roster) -> [AcceptanceSet] { [] }

    /// A house can do without.
    public static var isIndispensable: Bool { false }

    /// In spite of nothing.
    public var goesOnDespite: Set<Hindrance> { [] }

    /// Nobody more.
    public func excluded(in state: State) -> Set<String> { [] }

    /// Nothing more.
    public func dependencies(in state: State) -> [String: JSON] { [:] }

    /// As many as there can be.
    public static var mostAttestations: Int { 64 }

    /// Nothing.
    public static func sight(of parameters: [String: String]) throws(Refusal) -> VaultSight? { nil }

    /// None.
    public static func tokenKeys(in parameters: [String: String]) -> [String: [UInt8]] { [:] }

    /// Nobody.
    public static func peers(by fields: Fields) -> [Signatory] { [] }

    /// None.
    public var claims: [Claim] { [] }

    /// Nobody is asked.
    public func questions(_ made: Question.Made?, of ceremony: Ceremony) -> [Question] { [] }

    /// Whoever is to sign with the key of their line, or with the one that they brought for it.
    public func asked(in ceremony: Ceremony) -> Set<Fingerprint> {
        let signing = Set(questions(nil, of: ceremony).map(\.key.fingerprint))
        return Set(ceremony.statement.accepts.map(\.fingerprint)).filter { line in
            signing.contains(line)
                || ceremony.acceptances.contains { set in
                    set.answers[line]?.newKey.map { signing.contains($0.key.fingerprint) } ?? false
                }
        }
    }

    /// Nobody is asked, so that no key is the right one.
    public func checkNewKey(
        _ record: KeyRecord, possession: [UInt8], of ceremony: Ceremony, at time: Timestamp,
        in state: State
    ) throws(Refusal) {
        throw Refusal(
            .outcomeDiffers, "\(ceremony.kind) asks nobody to sign for a key.",
            next: "Sign nothing. How it stands: ceremonyctl show \(ceremony.id).",
            requirement: "FR69")
    }

    /// As long as the execution may take.
    public static func patience(of statement: Statement) -> Int? { nil }

    /// Nothing.
    public func afterwards(of ceremony: Ceremony) -> [Afterwards] { [] }

    /// The events that follow are all of it.
    public func apply(_ ceremony: Ceremony, to state: inout State, at moment: KeyEntry.Moment) {}

    /// Nothing more.
    public func consequences(of ceremony: Ceremony) -> [EventBody] { [] }
}
