// One life of the daemon's process: what it passes on its way, where it dies, and what is left of
// it. Whatever a dead process still tries reaches no disk and no token.

import CeremonyEngine

/// What is to go wrong, and when.
///
/// `@unchecked Sendable`: the loop has one thread, and nobody else has the faults.
final class Faults: @unchecked Sendable {
    /// What a call to a token comes to instead of its success.
    enum Token: CaseIterable {
        /// An error, and nothing was done.
        case failsBefore
        /// An error, and it was done all the same.
        case failsAfter
        /// No answer, until somebody sees to the token.
        case hangs
        /// The token is pulled out under the call.
        case isPulled
        /// The login is gone.
        case isLocked
        /// Something that is no signature of what it was given; other calls fail.
        case answersWrongly
    }

    /// What a write comes to instead of its success.
    enum Disk: CaseIterable {
        /// Nothing was written, and the disk says so.
        case refuses
        /// Nobody knows whether it was written; it was not, and is lost.
        case loses
        /// Nobody knows whether it was written; it was.
        case keepsSilently
    }

    /// The process dies at the so-manieth place that it passes from here on.
    var deathIn: Int?
    /// The so-manieth call to a token from here on goes wrong.
    var token: (after: Int, Token)?
    /// The so-manieth write from here on goes wrong.
    var disk: (after: Int, Disk)?

    /// Everything goes well from here on.
    func clear() {
        deathIn = nil
        token = nil
        disk = nil
    }

    fileprivate func isDeath() -> Bool {
        guard let left = deathIn else { return false }
        deathIn = left > 0 ? left - 1 : nil
        return left == 0
    }

    func ofToken() -> Token? {
        guard let (after, fault) = token else { return nil }
        token = after > 0 ? (after - 1, fault) : nil
        return after == 0 ? fault : nil
    }

    func ofDisk() -> Disk? {
        guard let (after, fault) = disk else { return nil }
        disk = after > 0 ? (after - 1, fault) : nil
        return after == 0 ? fault : nil
    }
}

/// A process from its start to its end.
///
/// `@unchecked Sendable`: the loop has one thread, and all of a life passes on it.
final class Life: @unchecked Sendable {
    let number: Int
    let faults: Faults
    /// The engine of this process; none while a log is being founded.
    var engine: Engine?
    /// Where it died; `nil` while it is alive.
    private(set) var death: String?
    /// Why the engine wants the process to end.
    var wantsEnd: String?
    private var hanging: [CheckedContinuation<Void, Never>] = []

    init(_ number: Int, faults: Faults) {
        self.number = number
        self.faults = faults
    }

    var isDead: Bool { death != nil }
    /// How many calls to tokens have no answer yet.
    var hangCount: Int { hanging.count }

    /// A place at which a process can die.
    func pass(_ place: String) {
        if !isDead, faults.isDeath() { die(at: place) }
    }

    /// Nothing that it does has any effect from here on.
    func die(at place: String) {
        guard !isDead else { return }
        death = place
        answerAll()
    }

    /// Waits until somebody sees to the token, or the process is over.
    func hang() async {
        await withCheckedContinuation { hanging.append($0) }
    }

    /// Every call that hangs goes on.
    func answerAll() {
        let all = hanging
        hanging = []
        for each in all { each.resume() }
    }
}
