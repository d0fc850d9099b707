// What a hard reset says: the old vault as it was seen, the new one's names, and who orders it.

import CeremonyRecord
import Provara

/// The old vault, the new one, and the order.
struct ResetTerms: Hashable {
    /// The old vault, as the daemon's configuration calls it.
    let vault: String
    /// The new one.
    let newVault: String
    /// The old vault's own name.
    let uid: String
    /// The new one's.
    let newUID: String
    /// The old vault's Merkle root, as its files give it.
    let root: MerkleRoot
    /// The old log's last event, or `none`.
    let last: String
    /// Who orders it.
    let orderedBy: String
    /// What the new vault says of the old one.
    let anchor: PredecessorAnchor
    private let doubts: VaultDoubts
    private let faults: String
    private let surviving: String

    /// Who speaks in the new vault's first events.
    static let actor = "sovereign_genesis"

    /// - Throws: ``Refusal`` (`bad-parameter`, `not-on-roster`).
    init(_ parameters: [String: String], in roster: Roster) throws(Refusal) {
        guard let vault = parameters["vault"], let newVault = parameters["new-vault"],
            let uid = parameters["vault-uid"],
            let root = parameters["vault-root"].flatMap({ MerkleRoot($0) }),
            let events = parameters["vault-events"].flatMap({ Decimal.decode($0.utf8) }),
            let last = parameters["vault-last"], last == "none" || EventID(last) != nil,
            let seal = parameters["vault-seal"], seal == "none" || EventID(seal) != nil,
            let sealHash = parameters["seal-hash"],
            sealHash == "none" || Hex.decode(sealHash)?.count == 32,
            let faults = parameters["vault-faults"], let surviving = parameters["surviving"]
        else {
            throw Refusal(
                .badParameter, "The old vault was not looked at, or not as the daemon does.",
                next: "Let the daemon draft it: ceremonyctl start.")
        }
        guard let newUID = parameters["new-uid"], Identifier.isValid(newUID),
            !newUID.utf8.elementsEqual(uid.utf8)
        else {
            throw Refusal(
                .badParameter,
                "new-uid is the new vault's own name, of a-z, 0-9, dot, dash and underscore, and "
                    + "not the old one's.", next: "Say it: --set new-uid=NAME.")
        }
        guard let orderedBy = parameters["ordered-by"] else {
            throw Refusal(
                .badParameter, "ordered-by says who orders it, out of band.",
                next: "Say it: --set ordered-by=NAME.")
        }
        guard roster.member(named: orderedBy) != nil else {
            throw Refusal(
                .notOnRoster, "\(Display.neutralised(orderedBy)) is not on the roster.",
                next: "The roster is shown by: ceremonyctl roster.")
        }
        self.vault = vault
        self.newVault = newVault
        self.uid = uid
        self.newUID = newUID
        self.root = root
        self.last = last
        self.orderedBy = orderedBy
        doubts = try VaultDoubts(parameters, origins: [])
        self.faults = faults
        self.surviving = surviving
        anchor = PredecessorAnchor(
            root: root, eventCount: events, lastEvent: EventID(last), seal: EventID(seal),
            sealHash: sealHash == "none" ? nil : sealHash)
    }

    var fields: [Field] {
        [
            Field(name: "vault", value: vault), Field(name: "vault-uid", value: uid),
            Field(name: "vault-root", value: "\(root)"),
            Field(name: "vault-events", value: String(anchor.eventCount)),
            Field(name: "vault-last", value: last),
            Field(name: "vault-seal", value: anchor.seal.map { "\($0)" } ?? "none"),
            Field(name: "seal-hash", value: anchor.sealHash ?? "none"),
            Field(name: "vault-faults", value: faults),
            Field(name: "surviving", value: surviving),
        ] + doubts.fields + [
            Field(name: "new-vault", value: newVault), Field(name: "new-uid", value: newUID),
            Field(name: "ordered-by", value: orderedBy),
        ]
    }
}
