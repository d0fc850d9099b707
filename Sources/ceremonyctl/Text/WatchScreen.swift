// A ceremony on a whole screen, drawn again with every event, every second and every change of the
// window's size. Nothing that is typed does anything to the ceremony: q leaves, the rest scrolls.

import CeremonyRecord
import CeremonyRules
import CeremonyTerminal

/// Watching one ceremony.
struct WatchScreen {
    let log: TrustedLog
    let id: String

    /// Draws until somebody leaves.
    ///
    /// - Throws: what ``FollowedLog`` and the daemon refuse with.
    func run(_ screen: FullScreen) throws(ClientError) {
        var followed = try FollowedLog(log)
        var top = 0
        while true {
            let status = try log.status()
            _ = try followed.catchUp(log)
            guard let picture = try followed.picture(of: id, at: status.now, log) else {
                throw Reply.malformed("the signed log has no ceremony \(id)")
            }
            var isCurrent = true
            while isCurrent {
                top = draw(picture, from: top, status, on: screen)
                switch screen.next(milliseconds: 1000) {
                case .closed, .key(UInt8(ascii: "q")), .key(UInt8(ascii: "Q")): return
                case .key(UInt8(ascii: "j")): top += 1
                case .key(UInt8(ascii: "k")): top -= 1
                case .key(UInt8(ascii: " ")): top += max(1, screen.size.rows - 2)
                case .key(UInt8(ascii: "b")): top -= max(1, screen.size.rows - 2)
                case .key, .resized: break
                case .time: isCurrent = false
                }
            }
        }
    }

    private func draw(
        _ picture: CeremonyPicture, from wanted: Int, _ status: StatusReport,
        on screen: FullScreen
    ) -> Int {
        let (columns, rows) = screen.size
        let lines = picture.lines.flatMap { line in
            Display.wrapped(line.text, columns: columns).map {
                FullScreen.Line($0, WatchScreen.style(line.tone))
            }
        }
        let room = max(rows - 1, 1)
        let top = max(0, min(wanted, lines.count - room))
        var footer = "q leaves"
        if lines.count > room { footer += lines.count > top + room ? ", j: more below" : ", k: up" }
        footer += "  \(log.head.size) events"
        if log.shown.isHalted { footer += "  HALTED" }
        if picture.isSettled { footer += "  over" }
        footer += "  the daemon's clock: \(status.now)"
        screen.draw(Array(lines.dropFirst(top)), footer: footer)
        return top
    }

    private static func style(_ tone: CeremonyPicture.Tone) -> FullScreen.Style {
        switch tone {
        case .plain: .plain
        case .title: .bold
        case .good: .green
        case .bad: .red
        case .faint: .faint
        }
    }
}
