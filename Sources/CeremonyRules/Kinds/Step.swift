// What a ceremony does to tokens, as values. The kinds say which steps, the engine does them and
// brackets them with events; a boundary between two steps is where a crash is tested.

public import CeremonyRecord
public import Provara

/// What is to be done next in an execution.
public enum Work: Hashable, Sendable {
    /// A step on a token.
    case step(Step)
    /// Everything so far was without effect; this is announced before the first effect.
    case intent(JSON)
    /// Everything is done; this is the outcome.
    case commit(JSON)
    /// It cannot go on.
    case fail(reason: String, detail: String)
}

/// One thing done on a token.
public enum Step: Hashable, Sendable {
    /// Look, without any effect: the right token, able, logged in, nothing there with the id or
    /// label.
    case survey(token: TokenReference, label: String, keyID: [UInt8]?)
    /// Have a key that is there already sign something that means nothing, to see that it can.
    case probe(SigningKey)
    /// Make an Ed25519 key pair there with these names, read it back and hold it to the gate.
    case generate(token: TokenReference, keyID: [UInt8], label: String)
    /// Have the key sign the bytes.
    case sign(SigningKey, bytes: [UInt8])
    /// Have a person sign with a key of theirs, in their own client.
    case ask(Question)
    /// Have each of several people sign with a key of theirs, all at once, and go on without those
    /// who have not answered after so many seconds.
    case challenge([Question], patience: Int)
    /// Look at a vault, without any effect.
    case look(VaultSight)
    /// Work out what a vault's files come to, without any effect.
    case plan(VaultWork)
    /// Put the files that are to be written beside the vault, where nothing reads them.
    case stage(VaultWork)
    /// Write the vault. Done again, it finishes what was begun.
    case publish(VaultPublication)
    /// Choose a PIN for a token and split it, in memory and without any effect.
    case split(token: TokenReference, threshold: Int, among: Int)
    /// Give the token the PIN that the ceremony has split. It takes the one that the token has.
    case setPIN(token: TokenReference, ceremony: String)

    /// The people whom it asks to sign.
    public var asked: [String] {
        switch self {
        case .ask(let question): [question.person]
        case .challenge(let questions, _): questions.map(\.person)
        case .survey, .probe, .generate, .sign, .look, .plan, .stage, .publish, .split, .setPIN: []
        }
    }

    /// The step's name in failures and crash points.
    public var name: String {
        switch self {
        case .survey: "survey"
        case .probe: "probe"
        case .generate: "generate"
        case .sign: "sign"
        case .ask: "ask"
        case .challenge: "challenge"
        case .look: "look"
        case .plan: "plan"
        case .stage: "stage"
        case .publish: "publish"
        case .split: "split"
        case .setPIN: "set-pin"
        }
    }
}

/// A key on a token of the daemon, and where it is found.
public struct SigningKey: Hashable, Sendable {
    /// The token that holds it.
    public let token: TokenReference
    /// Its CKA_ID there.
    public let keyID: [UInt8]
    /// Its public half: what its signatures are verified with, off the token.
    public let key: SSHPublicKey

    /// A key and its place.
    public init(token: TokenReference, keyID: [UInt8], key: SSHPublicKey) {
        self.token = token
        self.keyID = keyID
        self.key = key
    }
}

/// What a step brought.
public enum StepResult: Hashable, Sendable {
    /// What a survey found, and the CKA_ID that it chose where the statement left it open.
    case surveyed(Survey)
    /// The key that was made.
    case generated(GeneratedKey)
    /// The key has shown that it can sign.
    case probed(Fingerprint)
    /// The 64 bytes of a signature by the key, verified off the token.
    case signed([UInt8], by: Fingerprint, of: Digest)
    /// The 64 bytes of each signature that was asked for, verified here.
    case answered([[UInt8]], by: Fingerprint)
    /// The signatures of those who have answered a challenge, by their keys.
    case challenged([Fingerprint: [[UInt8]]])
    /// What was seen of a vault.
    case seen(VaultSeen)
    /// The Merkle root that a vault will have.
    case planned(MerkleRoot)
    /// The files that a vault will have; they are ready beside it, and durable.
    case staged([VaultFile])
    /// The vault is written, and durable.
    case published
    /// The PIN is split, and the shares wait for those who hold them.
    case split(SplitDigests)
}

extension [StepResult] {
    /// What the survey found, once there was one.
    var survey: Survey? {
        for case .surveyed(let survey) in self { return survey }
        return nil
    }

    /// The key that was made, once it is.
    var generated: GeneratedKey? {
        for case .generated(let key) in self { return key }
        return nil
    }

    /// The signature by the key over the bytes, once there is one.
    func signature(by key: SSHPublicKey, of bytes: [UInt8]) -> [UInt8]? {
        for case .signed(let signature, key.fingerprint, Digest(of: bytes)) in self {
            return signature
        }
        return nil
    }

    /// The signatures that a person was asked for, once they are there.
    func answer(by key: SSHPublicKey) -> [[UInt8]]? {
        for case .answered(let signatures, key.fingerprint) in self { return signatures }
        return nil
    }

    /// Who has answered a challenge, once that is over.
    var challenged: [Fingerprint: [[UInt8]]]? {
        for case .challenged(let answers) in self { return answers }
        return nil
    }

    /// What was seen of a vault, once it was looked at.
    var seen: VaultSeen? {
        for case .seen(let seen) in self { return seen }
        return nil
    }

    /// The root that a vault will have, once that is worked out.
    var planned: MerkleRoot? {
        for case .planned(let root) in self { return root }
        return nil
    }

    /// By which the shares are known, once a PIN was split.
    var split: SplitDigests? {
        for case .split(let digests) in self { return digests }
        return nil
    }

    /// The files that a vault will have, once they are ready to be written.
    var staged: [VaultFile]? {
        for case .staged(let files) in self { return files }
        return nil
    }
}

/// What a survey found.
public struct Survey: Hashable, Sendable {
    /// The CKA_ID that the key will have.
    public var keyID: [UInt8]
    /// Over everything that was on the token.
    public var inventory: Digest

    /// A survey's result.
    public init(keyID: [UInt8], inventory: Digest) {
        self.keyID = keyID
        self.inventory = inventory
    }
}

/// A key that a token made and that passed the gate.
public struct GeneratedKey: Hashable, Sendable {
    /// The public half, read back.
    public var publicKey: SSHPublicKey
    /// The attributes that were read back as true, by the words that key records use.
    public var attributes: [String]
    /// The path of the module that was used.
    public var module: String
    /// Its digest.
    public var moduleDigest: Digest
    /// When.
    public var generated: Timestamp
    /// The token's own attestation, where it gives one.
    public var attestation: [UInt8]?

    /// A generated key.
    public init(
        publicKey: SSHPublicKey, attributes: [String], module: String, moduleDigest: Digest,
        generated: Timestamp, attestation: [UInt8]? = nil
    ) {
        self.publicKey = publicKey
        self.attributes = attributes
        self.module = module
        self.moduleDigest = moduleDigest
        self.generated = generated
        self.attestation = attestation
    }
}
