// How objects on tokens look on the wire: what failed ceremonies left, and what is on a token.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import CeremonyWire

extension View {
    /// What a failed ceremony may have left; `nil` where it announced nothing, or said that
    /// nothing is left and nobody has ordered otherwise.
    static func debris(of ceremony: Ceremony) -> JSON? {
        guard ceremony.state == .failed, let object = ceremony.announced, let end = ceremony.end,
            !end.left.isEmpty || ceremony.recovery != nil
        else { return nil }
        let recovery = ceremony.recovery
        return .fields([
            "ceremony": .string(ceremony.id), "subject": .string(ceremony.statement.subject),
            "manufacturer": .string(object.manufacturer), "model": .string(object.model),
            "token_serial": .string(object.tokenSerial),
            "key_id": .string(Hex.encode(object.keyID)),
            "label": .string(object.label), "left": .strings(end.left),
            "open": .bool(recovery.map { !$0.isClosed } ?? true),
            "outcome": .text(recovery?.outcome.rawValue), "seq": .count(recovery?.seq),
            "at": .text(recovery.map { "\($0.time)" }), "by": .text(recovery?.actor),
        ])
    }

    /// The oldest of it, as much as fits a reply.
    static func debris(of ceremonies: [Ceremony]) -> JSON {
        let listing = Listing(
            count: ceremonies.count, entry: { ceremonies[$0] }, name: \.id, seq: \.opened.seq)
        let page = listing.page(
            0..<ceremonies.count, limit: Limits.pageEntriesMax, where: { debris(of: $0) != nil }
        ) { debris(of: $0) ?? .null }
        return .array(page.entries)
    }

    static func object(_ judged: JudgedObject) -> JSON {
        .fields([
            "class": .string(judged.object.objectClass),
            "id": .string(Hex.encode(judged.object.id)),
            "label": .string(Hex.encode(judged.object.label)),
            "standing": .string(judged.standing.rawValue), "ceremony": .text(judged.ceremony),
            "fingerprint": .text(judged.fingerprint.map { "\($0)" }),
        ])
    }
}

extension CeremonyService {
    /// A page of what is on a token.
    func inventory(_ parameters: inout Parameters) async throws -> [String: JSON] {
        let name = try parameters.string("token")
        let after = try parameters.optionalInt("after", in: 0...100_000) ?? 0
        let limit = try parameters.optionalInt("limit", in: 1...500) ?? 200
        try parameters.finish()
        let vault = try engine.vault(named: name)
        let objects = try await engine.inventory(of: name)
        let page = objects.dropFirst(after).prefix(limit)
        var result: [String: JSON] = ["objects": .array(page.map(View.object))]
        result["next"] = .count(after + page.count < objects.count ? after + page.count : nil)
        do throws(VaultError) {
            result["token"] = View.token(name, try await vault.inspect(), engine)
        } catch {
            throw error.engineError
        }
        return result
    }
}
