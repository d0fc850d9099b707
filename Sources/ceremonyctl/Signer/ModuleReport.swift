// What this client has to say about each PKCS#11 module: the four ways in which none of its tokens
// can be seen look alike to whoever has just plugged one in, and need different cures.

/// What became of one PKCS#11 module.
struct ModuleReport: Hashable, Sendable {
    /// The cases that a first-time custodian has to tell apart, and the good one.
    enum Outcome: Hashable, Sendable {
        /// There is no such file.
        case noModule
        /// It is there and may not be read, by the system's words.
        case noPermission(String)
        /// It could not be loaded or started, by the loader's or the module's own words.
        case cannotLoad(String)
        /// It works and sees no token; so many are there that were never initialised.
        case noDevice(blank: Int)
        /// It works and sees tokens.
        case tokens(Int)
    }

    /// The module's path.
    let path: String
    /// What became of it.
    let outcome: Outcome
    /// Slots that could not be read, each with the module's words.
    let unreadable: [String]

    /// A stable word for scripts.
    var word: String {
        switch outcome {
        case .noModule: "no-module"
        case .noPermission: "no-permission"
        case .cannotLoad: "cannot-load"
        case .noDevice: "no-device"
        case .tokens: "ok"
        }
    }

    /// One sentence for a person, or several.
    var sentence: String {
        let what =
            switch outcome {
            case .noModule: "there is no such module."
            case .noPermission(let why): "may not be read: \(why)."
            case .cannotLoad(let why): "cannot be loaded: \(why)"
            case .noDevice(blank: 0):
                "works, and sees no device. Is it plugged in, does pcscd run, and may this user "
                    + "use it?"
            case .noDevice(let blank):
                "works, and sees no token that was initialised (\(blank) blank)."
            case .tokens(let count): count == 1 ? "1 token." : "\(count) tokens."
            }
        return "\(path): " + what + unreadable.map { " One slot cannot be read: \($0)." }.joined()
    }
}
