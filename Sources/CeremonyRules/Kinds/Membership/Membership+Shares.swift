// What is more to a membership whose members guard a token: a new PIN is split among all of them,
// also those who stay, each puts a share into their own token and signs for it, and only when all
// have done so is anything committed. The PIN itself is set after the commit; until then the split
// before is the one that opens the token.

import CeremonyRecord

extension Membership {
    /// What the change orders about a token, once it was split.
    func split(_ record: EpochRecord, _ digests: SplitDigests?) -> PINSplit? {
        guard let guarded = terms.guarded, let digests else { return nil }
        return PINSplit(
            token: guarded.token, officers: guarded.officers, threshold: record.sign,
            digests: digests)
    }

    /// The digests that the execution announced.
    func digests(of ceremony: Ceremony) -> SplitDigests? {
        terms.guarded.flatMap { _ in Membership.split(in: ceremony.execution?.intent) }
    }

    /// What each member signs for, by number; empty where nothing is split.
    func receipts(_ record: EpochRecord, of ceremony: Ceremony) -> [ShareReceipt] {
        guard let guarded = terms.guarded, let digests = digests(of: ceremony) else { return [] }
        return zip(record.members, digests.shares).enumerated().map { place, holder in
            ShareReceipt(
                log: record.log, mode: record.mode, ceremony: record.ceremony,
                authority: record.authority, epoch: record.epoch, member: holder.0.name,
                token: guarded.token.uri, number: place + 1, threshold: record.sign,
                share: holder.1)
        }
    }

    /// The PIN becomes the split's once the log says that every share is where it belongs.
    public func afterwards(of ceremony: Ceremony) -> [Afterwards] {
        guard let guarded = terms.guarded, let digests = digests(of: ceremony) else { return [] }
        return [
            Afterwards(
                "set-pin", .setPIN(token: guarded.token, ceremony: ceremony.id),
                result: .object(["secret": .string("\(digests.secret)")]))
        ]
    }
}

/// The token that an authority's members guard.
struct GuardedToken: Hashable {
    /// The token, which is the daemon's.
    let token: TokenReference
    /// Who keeps its security officer's PIN.
    let officers: [String]

    /// Reads it from a kind's parameters, or takes it over from the epoch in force.
    ///
    /// - Throws: ``Refusal`` (`bad-parameter`).
    init?(
        _ parameters: [String: String], of name: String, role: AuthorityRole,
        _ current: Authority.Epoch?, in state: State
    ) throws(Refusal) {
        let word = parameters["guards"] ?? current?.split?.token.uri ?? "none"
        guard word != "none" else {
            guard current?.split == nil else {
                throw Refusal(
                    .badParameter, "\(name) guards \(current?.split?.token.label ?? "a token").",
                    next: "It goes on doing so. Whoever keeps the token's security officer's PIN "
                        + "can give it another PIN with the token's own tool.")
            }
            guard parameters["so-pin"] ?? "none" == "none" else {
                throw Refusal(
                    .badParameter, "so-pin is for authorities that guard a token.",
                    next: "Say which: --set guards=TOKEN.")
            }
            return nil
        }
        guard let token = TokenReference(uri: word) else {
            throw Refusal(
                .badParameter, "guards names a token of the daemon.",
                next: "Choose one from: ceremonyctl tokens.")
        }
        guard role == .guardian else {
            throw Refusal(
                .badParameter, "\(name) is a \(role.rawValue) authority; guardians guard tokens.",
                next: "Make a guardian authority for it: --set role=guardian.")
        }
        guard current?.split.map({ $0.token == token }) ?? true else {
            throw Refusal(
                .badParameter, "\(name) guards another token already.",
                next: "An authority guards one token. Make another one for \(token.label).")
        }
        let other = state.guardianship(of: token)?.authority ?? name
        guard other.utf8.elementsEqual(name.utf8) else {
            throw Refusal(
                .badParameter, "\(token.label) is guarded by \(other).",
                next: "Change its members: ceremonyctl start membership \(other).")
        }
        let officers =
            parameters["so-pin"].map { text in
                text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                    .map { String(decoding: $0, as: UTF8.self) }
            } ?? current?.split?.officers ?? []
        guard !officers.isEmpty, officers.count <= 8, Set(officers).count == officers.count,
            officers.allSatisfy(Identifier.isPersonName)
        else {
            throw Refusal(
                .badParameter,
                "Whoever keeps the security officer's PIN of \(token.label) can set its PIN anew; "
                    + "the log is to say who that is.",
                next: "Name them, eight at most: --set so-pin=anna,bob.")
        }
        self.token = token
        self.officers = officers
    }

    /// Refuses a membership that could not guard it.
    ///
    /// - Throws: ``Refusal`` (`unmeetable`, `bad-parameter`).
    func check(sign: Int, patience: Int) throws(Refusal) {
        guard sign >= 2 else {
            throw Refusal(
                .unmeetable, "One member alone would open \(token.label).",
                next: "A PIN is split so that at least two are needed: --set sign=2.")
        }
        guard patience > 0 else {
            throw Refusal(
                .badParameter, "Every member comes to put a share into their token.",
                next: "Say how long they are waited for: --set patience=SECONDS.")
        }
    }
}
