// One owner, one real directory, nobody else's bits on it.

import CeremonyStore
import Glibc
import Testing

@Suite struct StateDirectoryTests {
    @Test("a second claim is refused and names the process that holds the directory")
    func secondClaim() throws {
        let scratch = try Scratch()
        let first = try StateDirectory(scratch.state, create: true)
        #expect(throws: StoreRefusal.inUse(path: scratch.state, pid: getpid())) {
            try StateDirectory(scratch.state)
        }
        #expect(
            StoreRefusal.inUse(path: "/s", pid: 7).description.contains("in use by process 7"))
        withExtendedLifetime(first) {}
    }

    @Test("another process is refused while this one holds the directory")
    func otherProcess() async throws {
        let scratch = try Scratch()
        let first = try StateDirectory(scratch.state, create: true)
        let state = scratch.state
        let holder = getpid()
        await #expect(processExitsWith: .success) {
            [state = state as String, holder = holder as Int32] in
            #expect(throws: StoreRefusal.inUse(path: state, pid: holder)) {
                try StateDirectory(state)
            }
        }
        withExtendedLifetime(first) {}
    }

    @Test("a claim ends with its owner, and an old pid in the lock file stands in nobody's way")
    func claimEnds() throws {
        let scratch = try Scratch()
        _ = try StateDirectory(scratch.state, create: true)
        try write(Array("1\n".utf8), to: scratch.state + "/lock")
        let second = try StateDirectory(scratch.state)
        #expect(try contents(of: scratch.state + "/lock") == Array("\(getpid())\n".utf8))
        withExtendedLifetime(second) {}
    }

    @Test("a made directory has mode 0700, and one that is there is taken as it is")
    func make() throws {
        let scratch = try Scratch()
        _ = try StateDirectory(scratch.state, create: true)
        #expect(try mode(of: scratch.state) == 0o700)
        #expect(try mode(of: scratch.state + "/lock") == 0o600)
        _ = try StateDirectory(scratch.state, create: true)
    }

    @Test("a directory that is missing is refused", arguments: ["none", "none/below"])
    func missing(name: String) throws {
        let scratch = try Scratch()
        let path = scratch.path + "/" + name
        #expect(throws: StoreRefusal.absent(path: path)) { try StateDirectory(path) }
    }

    @Test("a directory that others may enter is refused", arguments: [0o750, 0o701, 0o500, 0o1700])
    func wrongMode(bits: UInt32) throws {
        let scratch = try Scratch()
        mkdir(scratch.state, 0o700)
        chmod(scratch.state, bits)
        #expect(throws: StoreRefusal.wrongMode(path: scratch.state, mode: bits, wanted: 0o700)) {
            try StateDirectory(scratch.state)
        }
    }

    @Test("a symbolic link to a good directory is refused, and so is a file")
    func wrongKind() throws {
        let scratch = try Scratch()
        mkdir(scratch.state, 0o700)
        let link = scratch.path + "/link"
        symlink(scratch.state, link)
        #expect(throws: StoreRefusal.wrongKind(path: link)) { try StateDirectory(link) }
        #expect(throws: StoreRefusal.wrongKind(path: link)) {
            try StateDirectory(link, create: true)
        }
        let file = scratch.path + "/file"
        try write([], to: file)
        #expect(throws: StoreRefusal.wrongKind(path: file)) { try StateDirectory(file) }
    }

    @Test("a lock file that is a symbolic link is refused, and its target is left alone")
    func lockIsALink() throws {
        let scratch = try Scratch()
        mkdir(scratch.state, 0o700)
        let target = scratch.path + "/target"
        try write([1, 2, 3], to: target)
        symlink(target, scratch.state + "/lock")
        #expect(throws: StoreRefusal.wrongKind(path: scratch.state + "/lock")) {
            try StateDirectory(scratch.state)
        }
        #expect(try contents(of: target) == [1, 2, 3])
    }

    @Test(
        "a directory of another user is refused",
        .enabled(if: geteuid() == 0, "only root can give a directory away"))
    func notOurs() throws {
        let scratch = try Scratch()
        mkdir(scratch.state, 0o700)
        chown(scratch.state, 1, 1)
        #expect(throws: StoreRefusal.notOurs(path: scratch.state, owner: 1)) {
            try StateDirectory(scratch.state)
        }
    }
}
