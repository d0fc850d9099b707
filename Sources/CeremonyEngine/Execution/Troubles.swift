// Why something that is to be done again and again was not done the last time.

import Synchronization

/// The last trouble of each ceremony that still has something to do.
final class Troubles: Sendable {
    private let content = Mutex<[String: String]>([:])

    /// Remembers it.
    func note(_ detail: String, of ceremony: String) {
        content.withLock { $0[ceremony] = detail }
    }

    /// It went well.
    func forget(_ ceremony: String) { _ = content.withLock { $0.removeValue(forKey: ceremony) } }

    /// What kept a ceremony the last time.
    func of(_ ceremony: String) -> String? { content.withLock { $0[ceremony] } }
}
