// What is rotated in a vault: the key that goes, up to where it is trusted, why, and what its
// successor may do. Whatever the reference does not enforce is enforced here.

import CeremonyRecord
import Provara

/// The key that goes and what comes of it, as a statement says it.
struct RotationTerms: Hashable {
    /// The key that goes.
    let revoked: VaultPublicKey
    /// Its last event, or `none`.
    let last: String
    /// The last event of it that is trusted; `nil` where it signed none.
    let boundary: EventID?
    /// How many events of it come after that.
    let contested: Int
    /// Why.
    let cause: String
    /// How `keys.json` calls it afterwards.
    let status: KeyRegistry.EndedStatus
    /// What it may do by birth and log, with commas; `none` where they give it no role.
    let oldRoles: String
    /// What the new key may do.
    let roles: [String]

    /// What stands for no roles in a line, which is never empty.
    static let noRoles = "none"

    /// - Throws: ``Refusal`` (`bad-parameter`, `wrong-key`).
    init(_ parameters: [String: String]) throws(Refusal) {
        guard let id = parameters["revoke"].flatMap({ KeyID($0) }),
            let line = parameters["revoke-key"], let sshKey = SSHPublicKey(line: line),
            let key = VaultPublicKey(sshKey.point), key.id == id,
            let last = parameters["revoke-last"], last == "none" || EventID(last) != nil,
            let oldRoles = parameters["revoke-roles"],
            let contested = parameters["contested"].flatMap({ Decimal.decode($0.utf8) })
        else {
            throw Refusal(
                .badParameter, "revoke is the id of a key that is seen in the vault.",
                next: "The vault's keys are shown by: ceremonyctl provara verify VAULT.")
        }
        for name in ["authority", "promoter"] where parameters[name].flatMap({ KeyID($0) }) == id {
            throw RotationTerms.itself(id)
        }
        let cause = parameters["cause"] ?? VaultTerms.causes[0]
        guard VaultTerms.causes.contains(cause) else {
            throw Refusal(
                .badParameter,
                "cause is one of: \(VaultTerms.causes.joined(separator: ", ")).",
                next: "Leave it out for \(VaultTerms.causes[0]).")
        }
        guard let status = KeyRegistry.EndedStatus(rawValue: parameters["old-status"] ?? "retired")
        else {
            throw Refusal(
                .badParameter, "old-status is retired or revoked.",
                next: "Leave it out: `provara verify` accepts no event of a key that keys.json "
                    + "calls revoked.")
        }
        let boundary = parameters["boundary"] ?? "last"
        let named = boundary == "last" ? last : boundary
        guard named == "none" || EventID(named) != nil else {
            throw Refusal(
                .badParameter, "boundary is an event of the key that goes, evt_..., or last.",
                next: "Leave it out where everything is trusted that the key has signed.")
        }
        guard (named == "none") == (last == "none") else {
            throw Refusal(
                .badParameter,
                "\(id) has signed up to \(last), so the boundary must say up to where it is "
                    + "trusted.", next: "Leave boundary out for all of it.")
        }
        let said = parameters["roles"] ?? oldRoles
        guard !said.utf8.elementsEqual(RotationTerms.noRoles.utf8) else {
            throw Refusal(
                .badParameter,
                "Neither birth nor log give \(id) a role, and a promotion gives one at least.",
                next: "Say what the new key may do, as keys.json has it: --set roles=ROLE,ROLE.")
        }
        let roles = said.utf8.split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        guard roles.allSatisfy({ Identifier.isValid($0) }), Set(roles).count == roles.count else {
            throw Refusal(
                .badParameter, "roles lists what the new key may do, like root,attestation.",
                next: "Leave it out for what the old key may do.")
        }
        revoked = key
        self.last = last
        self.boundary = EventID(named)
        self.contested = contested
        self.cause = cause
        self.status = status
        self.oldRoles = oldRoles
        self.roles = roles
    }

    var fields: [Field] {
        [
            Field(name: "revoke", value: "\(revoked.id)"),
            Field(
                name: "revoke-key",
                value: SSHPublicKey(ed25519: revoked.bytes)?.line ?? "none"),
            Field(name: "revoke-roles", value: oldRoles),
            Field(name: "revoke-last", value: last),
            Field(name: "boundary", value: boundary.map { "\($0)" } ?? "none"),
            Field(name: "contested", value: String(contested)),
            Field(name: "cause", value: cause),
            Field(name: "old-status", value: status.rawValue),
            Field(name: "roles", value: roles.joined(separator: ",")),
        ]
    }

    /// With what cause the log revokes a key of its own; `nil` where it only retires.
    var causeOfRevocation: String? {
        switch cause {
        case "key_compromise": "compromise"
        case "device_loss": "loss"
        default: nil
        }
    }

    /// Refuses an authority that may not sign for this.
    ///
    /// - Throws: ``Refusal`` (`wrong-key`).
    func check(_ signer: VaultAuthority) throws(Refusal) {
        guard signer.key.id != revoked.id, !signer.key.isTwin(of: revoked) else {
            throw RotationTerms.itself(signer.key.id)
        }
        let held = signer.roles.utf8.split(separator: UInt8(ascii: ","))
        guard
            held.contains(where: {
                $0.elementsEqual("root".utf8) || $0.elementsEqual("quorum".utf8)
            })
        else {
            throw Refusal(
                .wrongKey, "\(signer.key.id) has no role of root or quorum in the vault.",
                next: "Name a surviving authority that has.", requirement: "E202")
        }
    }

    private static func itself(_ key: KeyID) -> Refusal {
        Refusal(
            .wrongKey, "\(key) cannot sign for its own end.",
            next: "Name an authority of the vault that survives.", requirement: "E202")
    }

    /// What the library is asked to work out, for a new key and a moment.
    func order(
        newKey: VaultPublicKey, revoker: VaultPublicKey, promoter: VaultPublicKey, actor: String,
        at moment: VaultMoment
    ) -> RotationOrder? {
        guard let times = RotationOrder.Times(at: moment.time) else { return nil }
        var order = RotationOrder(
            revoke: revoked.id, boundary: boundary, reason: cause, newKey: newKey, roles: roles,
            authority: revoker.id, times: times)
        order.promoter = promoter.id
        order.actor = actor
        order.status = status
        return order
    }
}
