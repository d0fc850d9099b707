// What one connection is doing and what is to be done next: a value fed with events and a clock,
// returning actions. It does no I/O, so every hostile caller can be played to it in a test.
//
// One call at a time: while a call is answered nothing is read, and the kernel holds the caller up.

import CeremonyWire

extension Connection {
    /// A moment on the monotonic clock, in nanoseconds.
    typealias Instant = UInt64

    /// What the connection wants done.
    enum Action: Equatable {
        /// Read once.
        case read
        /// Have this call answered.
        case answer([UInt8])
        /// Nothing: an answer is under way.
        case wait
        /// Close.
        case close(Ending)
    }

    /// Why a connection ended; the raw value is what the log counts it under.
    enum Ending: String, CaseIterable {
        case finished, frameTooLarge, malformed, tooManyAhead
        case frameTimeout, idleTimeout, writeStall, displaced, outboundFull, stopping
    }

    /// What a connection is worth when places are short; the lesser goes first.
    enum Standing: Int, Comparable {
        /// No whole call is there: nothing, or half of one.
        case unfinished
        /// Between two calls.
        case idle
        /// Answering a call with `more`, which can be asked again.
        case watching
        /// Answering.
        case answering

        static func < (left: Standing, right: Standing) -> Bool { left.rawValue < right.rawValue }
    }

    /// One connection's state.
    struct State {
        private(set) var standing = Standing.unfinished
        /// Since when it has been like this.
        private(set) var since: Instant
        /// Since when a reply has been waiting for the caller to read it.
        private(set) var stalledSince: Instant?
        private var assembler: FrameAssembler
        private let limits: Limits
        private var inputEnded = false
        private var stopping = false

        init(limits: Limits, now: Instant) {
            self.limits = limits
            since = now
            assembler = FrameAssembler(limit: limits.frameBytesMax)
        }
    }
}

extension Connection.State {
    /// Bytes were read.
    mutating func received(_ bytes: Span<UInt8>, at now: Connection.Instant) -> Connection.Action {
        do {
            try assembler.append(bytes)
        } catch {
            return .close(.frameTooLarge)
        }
        if isAnswering {
            // The end of the caller's side makes the kernel give everything at once.
            let ahead = limits.frameBytesMax + Limits.readBytes
            return assembler.heldBytes > ahead ? .close(.tooManyAhead) : .wait
        }
        if standing == .idle { enter(.unfinished, now) }
        return next(at: now)
    }

    /// The caller will send nothing more.
    mutating func inputEnded(at now: Connection.Instant) -> Connection.Action {
        inputEnded = true
        return isAnswering ? .wait : .close(.finished)
    }

    /// The call being answered takes many replies.
    mutating func isWatching(at now: Connection.Instant) {
        if standing == .answering { enter(.watching, now) }
    }

    /// The last reply has been written.
    mutating func answered(at now: Connection.Instant) -> Connection.Action {
        enter(assembler.heldBytes == 0 ? .idle : .unfinished, now)
        if stopping { return .close(.stopping) }
        return next(at: now)
    }

    /// A reply goes out.
    mutating func writes(at now: Connection.Instant) { stalledSince = now }

    /// The reply is with the kernel.
    mutating func wrote() { stalledSince = nil }

    /// The daemon stops: what is being answered is finished, nothing new begins.
    mutating func stop() -> Connection.Action {
        stopping = true
        return isAnswering ? .wait : .close(.stopping)
    }

    /// What has taken too long by now, if anything has.
    func overdue(at now: Connection.Instant) -> Connection.Ending? {
        func passed(_ seconds: Int, since start: Connection.Instant) -> Bool {
            now > start && now - start >= UInt64(seconds) * 1_000_000_000
        }
        if let stalledSince, passed(limits.writeStallSeconds, since: stalledSince) {
            return .writeStall
        }
        switch standing {
        case .unfinished: return passed(limits.frameSeconds, since: since) ? .frameTimeout : nil
        case .idle: return passed(limits.idleSeconds, since: since) ? .idleTimeout : nil
        case .watching, .answering: return nil
        }
    }

    var isAnswering: Bool { standing == .answering || standing == .watching }

    private mutating func next(at now: Connection.Instant) -> Connection.Action {
        do {
            if let frame = try assembler.next() {
                enter(.answering, now)
                return .answer(frame)
            }
        } catch {
            return .close(.frameTooLarge)
        }
        return inputEnded ? .close(.finished) : .read
    }

    private mutating func enter(_ standing: Connection.Standing, _ now: Connection.Instant) {
        self.standing = standing
        since = now
    }
}
