// The founding of a test's log, taken apart so that a test can spoil any one thing about it.

public import CeremonyRecord
import CeremonyRules

/// A genesis document and who signs it.
public struct Founding: Sendable {
    /// The document; changed before anybody signs.
    public var genesis: Genesis
    /// Those who sign it, with all their keys.
    public var signers: [House.Person]
    /// The key that signs checkpoints.
    public var logKey: SoftwareKey
    /// When event 0 is written.
    public var time: Timestamp
    /// Changes the body of event 0 after everybody has signed.
    public var spoil: (@Sendable (inout LogCreated) -> Void)?

    init(_ people: [House.Person], policy: Policy, mode: LogMode) {
        let origin = mode == .rehearsal ? "example.org/house/rehearsal" : "example.org/house"
        logKey = SoftwareKey(1000)
        time = House.dawn
        signers = people
        genesis = Genesis(
            log: origin, mode: mode, continues: nil,
            logKeys: [
                LogKey(vkey: Founding.vkey(origin, of: logKey), uri: House.token.uri)
            ],
            created: House.dawn, nonce: String(repeating: "0", count: 32), policy: policy.json,
            members: people.map(\.member))
    }

    /// Makes it the founding of a log that goes on from this one, under another name and log key.
    mutating func goOn(from house: House) {
        let number = house.earlier.count + 2
        let end = house.state.head
        genesis.log = "example.org/house-\(number)"
        if genesis.mode == .rehearsal { genesis.log += "/rehearsal" }
        genesis.continues = Continues(
            origin: house.state.log.origin, size: end.size, root: end.root)
        logKey = SoftwareKey(1000 * number)
        genesis.logKeys = [
            LogKey(vkey: Founding.vkey(genesis.log, of: logKey), uri: House.token.uri)
        ]
        time = max(house.now, end.time)
        genesis.created = time
    }

    /// A key as the name of a log's checkpoints knows it.
    public static func vkey(_ origin: String, of key: SoftwareKey) -> String {
        NoteKey(name: origin, publicKey: key.publicKey.point)?.vkey ?? ""
    }

    var event: Event {
        var body = LogCreated(
            mode: genesis.mode, vkey: genesis.logKeys[0].vkey, genesis: genesis.lines,
            signatures: signers.flatMap { person in
                person.keys.map { key in
                    GenesisSignature(
                        member: person.member.name, key: key.fingerprint,
                        sshsig: key.sshsig(over: genesis.bytes, for: .genesis))
                }
            })
        spoil?(&body)
        return Event(
            origin: genesis.log, seq: 0, time: time, prev: .zero, body: .logCreated(body))
    }
}
