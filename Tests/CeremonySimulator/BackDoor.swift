// The simulator tries to put events into a log past the engine, and must be caught at it: the audit
// would be worth nothing if an outcome could be seeded. `--self-test`.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules

/// Ways past the engine.
enum BackDoor {
    /// Tries each; says which were not noticed.
    static func tryAll() -> Bool {
        let ways: [(String, (World, Ceremony, Paper) throws -> Void, String)] = [
            (
                "a legal approval that nobody handed in, written beside the engine",
                { world, _, paper in try write(paper, to: world, by: world.life) },
                "handed in by nobody"
            ),
            (
                "a legal approval that was handed in, written beside the engine",
                { world, _, paper in
                    world.audit.handedIn(paper)
                    try write(paper, to: world, by: world.life)
                }, "written past the engine"
            ),
            (
                "the same by a process without an engine",
                { world, _, paper in
                    world.audit.handedIn(paper)
                    try write(paper, to: world, by: Life(99, faults: world.faults))
                }, "written by no engine"
            ),
            (
                "an end that the daemon is said to have reported",
                { world, ceremony, _ in
                    try write(
                        .start(version: "1", commit: "x", modules: []), to: world,
                        by: world.life)
                }, "opened more often"
            ),
        ]
        var isGood = true
        for (name, attempt, expected) in ways {
            let problems = tryOut(attempt)
            let isNoticed = problems.contains { $0.contains(expected) }
            print("\(isNoticed ? "noticed" : "NOT NOTICED"): \(name) (\(problems.first ?? ""))")
            if !isNoticed { isGood = false }
        }
        return isGood
    }

    private static func tryOut(_ attempt: (World, Ceremony, Paper) throws -> Void) -> [String] {
        do {
            let world = try World(seed: 1)
            defer { world.close() }
            world.start()
            world.unlock("house", isDated: false)
            for step in 1...200 where world.state?.live.isEmpty ?? true {
                world.chance = Chance(seed: 1, step: step)
                if let engine = world.engine { world.openCeremony(engine) }
            }
            world.look()
            guard world.audit.problems.isEmpty, let state = world.state,
                let ceremony = state.live.first.flatMap(state.ceremony),
                let paper = ceremony.approvals.waiting.first.flatMap({
                    world.approval(ceremony, as: $0)
                })
            else { return ["no ceremony was opened: \(world.audit.problems)"] }
            try attempt(world, ceremony, paper)
            world.look()
            return world.audit.problems
        } catch {
            return ["it could not be tried: \(error)"]
        }
    }

    private static func write(_ paper: Paper, to world: World, by life: Life?) throws {
        try write(
            .submit(document: paper.document, sshsig: paper.sshsig), to: world, by: life)
    }

    /// The rules say what it comes to, and the disk gets it.
    private static func write(_ command: Command, to world: World, by life: Life?) throws {
        guard let life, let state = world.state else { return }
        let decision = try decide(state, command, now: world.clock.now)
        try world.disk.port(of: life).append(
            decision.lines, after: state.head.size, head: decision.state.head.root,
            checkpoint: nil)
    }
}
