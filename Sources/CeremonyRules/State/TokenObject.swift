// What is found on a token, and what the log says of it (DESIGN section 3, Recovery). A look is no
// proof: a private key is judged by the public half beside it or by its names, and signs nothing.

public import CeremonyRecord

/// One object as it was found on a token.
public struct TokenObject: Hashable, Sendable {
    /// `private-key`, `public-key`, `data`, `certificate`, or the number.
    public let objectClass: String
    /// CKA_ID.
    public let id: [UInt8]
    /// CKA_LABEL as bytes: nobody promises that it is text.
    public let label: [UInt8]
    /// The 32 bytes of an Ed25519 public key, where the object shows them.
    public let point: [UInt8]?

    /// An object.
    public init(objectClass: String, id: [UInt8], label: [UInt8], point: [UInt8]?) {
        self.objectClass = objectClass
        self.id = id
        self.label = label
        self.point = point
    }

    /// Whether it is the secret half of a key.
    public var isPrivateKey: Bool { objectClass == "private-key" }
    /// Whether it is the public half of a key.
    public var isPublicKey: Bool { objectClass == "public-key" }
}

/// What an object on a managed token is, as far as the log goes.
public enum ObjectStanding: String, Sendable, CaseIterable {
    /// A key that signs and verifies.
    case active
    /// A key that still verifies until its end.
    case retiring
    /// A key that waits for attestations, or what an execution under way has announced.
    case pending
    /// A key whose end has passed.
    case retired
    /// A key that was withdrawn.
    case revoked
    /// A key that was never attested in time.
    case lapsed
    /// The key that signs the log's heads.
    case logKey = "log-key"
    /// The signed head that a log token keeps.
    case headObject = "head-object"
    /// Named by the intent of a ceremony that failed: inert, to be recovered.
    case orphan
    /// Nothing that the log knows.
    case unknown

    init(_ status: KeyStatus) {
        self =
            switch status {
            case .registered: .pending
            case .active: .active
            case .retiring: .retiring
            case .retired: .retired
            case .revoked: .revoked
            case .lapsed: .lapsed
            }
    }
}

/// An object with what the log says of it.
public struct JudgedObject: Hashable, Sendable {
    /// The object.
    public let object: TokenObject
    /// What it is.
    public let standing: ObjectStanding
    /// The ceremony that it came out of, or that announced it.
    public let ceremony: String?
    /// The key, where the log knows it.
    public let fingerprint: Fingerprint?

    /// A judgement.
    public init(
        _ object: TokenObject, _ standing: ObjectStanding, ceremony: String? = nil,
        fingerprint: Fingerprint? = nil
    ) {
        self.object = object
        self.standing = standing
        self.ceremony = ceremony
        self.fingerprint = fingerprint
    }
}

extension State {
    /// Judges everything that was found on one token.
    ///
    /// - Parameter time: Now: a key's standing depends on it.
    public func judge(_ objects: [TokenObject], on token: TokenReference, at time: Timestamp)
        -> [JudgedObject]
    {
        let judge = ObjectJudge(state: self, objects: objects, token: token, time: time)
        return objects.map(judge.judge)
    }
}

/// One token's objects, and what the log has to do with that token.
private struct ObjectJudge {
    private struct Name: Hashable {
        let id: [UInt8]
        let label: [UInt8]
    }

    private let state: State
    private let token: TokenReference
    private let time: Timestamp
    private var points: [[UInt8]: Set<[UInt8]>] = [:]
    private var keys: [Name: KeyEntry] = [:]
    private var announced: [Name: Ceremony] = [:]

    init(state: State, objects: [TokenObject], token: TokenReference, time: Timestamp) {
        self.state = state
        self.token = token
        self.time = time
        for object in objects {
            if let point = object.point { points[object.id, default: []].insert(point) }
        }
        for entry in state.allKeys where isHere(entry) {
            keys[Name(id: entry.keyID, label: Array(entry.label.utf8))] = entry
        }
        for ceremony in state.allCeremonies {
            guard ceremony.state == .executing || ceremony.state == .failed,
                let object = ceremony.announced, object.isOn(token)
            else { continue }
            announced[Name(id: object.keyID, label: Array(object.label.utf8))] = ceremony
        }
    }

    func judge(_ object: TokenObject) -> JudgedObject {
        if let point = point(of: object) {
            if let fingerprint = SSHPublicKey(ed25519: point)?.fingerprint,
                let entry = state.key(fingerprint)
            {
                // A copy where the log does not have it is none of the log's.
                guard isHere(entry) else { return JudgedObject(object, .unknown) }
                return judgement(object, entry)
            }
            let isLogKey = state.logKeys.all.contains { $0.publicKey == point }
            if isLogKey { return JudgedObject(object, .logKey) }
            if state.role(ofPoint: point) != nil { return JudgedObject(object, .unknown) }
        } else if object.isPrivateKey, let entry = keys[name(object)] {
            return judgement(object, entry)
        }
        guard let ceremony = announced[name(object)], object.isPrivateKey || object.isPublicKey
        else { return JudgedObject(object, .unknown) }
        return JudgedObject(
            object, ceremony.state == .executing ? .pending : .orphan, ceremony: ceremony.id)
    }

    private func judgement(_ object: TokenObject, _ entry: KeyEntry) -> JudgedObject {
        JudgedObject(
            object, ObjectStanding(entry.status(at: time)), ceremony: entry.ceremony,
            fingerprint: entry.publicKey.fingerprint)
    }

    /// The object's own point, or that of the one public half with the same id.
    private func point(of object: TokenObject) -> [UInt8]? {
        if let point = object.point { return point }
        guard object.isPrivateKey, let all = points[object.id], all.count == 1 else { return nil }
        return all.first
    }

    private func name(_ object: TokenObject) -> Name { Name(id: object.id, label: object.label) }

    private func isHere(_ entry: KeyEntry) -> Bool {
        guard let place = TokenReference(uri: entry.token) else { return false }
        return place.manufacturer == token.manufacturer && place.model == token.model
            && place.serial == token.serial
    }
}
