// What a guardian's client does with the shares in their token: hand them to the daemon, or sign
// that they are there. All of it is done in one login, and ends with taking away what is worth
// nothing any more.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal
import CeremonyWire
import PKCS11
import Sodium

/// One guardian's part in opening a token.
struct ShareHanding {
    /// What is to be done with the shares.
    enum Order {
        /// Only sign that they are there.
        case prove
        /// Hand them in.
        case unseal(isChosen: Bool, allowFinalTry: Bool, clock: String?)
    }

    /// What came of it.
    struct Outcome {
        /// Whose shares they are.
        let holder: String
        /// The epochs that they are of.
        let epochs: [Int]
        /// How the token stands then; `nil` where they were only looked at.
        let report: GuardReport?
    }

    let log: TrustedLog
    let token: DaemonToken
    let splits: [GuardReport.Split]
    let state: State
    /// Who was said to be here.
    let name: String?
    let order: Order

    /// A share, and the split that it is one of.
    private struct Found {
        let split: GuardReport.Split
        let secret: SecretBytes

        /// Whose it is: the members' names are in the order of the numbers.
        var holder: String { split.members[secret.shareNumber - 1] }
    }

    /// Does it in a session with the guardian's token.
    func perform(
        in session: borrowing Session, of own: SeenToken, pin: SecretBytes?, lastTry: Bool
    ) throws(PKCS11Error) -> Result<Outcome, ClientError> {
        var found: [Found] = []
        for split in splits {
            if let share = try share(of: split, in: session) {
                found.append(Found(split: split, secret: share))
            }
        }
        guard let first = found.first else { return .failure(noShare(in: own)) }
        if let name, let other = found.first(where: { !$0.holder.utf8.elementsEqual(name.utf8) }) {
            return .failure(
                ClientError(
                    .notPermitted, "not-listed",
                    "The token \(own.name) holds the share of \(other.holder), not of \(name).",
                    meaning: "Nothing was handed in.", next: "Plug in \(name)'s token.",
                    requirement: "FR69"))
        }
        let epochs = found.map(\.split.epoch)
        switch order {
        case .prove:
            for each in found {
                if let trouble = try prove(each, in: session, of: own, pin: pin, lastTry: lastTry) {
                    return .failure(trouble)
                }
            }
            return .success(Outcome(holder: first.holder, epochs: epochs, report: nil))
        case .unseal(let isChosen, let allowFinalTry, let clock):
            let report: GuardReport
            do throws(ClientError) {
                report = try hand(found, isChosen, allowFinalTry, clock)
            } catch {
                return .failure(error)
            }
            if report.isUnlocked { try? tidy(session, report) }
            return .success(Outcome(holder: first.holder, epochs: epochs, report: report))
        }
    }

    /// The share of a split that the token holds: by the digests of the signed log, where that
    /// knows the split.
    private func share(of split: GuardReport.Split, in session: borrowing Session)
        throws(PKCS11Error) -> SecretBytes?
    {
        let digests = epoch(of: split)?.split?.digests.shares
        return try session.share(ShareObject(origin: split.log, ceremony: split.ceremony)) {
            (1...split.members.count).contains($0.shareNumber)
                && digests?.contains(Digest(ofShare: $0)) ?? true
        }
    }

    private func epoch(of split: GuardReport.Split) -> Authority.Epoch? {
        state.allAuthorities.flatMap(\.epochs).first {
            $0.ceremony.utf8.elementsEqual(split.ceremony.utf8)
        }
    }

    private func noShare(in own: SeenToken) -> ClientError {
        ClientError(
            .token, "no-share",
            "The token \(own.name) holds no share that opens \(token.name) now.",
            meaning: "Nothing was handed in.",
            next: "Plug in the one that does. A guardian who lost a share is given another by a "
                + "change of the guardians: ceremonyctl start membership "
                + "\(token.guarded?.authority ?? "NAME") --set renew=NAME.")
    }

    // MARK: Showing

    /// Signs that the share is there, with the key that its holder has in the authority.
    private func prove(
        _ found: Found, in session: borrowing Session, of own: SeenToken, pin: SecretBytes?,
        lastTry: Bool
    ) throws(PKCS11Error) -> ClientError? {
        guard
            let member = epoch(of: found.split)?.members.first(where: {
                $0.name.utf8.elementsEqual(found.holder.utf8)
            }), let key = own.keys.first(where: { $0.key == member.key })
        else {
            return ClientError(
                .token, "no-identity-key",
                "The token \(own.name) holds \(found.holder)'s share, and not the key that they "
                    + "have in the authority, or the signed log does not know it yet.",
                meaning: "The share is there; nothing was shown of it.",
                next: "Once the log is open and has signed what is new, try again.")
        }
        let ticket: SecretTicket
        do throws(ClientError) {
            ticket = try SecretTicket(
                log, "ProveShare",
                [
                    "token": .string(token.name), "ceremony": .string(found.split.ceremony),
                    "key": .string("\(key.key.fingerprint)"),
                ])
        } catch {
            return error
        }
        let proof = ShareProof(
            log: state.log.origin, mode: state.log.mode, ceremony: found.split.ceremony,
            member: found.holder, share: Digest(ofShare: found.secret), nonce: ticket.nonce)
        let signature = try session.signature(
            over: SSHSIG.signedBytes(namespace: .share, message: proof.bytes), by: key, pin: pin,
            lastTry: lastTry)
        do throws(ClientError) {
            _ = try ticket.redeem(try SecretTicket.message(signature))
        } catch {
            return error
        }
        return nil
    }

    // MARK: Handing in

    private func hand(
        _ shares: [Found], _ isChosen: Bool, _ allowFinalTry: Bool, _ clock: String?
    ) throws(ClientError) -> GuardReport {
        // More than three do not fit behind one ticket: the newest, and the one in force.
        let shares = shares.count > 3 ? shares.prefix(2) + shares.suffix(1) : shares[...]
        let secret = try ShareHanding.joined(shares.map(\.secret))
        var order: [String: JSON] = [
            "token": .string(token.name), "shares": .strings(shares.map(\.split.ceremony)),
            "chosen": .bool(isChosen), "final_try": .bool(allowFinalTry),
        ]
        order["clock"] = .text(clock)
        return try GuardReport(answer: try SecretTicket(log, "Unseal", order).redeem(secret))
    }

    /// One behind the other, in memory of their own.
    private static func joined(_ shares: [SecretBytes]) throws(ClientError) -> SecretBytes {
        guard let all = try? SecretBytes(capacity: shares.map(\.count).reduce(0, +)) else {
            throw .noLockedMemory
        }
        for share in shares {
            unsafe share.withBytes { bytes in
                _ = unsafe all.fill { free in
                    unsafe free.copyMemory(from: bytes)
                    return bytes.count
                }
            }
        }
        all.seal()
        return all
    }

    // MARK: What is over

    /// Takes shares away that are worth nothing any more: of epochs before the one that the token
    /// is open by, and of ceremonies that came to nothing.
    private func tidy(_ session: borrowing Session, _ report: GuardReport) throws(PKCS11Error) {
        // The daemon's word alone takes no share away.
        guard report.splits.count == 1, let inForce = report.splits.first, inForce.isInForce,
            let known = state.guardianship(of: token.reference), known.pending == nil,
            known.inForce?.ceremony.utf8.elementsEqual(inForce.ceremony.utf8) == true
        else { return }
        let epochs = state.authority(report.authority)?.epochs ?? []
        for place in try session.sharePlaces() {
            guard place != ShareObject(origin: inForce.log, ceremony: inForce.ceremony) else {
                continue
            }
            let isOver = epochs.contains {
                $0.number < inForce.epoch && $0.split?.token == token.reference
                    && ShareObject(origin: $0.record.log, ceremony: $0.ceremony) == place
            }
            let ended =
                place.origin.utf8.elementsEqual(state.log.origin.utf8)
                ? state.ceremony(named: place.ceremony)?.state : nil
            if isOver || ended == .failed || ended == .expired {
                try session.dropShares(at: place)
            }
        }
    }
}
