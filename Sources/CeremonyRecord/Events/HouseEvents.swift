// What happens to the house: halts, starts of the daemon, refusals, exceptions, the clock, and
// steps after a commit. FORMATS section 2.

/// `halt.raised`: Everything stops. Exactly one of `signed` and `invariant` is there.
public struct HaltRaised: EventPayload {
    /// The act of the person who raised it.
    public var signed: SignedDocument?
    /// What the daemon found broken.
    public var invariant: String?
    /// When it came to hold, where it was written down later.
    public var effective: Timestamp?

    /// A body from its fields.
    public init(signed: SignedDocument?, invariant: String?, effective: Timestamp?) {
        self.signed = signed
        self.invariant = invariant
        self.effective = effective
    }

    static let type = "halt.raised"
    static let schema = BodySchema(
        HaltRaised.init,
        .optionallySigned(\.signed),
        .optional("invariant", \.invariant, .code),
        .optional("effective", \.effective, .time))
}

/// `halt.cleared`: Halts are over.
public struct HaltCleared: EventPayload {
    /// The `halt-clear` ceremony.
    public var ceremony: String
    /// The positions of the halts that it cleared, rising.
    public var halts: [Int]

    /// A body from its fields.
    public init(ceremony: String, halts: [Int]) {
        self.ceremony = ceremony
        self.halts = halts
    }

    static let type = "halt.cleared"
    static let schema = BodySchema(
        HaltCleared.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("halts", \.halts, .positions))
}

/// A PKCS#11 module that the daemon loaded.
public struct LoadedModule: Sendable, Hashable {
    /// Where it was read.
    public var path: String
    /// The digest of the file.
    public var sha256: Digest

    /// From its fields.
    public init(path: String, sha256: Digest) {
        self.path = path
        self.sha256 = sha256
    }

    static let schema = BodySchema(
        LoadedModule.init,
        .required("path", \.path, .text),
        .required("sha256", \.sha256, .hexDigest))
}

/// `daemon.started`: The log was opened for writing.
public struct DaemonStarted: EventPayload {
    /// The daemon's version.
    public var version: String
    /// The source it was built from.
    public var commit: String
    /// What it loaded.
    public var modules: [LoadedModule]
    /// How often this log was opened for writing.
    public var fence: Int

    /// A body from its fields.
    public init(version: String, commit: String, modules: [LoadedModule], fence: Int) {
        self.version = version
        self.commit = commit
        self.modules = modules
        self.fence = fence
    }

    static let type = "daemon.started"
    static let schema = BodySchema(
        DaemonStarted.init,
        .required("version", \.version, .text),
        .required("commit", \.commit, .text),
        .required("modules", \.modules, .list(of: LoadedModule.schema)),
        .required("fence", \.fence, .number))
}

/// `access.refused`: Requests that were refused, folded.
public struct AccessRefused: EventPayload {
    /// The caller's user, as the kernel says.
    public var uid: Int
    /// The caller's group.
    public var gid: Int
    /// The caller's process.
    public var pid: Int
    /// What was asked for.
    public var method: String
    /// Why it was refused.
    public var code: String
    /// Who the caller claimed to be.
    public var claimed: String?
    /// The ceremony it was about.
    public var ceremony: String?
    /// The digest of the document that was handed in.
    public var digest: Digest?
    /// How many such requests this stands for.
    public var count: Int

    /// A body from its fields.
    public init(
        uid: Int, gid: Int, pid: Int, method: String, code: String, claimed: String?,
        ceremony: String?, digest: Digest?, count: Int
    ) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.method = method
        self.code = code
        self.claimed = claimed
        self.ceremony = ceremony
        self.digest = digest
        self.count = count
    }

    static let type = "access.refused"
    static let schema = BodySchema(
        AccessRefused.init,
        .required("uid", \.uid, .number),
        .required("gid", \.gid, .number),
        .required("pid", \.pid, .number),
        .required("method", \.method, .text),
        .required("code", \.code, .code),
        .optional("claimed", \.claimed, .person),
        .optional("ceremony", \.ceremony, .identifier),
        .optional("digest", \.digest, .digest),
        .required("count", \.count, .number))
}

/// `exception.noted`: A person recorded that something went otherwise than planned.
public struct ExceptionNoted: EventPayload {
    /// The ceremony it is about.
    public var ceremony: String?
    /// The `note` act.
    public var signed: SignedDocument

    /// A body from its fields.
    public init(ceremony: String?, signed: SignedDocument) {
        self.ceremony = ceremony
        self.signed = signed
    }

    static let type = "exception.noted"
    static let schema = BodySchema(
        ExceptionNoted.init,
        .optional("ceremony", \.ceremony, .identifier),
        .signed(\.signed))
}

/// `clock.corrected`: The clock was wrongly ahead; the log's time steps back.
public struct ClockCorrected: EventPayload {
    /// The ceremony that decided it.
    public var ceremony: String
    /// The last time before.
    public var was: Timestamp
    /// The time from here on, also of this event.
    public var now: Timestamp

    /// A body from its fields.
    public init(ceremony: String, was: Timestamp, now: Timestamp) {
        self.ceremony = ceremony
        self.was = was
        self.now = now
    }

    static let type = "clock.corrected"
    static let schema = BodySchema(
        ClockCorrected.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("was", \.was, .time),
        .required("now", \.now, .time))
}

/// `step.done`: A step after the commit has ended.
public struct StepDone: EventPayload {
    /// The ceremony.
    public var ceremony: String
    /// The step.
    public var step: String
    /// An object with the step's fields.
    public var result: JSON

    /// A body from its fields.
    public init(ceremony: String, step: String, result: JSON) {
        self.ceremony = ceremony
        self.step = step
        self.result = result
    }

    static let type = "step.done"
    static let schema = BodySchema(
        StepDone.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("step", \.step, .code),
        .required("result", \.result, .object))
}

/// `peer.confirmed`: A peer said that it has taken over the result.
public struct PeerConfirmed: EventPayload {
    /// The ceremony.
    public var ceremony: String
    /// Who.
    public var peer: String
    /// What the peer signed.
    public var signed: SignedDocument

    /// A body from its fields.
    public init(ceremony: String, peer: String, signed: SignedDocument) {
        self.ceremony = ceremony
        self.peer = peer
        self.signed = signed
    }

    static let type = "peer.confirmed"
    static let schema = BodySchema(
        PeerConfirmed.init,
        .required("ceremony", \.ceremony, .identifier),
        .required("peer", \.peer, .person),
        .signed(\.signed))
}

extension HaltRaised {
    var contradiction: String? {
        (signed == nil) == (invariant == nil)
            ? "a halt has either a signed act or a broken invariant" : nil
    }
}
