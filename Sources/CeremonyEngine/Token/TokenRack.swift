// The daemon's tokens, put together: modules loaded once each, a vault for each token. Finalising
// is explicit and last: a module that is still asked something must not go.

public import CeremonyRecord
import Glibc
import PKCS11

/// The modules and tokens that a configuration names.
public struct TokenRack: Sendable {
    /// A token to open.
    public struct Entry: Sendable {
        /// What people call it.
        public let name: String
        /// Its RFC 7512 URI.
        public let uri: String
        /// The path of its module.
        public let module: String

        /// A token by name, URI and module path.
        public init(name: String, uri: String, module: String) {
            self.name = name
            self.uri = uri
            self.module = module
        }
    }

    /// One vault for each entry, in their order.
    public let vaults: [any KeyVault]
    /// What was loaded, with the digests of the files.
    public let loaded: [LoadedModule]
    private let modules: [Module]

    /// Loads every module once and makes the vaults. No token is asked anything yet.
    ///
    /// - Throws: ``EngineError``: `token-trouble` with the loader's words, `unknown-token` for a
    ///   URI that names no token.
    public init(_ entries: [Entry]) throws(EngineError) {
        var modules: [String: Module] = [:]
        var loaded: [LoadedModule] = []
        var vaults: [any KeyVault] = []
        for entry in entries {
            let uri: TokenURI
            do throws(TokenURIError) {
                uri = try TokenRack.writable(entry.uri)
            } catch {
                throw EngineError(
                    .unknownToken, "The URI of token \(entry.name) cannot be used: \(error).",
                    next: "Give token and serial: pkcs11:token=NAME;serial=NUMBER.")
            }
            if modules[entry.module] == nil {
                let digest = try TokenRack.digest(ofFile: entry.module)
                do throws(PKCS11Error) {
                    modules[entry.module] = try Module(path: entry.module)
                } catch {
                    throw EngineError(
                        .tokenTrouble, "\(error).",
                        next: "Check the module's path in the configuration.")
                }
                loaded.append(LoadedModule(path: entry.module, sha256: digest))
            }
            if let module = modules[entry.module],
                let digest = loaded.first(where: { $0.path == entry.module })?.sha256
            {
                do throws(PKCS11Error) {
                    vaults.append(
                        try TokenVault(
                            name: entry.name, uri: uri, module: module, moduleDigest: digest))
                } catch {
                    throw EngineError(
                        .tokenTrouble, "\(error).",
                        next: "The system gives no more threads; look at ulimit -u, and try again.")
                }
            }
        }
        self.vaults = vaults
        self.loaded = loaded
        self.modules = Array(modules.values)
    }

    /// What is wrong with a text as the URI of one of the daemon's tokens, all of which are written
    /// to; `nil` where nothing is. Asks no token.
    public static func complaint(about uri: String) -> String? {
        do throws(TokenURIError) {
            _ = try writable(uri)
            return nil
        } catch {
            return error.description
        }
    }

    /// The URI of a token that is written to: it names its label and its serial number.
    private static func writable(_ text: String) throws(TokenURIError) -> TokenURI {
        let uri = try TokenURI(text)
        try uri.requireWritable()
        return uri
    }

    /// Lets the modules go. Every vault must have been locked before.
    public func close() {
        // The process ends next; a module that will not go goes with it.
        for module in modules { try? module.finalize() }
    }

    private static func digest(ofFile path: String) throws(EngineError) -> Digest {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw EngineError(
                .tokenTrouble,
                "The module \(path) cannot be read: \(String(cString: strerror(errno))).",
                next: "Check the module's path in the configuration.")
        }
        defer { Glibc.close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        return Digest {
            let count = read(descriptor, &chunk, chunk.count)
            return chunk[..<max(0, count)]
        }
    }
}
