// What the daemon or the line to it answers with, in the words of the client. The daemon's refusals
// bring their own stable code, sentence and exit status (the `.varlink` file is their one place);
// what a refusal means for the person follows from the status.

import CeremonyRecord
import CeremonyTerminal
import CeremonyWire
import Glibc

extension ClientError {
    /// A failure of the line, or an error that the daemon answered with.
    init(_ error: WireError) {
        let said = Display.neutralised(error.description)
        switch error {
        case .notReachable(_, let reason) where reason.code == EACCES:
            self.init(
                .notPermitted, "socket-forbidden", "This user may not talk to the daemon: \(said).",
                meaning: "Nothing was sent.",
                next: "Ask the operator to put you into the group of the socket, and log in again.")
        case .notReachable:
            self.init(
                .unreachable, "daemon-unreachable", "The daemon was not reached: \(said).",
                meaning: "Nothing was sent.",
                next: "Check --socket, and whether ceremonyd runs on this machine.")
        case .wrongListener:
            self.init(
                .notPermitted, "wrong-listener", "Somebody else listens there: \(said).",
                meaning: "Nothing was sent, and no PIN was asked for.",
                next:
                    "Tell the operator. The daemon runs as root or as the user it was set up with.")
        case .timedOut:
            self.init(
                .notYet, "still-running", "The daemon has not answered yet: \(said).",
                meaning: "What was asked for may still be carried out.",
                next: "Look with `ceremonyctl status`; sending the same document again is harmless."
            )
        case .closed, .broken:
            self.init(
                .unreachable, "connection-lost", "The connection was lost: \(said).",
                meaning: "What was asked for may have been carried out.",
                next: "Look with `ceremonyctl status`; sending the same document again is harmless."
            )
        case .malformed:
            self.init(
                .unreachable, "protocol", "The daemon's answer makes no sense: \(said).",
                meaning: "What was asked for may have been carried out.",
                next: "Check that client and daemon are of one version.")
        case .refused(let refusal):
            self.init(refusal)
        }
    }

    private init(_ error: VarlinkError) {
        if error.name.utf8.elementsEqual((CeremonyInterface.name + ".Refused").utf8) {
            self.init(refused: error.parameters)
            return
        }
        let (status, code, meaning, next) =
            ClientError.protocolErrors[error.name]
            ?? (
                .unreachable, "protocol", "It is not known what became of what was asked for.",
                "Check that client and daemon are of one version."
            )
        self.init(
            status, code, "The daemon answered: \(Display.neutralised(error.description)).",
            meaning: meaning, next: next)
    }

    private init(refused parameters: [String: JSON]) {
        var status = ExitStatus.refused
        if case .number(let exit)? = parameters["exit"],
            let known = ExitStatus(rawValue: Int32(clamping: exit)), known != .done
        {
            status = known
        }
        var requirement: String?
        if case .string(let text)? = parameters["requirement"] { requirement = text }
        var code = "refused"
        if case .string(let text)? = parameters["code"] { code = text }
        var message = "The daemon refused and gave no reason."
        if case .string(let text)? = parameters["message"] { message = text }
        let (meaning, next) = ClientError.advice(status)
        var better: String?
        if case .string(let text)? = parameters["next"] { better = text }
        self.init(
            status, code, message, meaning: ClientError.meanings[code] ?? meaning,
            next: better ?? next, requirement: requirement)
    }

    /// What the codes mean of which the status says too little.
    private static let meanings = [
        "wrong-pin": "One PIN try was used; it was not repeated. Nothing was recorded.",
        "recorded-not-signed":
            "It is recorded and counts as soon as the head is signed. Nothing was lost.",
        "execution-failed": "No key is valid by it. What is recorded stays valid.",
        "halted": "The log is halted; what is recorded stays valid and readable.",
    ]

    /// What a refusal of a status means and what to do about it, besides what its sentence says.
    static func advice(_ status: ExitStatus) -> (meaning: String, next: String) {
        switch status {
        case .notYet:
            (
                "Nothing was lost; something else has to happen first.",
                "`ceremonyctl status` says what is awaited and from whom."
            )
        case .notPermitted:
            (
                "Nothing was recorded but that it was tried.",
                "`ceremonyctl show` lists who may act; another person, or another key, is needed."
            )
        case .token:
            (
                "The ceremony stands where it stood unless the text says otherwise.",
                "`ceremonyctl tokens` shows what is plugged in and how the PIN tries stand."
            )
        case .halted:
            (
                "The log is halted; what is recorded stays valid and readable.",
                "`ceremonyctl status` says who halted it and why; keepers clear it: ceremonyctl "
                    + "start halt-clear --reason TEXT."
            )
        case .endedOtherwise:
            (
                "The ceremony takes no more answers and no more orders; nothing was recorded.",
                "`ceremonyctl show` says how it stands and what is left; start a new one if needed."
            )
        case .malformed:
            ("Nothing was recorded.", "Correct what was given, byte for byte.")
        case .notFound:
            ("Nothing was recorded.", "`ceremonyctl list` shows the ceremonies, `keys` the keys.")
        default:
            (
                "Nothing was recorded, but perhaps that it was refused.",
                "Do what the text says, then run the same command again."
            )
        }
    }

    private typealias Advice = (ExitStatus, String, String, String)

    private static let unknownMethod: Advice = (
        .usage, "unknown-method", "Nothing was done and nothing was recorded.",
        "See what there is: ceremonyctl call org.varlink.service.GetInfo."
    )

    private static let protocolErrors: [String: Advice] = [
        CeremonyInterface.name + ".Lagged": (
            .notYet, "lagged", "Nothing is missing from the log; only this view was too slow.",
            "Ask again from the number given."
        ),
        CeremonyInterface.name + ".Stopping": (
            .unreachable, "stopping", "Nothing was recorded.",
            "Run the same command again when the daemon is back."
        ),
        CeremonyInterface.name + ".ReplyTooLarge": (
            .malformed, "reply-too-large", "Nothing was recorded.", "Ask for less at a time."
        ),
        CeremonyInterface.name + ".InternalError": (
            .unreachable, "internal-error", "It is not known what became of what was asked for.",
            "The operator finds the cause in the daemon's own log; then look with "
                + "`ceremonyctl status`."
        ),
        "org.varlink.service.InterfaceNotFound": unknownMethod,
        "org.varlink.service.MethodNotFound": unknownMethod,
        "org.varlink.service.MethodNotImplemented": unknownMethod,
        "org.varlink.service.ExpectedMore": (
            .malformed, "expected-more", "Nothing was recorded.",
            "The method answers many times: add --more."
        ),
        "org.varlink.service.InvalidParameter": (
            .malformed, "invalid-parameter", "Nothing was recorded.",
            "Correct what was given; `ceremonyctl call` and the interface text show the types."
        ),
    ]
}
