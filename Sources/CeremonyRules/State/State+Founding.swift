// The founding: event 0 and the roster that follows it. Every member's every key signs, so that
// nobody is ever enrolled by somebody else's word. FORMATS section 4, Genesis.

public import CeremonyRecord
import HashTreeCollections

extension State {
    init(
        founding body: LogCreated, origin: String, at time: Timestamp, after predecessor: State?
    ) throws(Refusal) {
        let document: Genesis
        do { document = try Genesis(lines: body.genesis) } catch {
            throw Refusal(.malformed, "The genesis document cannot be read: \(error).")
        }
        let roster = try document.foundingRoster()
        guard document.log == origin, document.mode == body.mode,
            let first = document.logKeys.first,
            first.vkey == body.vkey
        else {
            throw Refusal(
                .wrongDocument, "The founding event and its document name different logs or keys.")
        }
        let age = time - document.created
        guard age >= -Limits.clockLead, age <= Limits.genesisAge else {
            throw Refusal(
                .stale, "The genesis document is dated \(document.created), and it is \(time) now.",
                next: "It is founded within a day of its date; draft it again and have it signed.")
        }
        try document.checkContinuation(of: predecessor, at: time)
        try document.checkSignatures(body.signatures)
        let digest = Digest(of: document.bytes)
        log = LogFacts(
            origin: document.log, mode: document.mode, genesis: digest, document: document,
            vkeys: document.logKeys.map(\.vkey))
        logKeys = LogKeys(founding: log.vkeys.compactMap { NoteKey(vkey: $0) })
        head = Head(time: time)
        self.roster = roster
        before = predecessor.map { [$0] } ?? []
        if let predecessor { carryOver(from: predecessor, at: time) }
        for member in document.members {
            for held in member.keys { taken[held.key.point] = State.personal(member.name) }
        }
        for vkey in log.vkeys {
            guard let key = NoteKey(vkey: vkey) else { continue }
            guard taken.updateValue("the log key", forKey: key.publicKey) == nil else {
                throw Refusal(
                    .keyTaken,
                    "The log key is listed twice, or stands in this or an earlier log already.")
            }
        }
        nonces.insert(document.nonce)
        demands = [
            .rosterSet(
                RosterSet(
                    ceremony: nil, epoch: 1, policy: document.policy, members: document.members,
                    holders: nil))
        ]
    }

}

extension Genesis {
    /// The roster and policy that the document founds, checked in every way that needs no
    /// signature.
    ///
    /// - Throws: ``Refusal``: the first thing that is missing, senseless or could never be met.
    public func foundingRoster() throws(Refusal) -> Roster {
        let policy = try Policy(self.policy)
        try policy.checkFloors(mode: mode)
        guard Origin.isValid(log, mode: mode) else {
            throw Refusal(
                .badParameter, "The origin \(log) does not fit a \(mode.rawValue) log.",
                next: "A rehearsal's origin ends in /rehearsal, a production's does not.")
        }
        guard (1...2).contains(logKeys.count) else {
            throw Refusal(.incompleteGenesis, "The genesis names no log key, or more than two.")
        }
        for key in logKeys {
            // Heads are signed as they are; a cosigner's key signs them with a time of its own.
            guard let note = NoteKey(vkey: key.vkey), note.kind == .ed25519, note.name == log else {
                throw Refusal(
                    .incompleteGenesis, "The log key \(key.vkey) is not a key of \(log).",
                    next: "Put in what this prints: ceremonyd log-key --origin \(log).")
            }
            guard let token = TokenReference(uri: key.uri) else {
                throw Refusal(
                    .incompleteGenesis, "The log key's token is not named in full: \(key.uri).")
            }
            guard policy.accepts(manufacturer: token.manufacturer, mode: mode) else {
                throw Refusal(
                    .softwareToken,
                    "The log key is in a software token (\(token.manufacturer)); this is a "
                        + "production log.",
                    next:
                        "Have the policy name this manufacturer in software_tokens, or use "
                        + "hardware."
                )
            }
        }
        let roster = Roster(epoch: 1, members: members, policy: policy)
        try roster.check()
        try roster.checkMeetable()
        return roster
    }

    /// Refuses signatures that are not one good one by every key of every member, in order.
    ///
    /// - Throws: ``Refusal`` (`incomplete-genesis`, `bad-signature`).
    func checkSignatures(_ signatures: [GenesisSignature]) throws(Refusal) {
        let wanted = members.flatMap { member in member.keys.map { (member.name, $0.key) } }
        for (name, key) in wanted {
            guard
                let given = signatures.first(where: {
                    $0.member == name && $0.key == key.fingerprint
                })
            else {
                throw Refusal(
                    .incompleteGenesis, "\(name) has not signed with the key \(key.fingerprint).",
                    next: "Every member signs with every key: ceremonyctl genesis sign FILE.",
                    requirement: "CT-12")
            }
            do {
                try SSHSIG(blob: given.sshsig).verify(message: bytes, namespace: .genesis, by: key)
            } catch .otherNamespace(let other) {
                let wanted = SignatureNamespace.genesis.rawValue
                throw Refusal(
                    .wrongNamespace,
                    "The signature of \(name) was made for \(other), and this needs \(wanted).",
                    next: "Sign again: ceremonyctl genesis sign FILE, or ssh-keygen -Y sign -n "
                        + "\(wanted).", requirement: "NFR18")
            } catch {
                throw Refusal(.badSignature, "The signature of \(name) does not verify: \(error).")
            }
        }
        guard signatures.count == wanted.count else {
            throw Refusal(
                .incompleteGenesis, "There is a signature by somebody who is not a member.")
        }
    }
}
