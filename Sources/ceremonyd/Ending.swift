// Every way a command of the daemon can fail, as the words and the exit code that it ends with.

import CeremonyDaemon
import CeremonyEngine
import CeremonyRules
import CeremonyStore
import CeremonyTerminal
import CeremonyWire

/// Turns what was thrown into what is told.
enum Ending {
    /// Runs a body; whatever it throws becomes a `ClientError`.
    static func told(meaning: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ClientError where unread.contains(error.code) {
            // What a file that cannot be read means depends on what it was wanted for.
            throw ClientError(
                error.status, error.code, error.happened, meaning: meaning, next: error.next)
        } catch let error as ClientError {
            throw error
        } catch let error as EngineError {
            throw ClientError(
                status(error.code), error.code, error.detail, meaning: meaning,
                next: error.next ?? "Mend the cause and run the same command again.",
                requirement: error.requirement)
        } catch let error as Refusal {
            throw ClientError(
                status(error.code.rawValue), error.code.rawValue, error.detail, meaning: meaning,
                next: error.next ?? "Mend the cause and run the same command again.",
                requirement: error.requirement)
        } catch let error as StoreRefusal {
            throw ClientError(
                .configuration, "store", "\(error).", meaning: meaning, next: error.next)
        } catch let error as ListenError {
            throw ClientError(
                .configuration, "socket", "\(error).", meaning: meaning,
                next: "Check the socket in the configuration, and whether a daemon runs already.")
        } catch {
            throw ClientError(
                .refused, "unexpected", "\(error)", meaning: meaning,
                next: "Look at the daemon's log and at the disk.")
        }
    }

    private static let unread: Set = ["no-such-file", "unreadable", "too-large"]

    private static func status(_ code: String) -> ExitStatus {
        ExitStatus(rawValue: Int32(RefusalTable.exit(for: code))) ?? .refused
    }
}
