// What the operator of the machine decides: where things are, who may connect, how much is held.
// Never who may witness (that is policy, and stands in the log) and never a PIN.
//
// Reading finds every mistake in the text at once; checking finds every mistake in the machine.

public import CeremonyWire
public import Logging

/// The daemon's configuration, complete: every key that the file left out has its default.
public struct Configuration: Hashable, Sendable {
    /// A token that the daemon opens.
    public struct Token: Hashable, Sendable {
        /// What people call it: `unlock NAME`.
        public var name: String
        /// Its RFC 7512 URI, which must single it out; never with a PIN.
        public var uri: String
        /// The path of the PKCS#11 module that reaches it; one of ``Configuration/modules``.
        public var module: String
    }

    /// A Provara vault that ceremonies may be about.
    public struct Vault: Hashable, Sendable {
        /// What statements call it: `--set vault=NAME`.
        public var name: String
        /// Its directory.
        public var path: String
        /// Keys of `keys.json` that were there from birth although no birth document names them.
        public var vouchedKeys: [String]
    }

    /// Where the log, its indexes and the halt file are.
    public var stateDirectory: String
    /// The varlink socket.
    public var socketPath: String
    /// The permission bits of the varlink socket; the unlock socket has the same.
    public var socketMode: UInt32
    /// The group of both sockets; `nil` leaves the daemon's own.
    public var socketGroup: String?
    /// The users that may hand PINs over.
    public var unlockUids: Set<UInt32>
    /// The users that, besides them, may take and hand in shares of a guarded token's PIN.
    public var guardianUids: Set<UInt32>
    /// The PKCS#11 modules that may be loaded, by path.
    public var modules: [String]
    /// The tokens by name.
    public var tokens: [String: Token]
    /// The Provara vaults by name.
    public var vaults: [String: Vault]
    /// The name of the token that holds the log key.
    public var logToken: String
    /// The names of further tokens that hold log keys: a standby, or the next one.
    public var furtherLogTokens: [String]
    /// Files with checkpoints of this log that were kept elsewhere; the log has to reach them.
    public var seen: [String]
    /// How often the tokens are looked at, in seconds.
    public var tokenPollSeconds: Int
    /// How often deadlines are looked at, in seconds.
    public var deadlinePollSeconds: Int
    /// Limits on the sockets.
    public var limits: Limits
    /// What is logged.
    public var logLevel: Logger.Level

    /// The names of all tokens that hold log keys, the one in use first.
    public var logTokens: [String] { [logToken] + furtherLogTokens }

    /// The unlock socket: beside the varlink socket.
    public var unlockPath: String { socketPath + ".unlock" }

    /// The commented sample, which is the manual of the file: every key, its default, its unit.
    public static let sample = String(
        decoding: PackageResources.ceremonyd_sample_toml, as: UTF8.self)
}

/// Everything that is wrong with a configuration.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line for each problem: the key or path, and what is wrong with it.
    public let problems: [String]

    /// The problems, one a line.
    public var description: String { problems.joined(separator: "\n") }
}
