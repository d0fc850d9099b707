// `authority`: who signs together. What an authority is made of follows from the whole log, so the
// log is fetched and folded here; nobody's word is taken for it (DESIGN 2.1 and 2.9).

import ArgumentParser
import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// `authority VERB`.
struct AuthorityVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authority",
        abstract: "Show who belongs to an authority, and sign and verify files as one.",
        discussion: """
            An authority is a set of guardians or devices, a group or a block. Its members change \
            by ceremony only: ceremonyctl start membership NAME --set role=guardian --set \
            add=anna,bob,cora --set sign=2.
            """,
        subcommands: [
            List.self, Show.self, AuthoritySignersVerb.self, AuthoritySignVerb.self,
            AuthorityVerifyVerb.self,
        ])

    @OptionGroup var global: GlobalOptions

    /// `authority list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List the authorities.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var trust: TrustOptions

        func perform(_ output: Output) throws(ClientError) {
            let all = try LogCopy(try TrustedLog(global, trust)).state.allAuthorities
            output.page(
                all.isEmpty
                    ? ["There is no authority."]
                    : Phrase.table(
                        all.map { authority in
                            let epoch = authority.current
                            return [
                                authority.name, authority.role.rawValue, "epoch \(epoch.number)",
                                Phrase.count(epoch.members.count, "member"),
                                "\(epoch.sign) sign", "\(epoch.approve) consent",
                            ]
                        }), .fields(["authorities": .array(all.map { $0.json($0.current) })]))
        }
    }

    /// `authority show NAME`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show the members of an authority, now or in an epoch.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var trust: TrustOptions
        @OptionGroup var chosen: EpochOptions

        @Argument(help: "The authority.")
        var name: String

        func perform(_ output: Output) throws(ClientError) {
            let state = try LogCopy(try TrustedLog(global, trust)).state
            let authority = try state.authority(called: name)
            let epoch = try chosen.epoch(of: authority)
            output.page(
                authority.text(epoch)
                    + authority.notes(on: epoch, under: state.roster).map { "  " + $0 },
                authority.json(epoch))
        }
    }
}

/// Which epoch of an authority.
struct EpochOptions: ParsableArguments {
    @Option(help: "The number of an epoch; left out, the one in force.")
    var epoch: Int?

    /// The epoch that is meant.
    ///
    /// - Throws: `unknown-epoch` (66).
    func epoch(of authority: Authority) throws(ClientError) -> Authority.Epoch {
        guard let epoch else { return authority.current }
        guard let found = authority.epochs.first(where: { $0.number == epoch }) else {
            throw ClientError(
                .notFound, "unknown-epoch", "\(authority.name) has had no epoch \(epoch).",
                meaning: "There is nothing to show.",
                next: "Its epochs are 1 to \(authority.current.number).")
        }
        return found
    }
}

extension State {
    /// The authority of that name.
    ///
    /// - Throws: `unknown-authority` (66).
    func authority(called name: String) throws(ClientError) -> Authority {
        guard let authority = authority(name) else {
            throw ClientError(
                .notFound, "unknown-authority",
                "The signed log has no authority \(Display.neutralised(name)).",
                meaning: "There is nothing to show, sign or verify.",
                next: "Those there are: ceremonyctl authority list.")
        }
        return authority
    }
}

extension Authority {
    /// An epoch of it for people.
    func text(_ epoch: Epoch) -> [String] {
        var lines = [
            "\(name): \(role.rawValue) authority, epoch \(epoch.number)"
                + (epoch.number == current.number ? ", in force" : ", past"),
            "  since \(epoch.begun.time) (event \(epoch.begun.seq), \(epoch.ceremony))",
            "  \(epoch.sign) of \(epoch.members.count) sign; \(epoch.approve) must consent to a change",
            "  record \(epoch.record.digest)",
        ]
        for member in epoch.members {
            let owner =
                member.owner.utf8.elementsEqual(member.name.utf8) ? "" : ", of \(member.owner)"
            let silent = epoch.unreached.contains(member.name)
            lines.append(
                "  \(member.name)\(owner)" + (silent ? " (not reached at the commit)" : ""))
            lines.append("    \(member.key.fingerprint)")
        }
        return lines
    }

    /// What is to be known of an epoch in force besides: who was silent at its commit, and whom no
    /// roster names now.
    func notes(on epoch: Epoch, under roster: Roster) -> [String] {
        guard epoch.number == current.number else { return [] }
        var notes: [String] = []
        if !epoch.unreached.isEmpty {
            notes.append(
                "nobody knows whether \(Phrase.list(epoch.unreached)) can sign: have each sign "
                    + "something, or --set renew=\(epoch.unreached.joined(separator: ","))")
        }
        let outside = epoch.members.filter { roster.member(named: $0.owner) == nil }.map(\.name)
        if !outside.isEmpty {
            notes.append(
                "not on the roster now, and a member all the same: \(Phrase.list(outside)); out by "
                    + "--set remove=\(outside.joined(separator: ","))")
        }
        return notes
    }

    /// An epoch of it for programs.
    func json(_ epoch: Epoch) -> JSON {
        .fields([
            "name": .string(name), "role": .string(role.rawValue),
            "epoch": .number(epoch.number), "in_force": .bool(epoch.number == current.number),
            "ceremony": .string(epoch.ceremony), "seq": .number(epoch.begun.seq),
            "since": .string("\(epoch.begun.time)"), "sign": .number(epoch.sign),
            "approve": .number(epoch.approve), "record": .string("\(epoch.record.digest)"),
            "unreached": .strings(epoch.unreached), "document": .strings(epoch.record.lines),
            "members": .array(
                epoch.members.map { member in
                    .fields([
                        "name": .string(member.name), "owner": .string(member.owner),
                        "identity": .string("\(member.identity)"),
                        "public_key": .string(member.key.line),
                        "fingerprint": .string("\(member.key.fingerprint)"),
                        "token": .string(member.token),
                        "key_id": .string(Hex.encode(member.keyID)),
                    ])
                }),
        ])
    }
}
