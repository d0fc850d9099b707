// `submit` and `call`: handing in what was signed elsewhere, and talking to the daemon as it is.

import ArgumentParser
import CeremonyRecord
import CeremonyTerminal

/// `submit FILE SIG`.
struct SubmitVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Hand in a document with a signature that was made elsewhere.",
        discussion: """
            The document is one that `show --document` or `--draft` wrote; the signature is that of
            `ceremonyctl sign` or `ssh-keygen -Y sign`, armoured or binary.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var trust: TrustOptions

    @Argument(help: "The document, byte for byte.")
    var file: String

    @Argument(help: "The signature.")
    var signature: String

    @Option(
        help: ArgumentHelp(
            "With an acceptance that brings a key: the signature of that key.",
            valueName: "signature"))
    var possession: String?

    @Option(help: ArgumentHelp("Wait so long for each step.", valueName: "seconds"))
    var wait = 900

    func perform(_ output: Output) throws(ClientError) {
        let bytes = try Files.read(file)
        let sshsig = try SubmitVerb.signature(in: signature)
        let opens = sshsig.namespace.utf8.elementsEqual(SignatureNamespace.open.rawValue.utf8)
        let document = try KnownDocument(bytes, intent: opens ? .open : .approve)
        try check(document, sshsig)
        let possession = try possession.map { path throws(ClientError) in
            try SubmitVerb.signature(in: path)
        }
        var (act, id): (ActName?, String) = (nil, "")
        if case .act(let order) = document.content {
            (act, id) = (order.act, order.ceremony ?? "")
        }
        let log = try TrustedLog(global, trust, urgent: act == .halt)
        let isOrder = act == .execute
        let tell: ((JSON) -> Void)? = isOrder ? { ExecuteVerb.tell($0, of: id) } : nil
        let submission = try log.submit(
            bytes, sshsig, possession: possession, seconds: isOrder ? max(1, wait) : 120,
            progress: tell)
        try submission.tellEnding(of: document, by: sshsig.key.fingerprint, output)
        if isOrder { try ExecuteVerb.tellOutcome(of: submission, log) }
    }

    /// The signature must hold before it is sent: a daemon would only say the same.
    private func check(_ document: KnownDocument, _ sshsig: SSHSIG) throws(ClientError) {
        if case .genesis = document.content {
            throw .usage(
                "A founding document is not handed in.",
                next: "`ceremonyd init` takes it, with the signatures beside it.")
        }
        if case .invite(let invite) = document.content {
            throw .usage(
                "An invite is not handed in: it makes a code.",
                next: "ceremonyctl invite \(invite.ceremony) --for \(invite.invitee.name) "
                    + "--document FILE --signature SIGNATURE.")
        }
        do {
            try sshsig.verify(
                message: document.bytes, namespace: document.namespace, by: sshsig.key)
        } catch {
            var purposes = document.namespace.rawValue
            if case .statement = document.content {
                purposes =
                    "\(SignatureNamespace.approve.rawValue), or as its initiator "
                    + SignatureNamespace.open.rawValue
            }
            let code =
                if case .otherNamespace = error { "wrong-namespace" } else { "bad-signature" }
            throw ClientError(
                .refused, code,
                "The signature in \(signature) does not fit the document: \(error).",
                meaning: "Nothing was sent.",
                next: "Sign exactly this file, with: ssh-keygen -Y sign -n \(purposes).",
                requirement: "NFR18")
        }
    }

    private static func signature(in path: String) throws(ClientError) -> SSHSIG {
        let bytes = try Files.read(path)
        do {
            let isBinary = bytes.starts(with: "SSHSIG".utf8)
            return isBinary ? try SSHSIG(blob: bytes) : try SSHSIG(armored: bytes)
        } catch {
            throw ClientError(
                .malformed, "signature-file", "\(path) is no SSH signature: \(error).",
                meaning: "Nothing was sent.",
                next: "Give the file that `ssh-keygen -Y sign` or `ceremonyctl sign` wrote.")
        }
    }
}

/// `call METHOD [JSON]`.
struct CallVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call a method of the daemon as it is. Nothing of the answer is verified.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The method, such as Status or org.varlink.service.GetInfo.")
    var method: String

    @Argument(help: "Its parameters, as one JSON object.")
    var parameters = "{}"

    @Flag(help: "Ask for more replies than one, and print each on a line.")
    var more = false

    func perform(_ output: Output) throws(ClientError) {
        let value: JSON
        do {
            value = try JSON(Array(parameters.utf8), .message(bytes: 65_536))
        } catch {
            throw ClientError(
                .malformed, "parameters", "The parameters are not JSON: \(error).",
                meaning: "Nothing was sent.", next: "Give one object, such as '{\"from\":0}'.")
        }
        guard case .object(let fields) = value else {
            throw .usage("The parameters are no object.", next: "Give one, such as '{\"from\":0}'.")
        }
        try CallVerb.check(method)
        let connection = try Connection(socket: global.socket)
        guard more else {
            let reply = try connection.call(method, fields)
            return output.text([Output.ascii(.object(reply))])
        }
        try connection.callMore(method, fields) { reply in
            output.text([Output.ascii(.object(reply))])
            return true
        }
    }

    /// Refuses what is no name of a method: the daemon hangs up on it without an answer.
    private static func check(_ method: String) throws(ClientError) {
        let name = method.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName =
            method.utf8.count <= 200
            && name.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte)
                            || (0x61...0x7a).contains(byte | 0x20)
                    }
            }
        guard isName else {
            throw ClientError(
                .usage, "unknown-method", "There can be no method of the name \"\(method)\".",
                meaning: "Nothing was sent.",
                next: "Give a name such as Status or org.varlink.service.GetInfo.")
        }
    }
}
