// What a script learns from this program: a small set of endings, the same for every verb
// (DESIGN section 6). The numbers above 64 follow sysexits.h where it has a word for the case.

/// How a run of `ceremonyctl` ended.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// What was asked for is done.
    case done = 0
    /// Refused by the rules, or a verification failed.
    case refused = 1
    /// The command line makes no sense.
    case usage = 64
    /// Input is not what it has to be, byte for byte.
    case malformed = 65
    /// No such file, ceremony or key.
    case notFound = 66
    /// The daemon does not answer.
    case unreachable = 69
    /// A token is missing, ambiguous, unable, or refused the PIN.
    case token = 74
    /// Nothing is wrong; something has to happen first.
    case notYet = 75
    /// This person or this uid may not do that.
    case notPermitted = 77
    /// A configuration is wrong.
    case configuration = 78
    /// The log is halted.
    case halted = 80
    /// The ceremony has ended in another way than was asked for.
    case endedOtherwise = 81
}
