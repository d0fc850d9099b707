// `identity`: a custodian's own key. Made once, shown to whoever writes the roster, and tried
// before the day on which it is needed.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal
import PKCS11
import Sodium

/// `identity create|show|check`.
struct IdentityVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity", abstract: "Make, show and try your own key in your own token.",
        subcommands: [Create.self, Show.self, Check.self])

    @OptionGroup var global: GlobalOptions

    /// `identity create`.
    struct Create: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make your Ed25519 key in your token and print its public key.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var tokens: TokenOptions
        @OptionGroup var pin: PINOptions

        @Option(help: "The key's label on the token.")
        var label = IdentityKey.label

        @Option(
            help: ArgumentHelp(
                "The key's CKA_ID, for tokens with fixed places; random otherwise.",
                valueName: "hex"))
        var id: String?

        func perform(_ output: Output) throws(ClientError) {
            var bytes = randomBytes(16)
            if let id {
                guard let given = Hex.decode(id), (1...255).contains(given.count) else {
                    throw .usage("--id is not a key id.", next: "Give 1 to 255 bytes in hex.")
                }
                bytes = given
            }
            let shelf = try TokenShelf(ModuleList(options: tokens.modules))
            let token = try shelf.token(named: tokens.token)
            let key = try IdentityKey.create(
                on: token, in: try shelf.slot(of: token), login: TokenLogin(pin), label: label,
                id: bytes)
            Talk.paragraph("Made in \(token.name):")
            IdentityVerb.tell(key.key.fingerprint)
            output.result([key.key.line], IdentityVerb.json(key, on: token))
        }
    }

    /// The fingerprint as it is compared with somebody: to be copied, and to be read out.
    private static func tell(_ key: Fingerprint) {
        Talk.say("  \(key)")
        Talk.say("  in words, of which the first \(TypedFingerprint.words) are enough to compare:")
        for row in Phrase.words(of: key.bytes, indent: "    ") { Talk.say(row) }
    }

    /// `identity show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print the public keys of your token, without a PIN.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var tokens: TokenOptions

        func perform(_ output: Output) throws(ClientError) {
            let shelf = try TokenShelf(ModuleList(options: tokens.modules))
            let found = try shelf.tokens(named: tokens.token).flatMap { token in
                IdentityKey.keys(of: token).map { (token, $0) }
            }
            guard !found.isEmpty else { throw IdentityVerb.none(on: shelf) }
            for (token, key) in found {
                Talk.paragraph("On \(token.name):")
                IdentityVerb.tell(key.key.fingerprint)
            }
            output.result(
                found.map(\.1.key.line),
                .fields(["identities": .array(found.map { IdentityVerb.json($0.1, on: $0.0) })]))
        }
    }

    /// `identity check`.
    struct Check: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Have your key sign a test that counts for nothing, and verify it.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var tokens: TokenOptions
        @OptionGroup var pin: PINOptions

        func perform(_ output: Output) throws(ClientError) {
            let shelf = try TokenShelf(ModuleList(options: tokens.modules))
            let token = try shelf.token(named: tokens.token)
            let keys = IdentityKey.keys(of: token)
            guard let key = keys.first else { throw IdentityVerb.none(on: shelf) }
            guard keys.count == 1 else {
                throw ClientError(
                    .token, "ambiguous-key",
                    "The token \(token.name) holds \(keys.count) Ed25519 keys, none or several of "
                        + "them called \(IdentityKey.label).",
                    meaning: "No PIN was asked for.",
                    next: "Take the ones away that are no identity keys, with the vendor's tool.")
            }
            _ = try TokenLogin(pin).sign(
                randomBytes(32), .probe, with: key, on: token, in: try shelf.slot(of: token),
                purpose: "sign a test that counts for nothing")
            Talk.say("The key signs, and its signature verifies off the token.")
            output.result([key.key.line], IdentityVerb.json(key, on: token))
        }
    }

    private static func json(_ key: TokenKey, on token: SeenToken) -> JSON {
        .fields([
            "public_key": .string(key.key.line),
            "fingerprint": .string(key.key.fingerprint.description),
            "words": .strings(PGPWords.words(of: key.key.fingerprint.bytes)),
            "key_id": .string(Hex.encode(key.id)), "label": .string(key.label),
            "token_serial": .string(token.info.serial), "token_label": .string(token.info.label),
            "uri": .string(token.uri.description),
        ])
    }

    private static func none(on shelf: TokenShelf) -> ClientError {
        ClientError(
            .token, "no-identity-key", "No token here holds an Ed25519 key.",
            meaning: "No PIN was asked for.",
            next: "Make one with `ceremonyctl identity create`, or plug in the right token.")
    }
}
