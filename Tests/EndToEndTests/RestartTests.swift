// Stopping and killing at rest: whenever nobody is in the middle of anything, the daemon may go and
// come back, and everything is as it was.

import CeremonyRecord
import Glibc
import Testing

@Suite("Restarts")
struct RestartTests {
    @Test("Stopping or killing the daemon at any rest point changes nothing")
    func restPoints() throws {
        try withRoom { room in
            var points = 0
            func rest(_ point: String) throws {
                points += 1
                let before = try room.everything()
                let log = try room.log()
                if points.isMultiple(of: 2) {
                    try room.stop()
                } else {
                    room.daemon?.signal(SIGKILL)
                    #expect(room.buryDaemon() == 1009)
                }
                try room.start()
                #expect(try room.log() == log, "\(point)")
                #expect(try room.everything() == before, "\(point)")
                try room.unlock()
                #expect(try room.types(from: log.count) == ["daemon.started"], "\(point)")
                #expect(try room.everything() == before, "\(point)")
            }
            try rest("founded")
            let gone = try room.start("keeper-gone")
            try room.dave.submits(try room.dave.draft("cancel", gone, "--reason", "no"), .act)
            try rest("cancelled")
            let id = try room.start("keeper-alpha")
            try rest("pending")
            try room.approve(id, by: ["erin", "frank"])
            try room.person("heidi").submits(
                try room.person("heidi").draft("decline", id, "--reason", "not convinced"), .act)
            try rest("pending with answers")
            try room.approve(id, by: ["grace"])
            try rest("approved")
            try room.execute(id)
            try rest("completed")
            try room.attest(id, by: ["erin", "frank"])
            try rest("registered with attestations")
            try room.attest(id, by: ["grace"])
            try rest("active")
            #expect(try room.ceremony(id).field("key_status").text == "active")
        }
    }
}

extension CeremonyRoom {
    /// Everything that the daemon says about the log's state but the clock, the head, whether it is
    /// sealed, and what is known about it only when it is not.
    func everything() throws -> [JSON] {
        guard case .object(var status) = try call("Status").field("status") else { return [] }
        status["now"] = nil
        status["rollback_guard"] = nil
        status["log_keys"] = nil
        return [.object(status)]
            + [
                try call("List").field("ceremonies"), try call("Keys").field("keys"),
                try call("Roster").field("roster"), try call("Policy").field("policy"),
            ]
    }
}
