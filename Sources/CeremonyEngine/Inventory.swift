// Looking at a managed token: every object on it, with what the log says of it. A question; nothing
// is signed and nothing secret is read.

public import CeremonyRules

extension Engine {
    /// Everything on one token of the daemon, judged by the log as it is.
    ///
    /// - Throws: ``EngineError``: `unknown-token`, and the token's trouble (`token-locked` where
    ///   its private objects cannot be seen).
    public func inventory(of name: String) async throws(EngineError) -> [JudgedObject] {
        let vault = try vault(named: name)
        do throws(VaultError) {
            let token = try await vault.inspect().reference
            let judged = snapshot.state.judge(
                try await vault.objects(.all), on: token, at: time)
            return judged.map { $0.object.isHead ? JudgedObject($0.object, .headObject) : $0 }
        } catch {
            throw error.engineError
        }
    }
}
