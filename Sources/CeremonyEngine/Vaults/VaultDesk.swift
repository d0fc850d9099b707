// The daemon's Provara vaults: looked at for ceremonies, worked out, and written. Whatever is read
// here is checked by every rule of the format; nothing is built on a vault that breaks one.

import CeremonyRecord
import CeremonyRules
import Glibc
import Provara

/// The vaults that ceremonies of this daemon may be about.
public struct VaultDesk: Sendable {
    /// One vault of the configuration.
    public struct Place: Sendable, Hashable {
        /// As statements call it.
        public let name: String
        /// Its directory.
        public let path: String
        /// Keys that are in its `keys.json` from birth although no birth document names them.
        public let vouchedKeys: [String]

        /// A vault and where it is.
        public init(name: String, path: String, vouchedKeys: [String] = []) {
            self.name = name
            self.path = path
            self.vouchedKeys = vouchedKeys
        }
    }

    /// The vaults, in the order of the configuration.
    public let places: [Place]
    /// Called before every look and every write; what it throws stops there, as a crash would. For
    /// tests.
    let boundary: @Sendable (String) throws -> Void
    /// Who looks at which vault.
    let turns = LookTurns()

    /// The vaults of a configuration.
    public init(
        _ places: [Place], boundary: @escaping @Sendable (String) throws -> Void = { _ in }
    ) {
        self.places = places
        self.boundary = boundary
    }

    /// Whether a text is the id of a vault's key.
    public static func isKeyID(_ text: String) -> Bool { KeyID(text) != nil }

    /// Looks at a vault.
    ///
    /// - Parameters:
    ///   - now: What the engine decides by.
    ///   - isOrdered: Whether an order that people have signed needs it; else it may be told to
    ///     come again.
    /// - Throws: ``VaultError`` where there is no such vault, it cannot be read, breaks a rule, was
    ///   sealed or left half done, has no key of those that are asked about, or too many wait.
    func look(_ sight: VaultSight, now: Timestamp, isOrdered: Bool = false)
        async throws(VaultError) -> VaultSeen
    {
        let place = try place(sight.vault)
        let successor = try sight.successor.map { name throws(VaultError) in try self.place(name) }
        let boundary = boundary
        return try await turns.looking(at: place.name, isOrdered: isOrdered) {
            () async throws(VaultError) in
            try await onDisk { () throws(VaultError) in
                do { try boundary("look") } catch {
                    throw VaultError(.vaultTrouble, "\(error)")
                }
                try successor?.checkFree()
                return try VaultLook(place, sight).seen(now: now)
            }
        }
    }

    /// Works out what a vault's files come to.
    func plan(_ work: VaultWork) async throws(VaultError) -> MerkleRoot {
        let (place, old) = try places(of: work)
        return try await onDisk { () throws(VaultError) in
            try VaultChangePlan(place, work, of: old).root
        }
    }

    /// Puts the files ready beside the vault; durable on return.
    func stage(_ work: VaultWork) async throws(VaultError) -> [VaultFile] {
        let (place, old) = try places(of: work)
        let boundary = boundary
        return try await onDisk { () throws(VaultError) in
            try VaultChangePlan(place, work, of: old).stage(boundary)
        }
    }

    /// Writes the vault, or goes on with writing it; where it is written on return, it is as the
    /// outcome says, durable, and verifies.
    ///
    /// - Parameter onlyIfBegun: Whether a vault in which nothing of it stands is left as it is.
    /// - Returns: Whether it is written.
    func publish(_ publication: VaultPublication, onlyIfBegun: Bool = false)
        async throws(VaultError) -> Bool
    {
        let (place, old) = try places(of: publication.work)
        let boundary = boundary
        return try await onDisk { () throws(VaultError) in
            try VaultPublisher(place, publication, of: old, boundary).publish(onlyIfBegun)
        }
    }

    /// Takes away what was put ready for a ceremony that has come to nothing.
    func discard(_ ceremony: String, of vault: String) async {
        guard let place = try? place(vault) else { return }
        try? await onDisk { () throws(VaultError) in
            try? StagedChange(ceremony, beside: place.path).discard()
        }
    }

    /// Where the vault is that is written, and the one that it is worked out from.
    private func places(of work: VaultWork) throws(VaultError) -> (Place, Place) {
        let written = try place(work.vault)
        guard case .reset(_, let old, _, _) = work.operation else { return (written, written) }
        return (written, try place(old))
    }

    private func place(_ name: String) throws(VaultError) -> Place {
        guard let place = places.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            let known = places.map(\.name).joined(separator: ", ")
            throw VaultError(
                .unknownVault,
                "The daemon's configuration names no vault \(Display.neutralised(name)). "
                    + (known.isEmpty ? "It names none." : "It names: \(known)."))
        }
        return place
    }

    private func onDisk<R: Sendable>(
        _ body: @escaping @Sendable () throws(VaultError) -> R
    ) async throws(VaultError) -> R {
        do {
            return try await BlockingWork.run { try body() }
        } catch let error as VaultError {
            throw error
        } catch {
            throw VaultError(.vaultTrouble, "\(error)")
        }
    }
}

extension VaultDesk.Place {
    /// Refuses a place for a new vault in which something is.
    func checkFree() throws(VaultError) {
        guard let stream = unsafe opendir(path) else {
            guard errno == ENOENT else {
                throw VaultError(.vaultTrouble, "\(path) is no directory that could be read.")
            }
            return
        }
        defer { unsafe closedir(stream) }
        var count = 0
        while unsafe readdir(stream) != nil { count += 1 }
        guard count <= 2 else {
            throw VaultError(
                .vaultUnfit, "There is something in \(path), where the vault \(name) is to be.")
        }
    }

    /// Reads the vault as it is.
    ///
    /// - Parameter asListed: Whether the log is read only as far as the manifest says that it goes.
    func read(boundaries: [EventID] = [], asListed: Bool = false) throws(VaultError) -> Vault {
        var options = Vault.Options()
        options.readsListedLog = asListed
        options.boundaries = Set(boundaries)
        options.vouchedKeys = Set(vouchedKeys.compactMap { KeyID($0) })
        do throws(Provara.VaultError) { return try Vault.read(at: path, options) } catch {
            throw CeremonyEngine.VaultError(.vaultTrouble, "\(error)")
        }
    }
}
