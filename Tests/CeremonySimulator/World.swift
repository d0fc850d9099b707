// A house with everything in it that can go wrong, and one seed that says what does. Its daemon is
// the real engine; the people in it act by documents that they sign and by nothing else.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import Glibc
import Sodium
import TestSupport

/// One seed's house, from its founding to its end.
///
/// `@unchecked Sendable`: the loop has one thread, and a world lives on it alone.
final class World: @unchecked Sendable {
    static let origin = "example.org/simulation/rehearsal"

    let seed: UInt64
    /// The dice of the step under way.
    var chance: Chance
    let clock = MachineClock(House.dawn)
    let disk = Disk()
    let tokens: [SimulatedToken]
    let faults = Faults()
    let audit: Audit
    var people = People()
    private let folder: String
    /// The process there is.
    private(set) var life: Life?
    private var lives = 0
    /// Everything that was ever signed, to be handed in again.
    var papers: [Paper] = []
    /// What has been asked of the daemon and has no answer yet.
    private(set) var calls: [Call] = []
    /// What happened, a line for each thing.
    private(set) var trace: [String] = []
    private(set) var step = 0
    var counts = Counts()
    private var nonces = 0
    private var isTogether = false

    /// Founds the house.
    ///
    /// - Throws: ``SimulationError`` where not even that works.
    init(seed: UInt64) throws(SimulationError) {
        self.seed = seed
        chance = Chance(seed: seed)
        tokens = [
            SimulatedToken("house", House.token, number: 1, seed: seed),
            SimulatedToken("annex", House.otherToken, number: 2, seed: seed),
        ]
        folder = try World.folder()
        audit = Audit(disk: disk, tokens: tokens)
        try found()
    }

    /// Leaves nothing behind.
    func close() {
        for name in ["halt", "halt.reserve", "halt.new"] { unsafe unlink("\(folder)/\(name)") }
        unsafe rmdir(folder)
    }

    private static func folder() throws(SimulationError) -> String {
        // A halt file is synced; where there is a disk in memory, that costs nothing.
        for place in ["/dev/shm", "/tmp"] {
            var name = Array("\(place)/ceremony-simulation-XXXXXX".utf8CString)
            if unsafe name.withUnsafeMutableBufferPointer({
                unsafe $0.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
            }) {
                return String(
                    decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        throw SimulationError("No folder for the halt file can be made.")
    }

    // MARK: Founding

    private func found() throws(SimulationError) {
        let life = Life(0, faults: faults)
        let port = TokenPort(tokens[0], life: life)
        let ledger = disk.port(of: life)
        let clock = clock
        let result = Box<String?>()
        JobLoop.shared.begin {
            do {
                try await port.unlock(pin: World.pin(), allowFinalTry: false)
                let key = try await Founding.makeLogKey(vault: port, origin: World.origin)
                var genesis = try House(policy: House.membershipPolicy) {
                    $0.genesis.log = World.origin
                    $0.genesis.logKeys = [key]
                }.genesis
                genesis.logKeys = [key]
                let signatures = House.everybody.flatMap { person in
                    person.keys.map {
                        GenesisSignature(
                            member: person.member.name, key: $0.fingerprint,
                            sshsig: $0.sshsig(over: genesis.bytes, for: .genesis))
                    }
                }
                try await Founding.found(
                    genesis: genesis.bytes, signatures: signatures, in: ledger, logVault: port,
                    clock: clock)
                result.value = .some(nil)
            } catch {
                result.value = "\(error)"
            }
        }
        guard JobLoop.shared.runUntilIdle(), let trouble = result.value else {
            throw SimulationError("The founding does not end.")
        }
        if let trouble { throw SimulationError("The founding failed: \(trouble)") }
        life.die(at: "the founding's end")
        audit.look(at: nil, isQuiet: true)
    }

    static func pin(_ text: String = SimulatedToken.pin) throws -> SecretBytes {
        let secret = try SecretBytes(capacity: 64)
        _ = unsafe secret.fill { buffer in
            unsafe buffer.copyBytes(from: text.utf8)
            return text.utf8.count
        }
        secret.seal()
        return secret
    }

    // MARK: The process

    /// The engine at work, if there is one.
    var engine: Engine? { life?.engine }
    /// What it shows.
    var state: State? { engine?.snapshot.state }

    /// A new process reads the log.
    func start() {
        lives += 1
        let life = Life(lives, faults: faults)
        let told = audit.listener(for: life)
        do {
            life.engine = try Engine(
                ledger: disk.port(of: life), vaults: tokens.map { TokenPort($0, life: life) },
                logTokens: ["house"], clock: ProcessClock(machine: clock, life: life),
                haltFile: HaltFile(path: "\(folder)/halt"),
                unsealFile: UnsealFile(path: "\(folder)/unseal-tries"),
                build: Engine.Build(version: "1", commit: "simulated", modules: []),
                boundary: { place in life.pass("boundary \(place)") },
                appended: { events, lines in told(events, lines) },
                ended: { error in life.wantsEnd = "\(error)" })
            self.life = life
            note("a process starts (life \(lives))")
        } catch {
            audit.report("the daemon does not start: \(error)")
        }
    }

    /// A process finds an older copy of the log: the tokens know a newer one, and nothing may be
    /// written.
    func startOnOldCopy() {
        let known =
            tokens[0].heads.compactMap { try? Checkpoint(text: SignedNote($0).text) }
            .map(\.head.size).max() ?? 0
        let ends = disk.batches.map(\.end).filter { $0 < known }
        guard tokens[0].isIn, tokens[0].tries > 0, let size = chance.pick(ends),
            let pin = try? World.pin()
        else { return }
        note("somebody puts back a copy of \(size) events, where \(known) are known")
        let copy = Disk(copyOf: disk, until: size)
        let life = Life(-1, faults: faults)
        let date = String("\(clock.now)".prefix(10))
        guard
            let engine = try? Engine(
                ledger: copy.port(of: life), vaults: tokens.map { TokenPort($0, life: life) },
                logTokens: ["house"], clock: ProcessClock(machine: clock, life: life),
                haltFile: HaltFile(path: "\(folder)/halt"),
                unsealFile: UnsealFile(path: "\(folder)/unseal-tries"),
                build: Engine.Build(version: "1", commit: "simulated", modules: []),
                boundary: { _ in }, ended: { _ in })
        else { return audit.report("an older copy of the log cannot be read") }
        let answer = Box<String>()
        JobLoop.shared.begin {
            do throws(EngineError) {
                try await engine.unlock("house", pin: pin, clock: date)
                answer.value = "opened"
            } catch {
                answer.value = error.code
            }
        }
        rest()
        note("it is \(answer.value ?? "waited for")")
        if answer.value == "opened" || copy.lines.count != size || !copy.batches.isEmpty {
            audit.report("an older copy of the log was opened")
        }
        life.die(at: "the copy goes")
        rest()
    }

    /// The process is gone, with everything that it had under way.
    func end(_ why: String) {
        guard let life else { return }
        life.die(at: why)
        note("life \(life.number) is over: \(life.death ?? why)")
        counts.places[life.death ?? why, default: 0] += 1
        let engine = life.engine
        // Nothing of this reaches the disk or a token; it lets go of whoever still waits, and of
        // what a process that ends need not let go of.
        JobLoop.shared.begin {
            try? await engine?.perform(.executions)
            await engine?.close()
        }
        rest()
        calls.removeAll { call in
            if call.answer == nil { note("nobody answers: \(call.what)") }
            return call.life === life
        }
        audit.over(life)
        self.life = nil
    }

    // MARK: Asking

    /// Asks something of the engine, and lets everything happen that can.
    @discardableResult
    func ask(
        _ what: String, paper: Paper? = nil,
        _ body: @escaping @Sendable (Engine) async throws(EngineError) -> Recorded?
    ) -> Call? {
        guard let life, let engine = life.engine else { return nil }
        let call = Call(what, paper: paper, life: life, wasKnown: paper.map(audit.holds) ?? false)
        calls.append(call)
        JobLoop.shared.begin {
            do throws(EngineError) {
                call.answer = .success(try await body(engine))
            } catch {
                call.answer = .failure(error)
            }
        }
        guard !isTogether else { return call }
        settle()
        if call.answer == nil { note("\(what): waits") }
        return call
    }

    /// Several people do something before the engine has answered any of them.
    func together(_ body: () -> Void) {
        isTogether = true
        body()
        isTogether = false
        settle()
    }

    /// Hands a document in: the one door to the log that people have.
    @discardableResult
    func hand(in paper: Paper) -> Call? {
        guard life != nil else { return nil }
        audit.handedIn(paper)
        papers.append(paper)
        counts.papers += 1
        return ask(paper.what, paper: paper) { engine throws(EngineError) in
            try await engine.submit(
                document: paper.document, sshsig: paper.sshsig, possession: paper.possession)
        }
    }

    /// Lets everything happen that can, and takes what has been answered.
    func settle() {
        rest()
        for call in calls {
            guard let answer = call.answer else { continue }
            // Of two who hand the same in at once one may be refused and the other taken.
            let isAlone = !calls.contains { $0 !== call && call.isAbout($0.paper) }
            audit.judge(call, answer, isAlone: isAlone)
            switch answer {
            case .success(let recorded):
                note(call.what + (recorded?.isRepeat == true ? ": known already" : ": done"))
            case .failure(let error):
                counts.refused[error.code, default: 0] += 1
                note("\(call.what): \(error.code)")
                audit.hears("\(error)")
            }
        }
        calls.removeAll { $0.answer != nil }
        if let life, life.isDead || life.wantsEnd != nil { end("the disk has left it in doubt") }
    }

    private func rest() {
        if !JobLoop.shared.runUntilIdle() { audit.report("it goes round in a circle") }
    }

    func note(_ line: String) { trace.append("\(step): \(line)") }

    /// Thirty-two hex digits that nobody has used.
    func nonce() -> String {
        nonces += 1
        return String(Digest(of: Array("\(seed) nonce \(nonces)".utf8)).hex.prefix(32))
    }

    // MARK: Living

    /// Lives through one step, and looks at everything afterwards.
    func live(step number: Int) {
        step = number
        chance = Chance(seed: seed, step: number)
        JobLoop.shared.chance = Chance(seed: ~seed, step: number)
        clock.pass(chance.number(0...25))
        takeAction()
        settle()
        look()
    }

    func look() {
        audit.look(at: life, isQuiet: calls.isEmpty)
        audit.checkSigning(people)
        audit.checkMemberKeys(people)
    }
}

/// What a world does wrong by itself, before anything is simulated.
struct SimulationError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A place for what a task finds out.
///
/// `@unchecked Sendable`: the loop has one thread, and only that reads and writes it.
final class Box<Value>: @unchecked Sendable {
    var value: Value?
}

/// A document with signatures, as somebody hands it in.
struct Paper: Sendable {
    let what: String
    var document: [UInt8]
    var sshsig: [UInt8]
    var possession: [UInt8]?
    /// Whether no rule may take it.
    var isForged = false
}

/// Something asked of a process.
///
/// `@unchecked Sendable`: the loop has one thread, and only that reads and writes it.
final class Call: @unchecked Sendable {
    let what: String
    let paper: Paper?
    let life: Life
    /// Whether the log had the document already.
    let wasKnown: Bool
    var answer: Result<Recorded?, EngineError>?

    func isAbout(_ other: Paper?) -> Bool {
        guard let paper, let other else { return false }
        return paper.document == other.document && paper.sshsig == other.sshsig
    }

    init(_ what: String, paper: Paper?, life: Life, wasKnown: Bool) {
        self.what = what
        self.paper = paper
        self.life = life
        self.wasKnown = wasKnown
    }
}

/// What has been done, for whoever wonders whether it was much.
struct Counts {
    var ceremonies = 0
    var events = 0
    var papers = 0
    /// Where processes ended.
    var places: [String: Int] = [:]
    var types: [String: Int] = [:]
    var refused: [String: Int] = [:]
    var ends: [String: Int] = [:]
    var kinds: [String: Int] = [:]

    mutating func add(_ other: Counts) {
        ceremonies += other.ceremonies
        events += other.events
        papers += other.papers
        places.merge(other.places, uniquingKeysWith: +)
        types.merge(other.types, uniquingKeysWith: +)
        refused.merge(other.refused, uniquingKeysWith: +)
        ends.merge(other.ends, uniquingKeysWith: +)
        kinds.merge(other.kinds, uniquingKeysWith: +)
    }
}
