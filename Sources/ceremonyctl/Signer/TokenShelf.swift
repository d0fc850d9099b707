// The tokens that are plugged in here, found without a PIN. Modules are loaded when a verb needs
// them and not before: most verbs never do.

import CeremonyRecord
import CeremonyTerminal
import Glibc
import PKCS11

/// Modules that were loaded, and what they see.
final class TokenShelf {
    /// What became of each module.
    let reports: [ModuleReport]
    /// The initialised tokens, each once.
    let tokens: [SeenToken]

    private let slots: [Slot]

    /// Loads the modules and looks at every token, without any PIN.
    ///
    /// - Throws: `no-module` (74) where there is none to load at all.
    init(_ list: ModuleList) throws(ClientError) {
        guard !list.paths.isEmpty else {
            throw ClientError(
                .token, "no-module", "No PKCS#11 module is installed where one is expected.",
                meaning: "No token can be seen.",
                next: "Install the module of your token (softhsm2, opensc-pkcs11 or ykcs11), or "
                    + "name it with --module PATH.")
        }
        var reports: [ModuleReport] = []
        var tokens: [SeenToken] = []
        var slots: [Slot] = []
        for path in list.paths {
            let view = ModuleView(path)
            reports.append(view.report)
            for (token, slot) in view.tokens
            where !tokens.contains(where: { $0.isSameToken(as: token) }) {
                tokens.append(token)
                slots.append(slot)
            }
        }
        self.reports = reports
        self.tokens = tokens
        self.slots = slots
    }

    /// The tokens that a `--token` option names; all of them where there is none.
    ///
    /// - Throws: `token-uri` (64), `token-not-found` or `token-ambiguous` (74) listing what is
    ///   here.
    func tokens(named option: String?) throws(ClientError) -> [SeenToken] {
        guard let option else {
            guard !tokens.isEmpty else { throw noToken() }
            return tokens
        }
        let found: [SeenToken]
        if option.utf8.starts(with: "pkcs11:".utf8) {
            let uri: TokenURI
            do {
                uri = try TokenURI(option)
            } catch {
                throw ClientError(
                    .usage, "token-uri", "--token is not understood: \(error).",
                    meaning: "No token was touched.",
                    next: "Give the serial, or the URI that `ceremonyctl tokens --json` prints.")
            }
            found = tokens.filter { uri.matches($0.info) }
        } else {
            found = tokens.filter { $0.info.serialBytes == Array(option.utf8) }
        }
        guard !found.isEmpty else {
            if tokens.isEmpty { throw noToken() }
            throw ClientError(
                .token, "token-not-found",
                "No token here is \(option). Here: \(TokenShelf.names(tokens)).",
                meaning: "No PIN was asked for.", next: "Plug in the right one, or name another.")
        }
        guard found.count == 1 else { throw TokenShelf.ambiguous(found) }
        return found
    }

    /// The one token that a `--token` option names, or the only one there is.
    ///
    /// - Throws: as ``tokens(named:)``; `token-ambiguous` (74) where several are here.
    func token(named option: String?) throws(ClientError) -> SeenToken {
        let found = try tokens(named: option)
        guard found.count == 1 else { throw TokenShelf.ambiguous(found) }
        return found[0]
    }

    /// Where a token is, if it still is what it said it was.
    ///
    /// - Throws: `token-gone` (74).
    func slot(of token: SeenToken) throws(ClientError) -> Slot {
        guard let index = tokens.firstIndex(of: token),
            let info = try? slots[index].tokenInfo(), TokenURI(of: info) == token.uri
        else {
            throw ClientError(
                .token, "token-gone", "The token \(token.name) is not there any more.",
                meaning: "Nothing was signed with it.", next: "Plug it in and start again.")
        }
        return slots[index]
    }

    private func noToken() -> ClientError {
        ClientError(
            .token, "no-token",
            "No token is to be seen here. " + reports.map(\.sentence).joined(separator: " "),
            meaning: "No PIN was asked for.",
            next: "Plug it in; `ceremonyctl tokens` says what each module sees.")
    }

    private static func ambiguous(_ tokens: [SeenToken]) -> ClientError {
        ClientError(
            .token, "token-ambiguous", "\(tokens.count) tokens could be meant: \(names(tokens)).",
            meaning: "No PIN was asked for.",
            next: "Say which with --token SERIAL, or unplug the others.")
    }

    private static func names(_ tokens: [SeenToken]) -> String {
        tokens.map(\.name).joined(separator: ", ")
    }
}

/// One module's tokens.
private struct ModuleView {
    let report: ModuleReport
    let tokens: [(SeenToken, Slot)]

    init(_ path: String) {
        var unreadable: [String] = []
        var tokens: [(SeenToken, Slot)] = []
        var blank = 0
        let outcome: ModuleReport.Outcome
        do {
            try ModuleView.checkFile(path)
            for slot in try Module(path: path).slots() {
                do throws(PKCS11Error) {
                    let info = try slot.tokenInfo()
                    if info.isInitialized {
                        tokens.append((try ModuleView.look(at: slot, info, path), slot))
                    } else {
                        blank += 1
                    }
                } catch {
                    unreadable.append(error.description)
                }
            }
            outcome = tokens.isEmpty ? .noDevice(blank: blank) : .tokens(tokens.count)
        } catch let refusal as FileRefusal {
            outcome = refusal.outcome
        } catch PKCS11Error.notLoaded(_, let reason) {
            outcome = .cannotLoad(reason)
        } catch {
            outcome = .cannotLoad("\(error)")
        }
        report = ModuleReport(path: path, outcome: outcome, unreadable: unreadable)
        self.tokens = tokens
    }

    private struct FileRefusal: Error { let outcome: ModuleReport.Outcome }

    private static func checkFile(_ path: String) throws(FileRefusal) {
        guard unsafe access(path, R_OK) != 0 else { return }
        throw FileRefusal(outcome: errno == EACCES ? .noPermission(systemError()) : .noModule)
    }

    private static func look(at slot: Slot, _ info: TokenInfo, _ path: String)
        throws(PKCS11Error) -> SeenToken
    {
        let signs = try slot.mechanisms().contains(.eddsa)
        return SeenToken(
            module: path, info: info, signsEd25519: signs,
            makesEd25519: try slot.claimsEd25519(), keys: signs ? try keys(in: slot) : [])
    }

    /// The sound Ed25519 public keys that are to be seen without a login.
    private static func keys(in slot: Slot) throws(PKCS11Error) -> [TokenKey] {
        let session = try slot.openSession(.readOnly)
        var keys: [TokenKey] = []
        for object in try session.find([.objectClass(.publicKey)]) {
            guard let point = try? session.ed25519PublicKey(of: object),
                let key = SSHPublicKey(ed25519: point)
            else { continue }
            let names = try session.attributes([.id, .label], of: object)
            keys.append(
                TokenKey(
                    key: key, id: names[.id].value ?? [],
                    label: String(decoding: names[.label].value ?? [], as: UTF8.self)))
        }
        return keys
    }
}
