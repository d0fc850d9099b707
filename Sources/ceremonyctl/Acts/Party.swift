// The person who acts in this run: found by the keys on the tokens here, by the key under a
// signature that was made elsewhere, or by name where only a document is drafted.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// Where a verb that signs gets its signature, and who it is by.
struct Party {
    /// The person, as the roster has them.
    let member: Member
    /// The keys of theirs that could sign, in the order of the roster; never empty.
    let keys: [Fingerprint]

    private let source: Source
    private let options: ActingOptions

    private enum Source {
        case tokens(DocumentSigner, DocumentSigner.Present)
        case file
        case draft
    }

    /// Finds out who acts. Tokens are looked at, and checked so far that a PIN would make sense;
    /// none is asked for.
    ///
    /// - Throws: what ``DocumentSigner`` and ``Signatories`` throw; `not-on-roster` (77).
    init(_ options: ActingOptions, _ roster: Roster) throws(ClientError) {
        if let name = options.signing.name, roster.member(named: name) == nil {
            throw Party.unknown(name, roster)
        }
        if let path = options.signing.signature {
            let key = try SignatureFiles.key(in: path)
            guard let (member, _) = roster.member(holding: key.fingerprint) else {
                throw Party.unknown("\(key.fingerprint)", roster)
            }
            if let name = options.signing.name, !name.utf8.elementsEqual(member.name.utf8) {
                throw ClientError(
                    .notPermitted, "not-listed",
                    "The signature in \(path) is by a key of \(member.name), not of \(name).",
                    meaning: "Nothing was sent.", next: "Leave --as out, or give the right file.",
                    requirement: "CT-12")
            }
            self.init(member, [key.fingerprint], .file, options)
            return
        }
        if options.isDraft, let name = options.signing.name,
            let member = roster.member(named: name)
        {
            let keys = try Party.chosen(
                among: member.keys.map(\.key.fingerprint), of: name, options)
            self.init(member, keys, .draft, options)
            return
        }
        let signer = try DocumentSigner(options.signing)
        let present = try Party.present(signer, Signatories(roster), options)
        guard let member = roster.member(named: present.signer) else {
            throw Party.unknown(present.signer, roster)
        }
        let keys = try Party.chosen(
            among: present.identities.map(\.key.fingerprint), of: member.name, options)
        self.init(member, keys, .tokens(signer, present), options)
    }

    /// Who is here. Where nobody is, a draft can still be written for somebody elsewhere.
    private static func present(
        _ signer: DocumentSigner, _ signatories: Signatories, _ options: ActingOptions
    ) throws(ClientError) -> DocumentSigner.Present {
        do {
            return try signer.present(among: signatories)
        } catch {
            guard options.isDraft else { throw error }
            throw .usage(
                "No token here says for whom this is to be drafted: \(error.happened)",
                next: "Say who will sign it, with --as NAME.")
        }
    }

    /// The person's keys, or the one of them that was chosen.
    private static func chosen(
        among keys: [Fingerprint], of name: String, _ options: ActingOptions
    ) throws(ClientError) -> [Fingerprint] {
        guard let chosen = options.fingerprint else { return keys }
        guard keys.contains(chosen) else {
            throw ClientError(
                .notPermitted, "not-listed",
                "\(chosen) is none of the keys with which \(name) could sign here.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next: "They are: \(keys.map(\.description).joined(separator: ", ")).",
                requirement: "CT-12")
        }
        return [chosen]
    }

    private init(
        _ member: Member, _ keys: [Fingerprint], _ source: Source, _ options: ActingOptions
    ) {
        self.member = member
        self.keys = keys
        self.source = source
        self.options = options
    }

    /// The person's name.
    var name: String { member.name }
    /// The person with the key that signs where nothing else demands another.
    var signatory: Signatory { Signatory(name: name, fingerprint: keys[0]) }

    /// The tokens that this client sees; none where it cannot look.
    var seenTokens: [SeenToken] {
        if case .tokens(_, let present) = source { return present.shelf.tokens }
        let list = try? ModuleList(options: options.signing.tokens.modules)
        return list.flatMap { try? TokenShelf($0) }?.tokens ?? []
    }

    /// Whether documents drafted now can be signed now. A signature from elsewhere covers a
    /// document that was drafted before.
    ///
    /// - Throws: `usage` (64).
    func requireFresh() throws(ClientError) {
        guard case .file = source else { return }
        throw .usage(
            "--signature does not fit here: the document is drafted only now.",
            next: "Write it with --draft FILE, have it signed, and hand both in with "
                + "`ceremonyctl submit FILE SIGNATURE`.")
    }

    /// Shows, asks and signs, or writes the draft and says what is to be done with it.
    ///
    /// - Parameter listed: the keys of which one has to sign; `nil` for the person's first that is
    ///   here.
    /// - Returns: the signature; `nil` where a draft was written instead.
    /// - Throws: `not-listed` (77), and what ``DocumentSigner`` throws.
    func sign(
        _ document: KnownDocument, listed: [Fingerprint]? = nil, _ output: Output
    ) throws(ClientError) -> SignedBy? {
        let usable = listed.map { listed in keys.filter(listed.contains) } ?? keys
        guard let key = usable.first else {
            throw ClientError(
                .notPermitted, "not-listed",
                "The \(document.title) does not list the key of \(name) that is here.",
                meaning: "Nothing was signed and no PIN was asked for.",
                next:
                    "Use the key that the statement lists: \(listed?.map(\.description).joined(separator: ", ") ?? "none").",
                requirement: "CT-12")
        }
        if let path = options.draft {
            try Files.create(path, document.bytes)
            document.tellDraft(at: path, for: name, with: usable, output)
            return nil
        }
        switch source {
        case .draft: return nil
        case .file:
            let signatories = Signatories(naming: [(name, key)])
            return try DocumentSigner(options.signing).sign(document, by: signatories).first
        case .tokens(let signer, let present):
            let identities = present.identities.filter { $0.key.fingerprint == key }
            return try signer.sign(document, with: present, identities: identities).first
        }
    }

    private static func unknown(_ who: String, _ roster: Roster) -> ClientError {
        ClientError(
            .notPermitted, "not-on-roster", "\(who) is not on the roster.",
            meaning: "Nothing was signed and no PIN was asked for.",
            next: "On it are: \(roster.members.map(\.name).joined(separator: ", ")).",
            requirement: "CT-12")
    }
}

extension Signatories {
    /// Everybody on a roster, with all their keys.
    init(_ roster: Roster) {
        self.init(
            roster.members.map { Signer(name: $0.name, keys: $0.keys.map(\.key.fingerprint)) })
    }
}

extension KnownDocument {
    /// The result where only a draft was wanted: where it is, and how it is signed and handed in.
    func tellDraft(
        at path: String, for name: String, with keys: [Fingerprint], possession: String? = nil,
        _ output: Output
    ) {
        let shown = Display.neutralised(path)
        var last = "and anybody hands it in:\n  ceremonyctl submit \(shown) SIGNATURE"
        if let possession {
            last += " --possession " + Display.neutralised(possession)
        }
        if case .invite(let invite) = content {
            last =
                "and makes the code of it:\n  ceremonyctl invite \(invite.ceremony) --for "
                + "\(invite.invitee.name) --document \(shown) --signature SIGNATURE"
        }
        // Only a key record does not say itself whose signature is wanted.
        let options = namespace == .open ? "--open " : namespace == .attest ? "--as \(name) " : ""
        // Commands to be copied are not wrapped.
        Talk.say(
            """
            Nothing was signed. \(name) signs it, here or on another machine, with
              ceremonyctl sign \(options)\(shown)
            or with
              ssh-keygen -Y sign -n \(namespace.rawValue) -f KEY \(shown)
            \(last)
            """)
        output.page(
            [path],
            .fields([
                "draft": .string(path), "digest": .string("\(content.digest)"),
                "namespace": .string(namespace.rawValue), "name": .string(name),
                "keys": .strings(keys.map { "\($0)" }),
            ]))
    }
}
