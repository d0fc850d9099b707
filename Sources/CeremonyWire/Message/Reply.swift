// A varlink reply: what one frame from a server says.

public import CeremonyRecord

/// One reply as it crosses the socket.
public struct Reply: Hashable, Sendable {
    /// The result, or what the error tells.
    public var parameters: [String: JSON]
    /// Whether another reply to the same call follows.
    public var continues: Bool
    /// The full name of the error, if it is one.
    public var error: String?

    /// A result.
    public init(_ parameters: [String: JSON] = [:], continues: Bool = false) {
        self.parameters = parameters
        self.continues = continues
        self.error = nil
    }

    /// An error, which is always the last reply.
    public init(_ error: VarlinkError) {
        self.parameters = error.parameters
        self.continues = false
        self.error = error.name
    }

    /// Reads the frame of a reply, without its NUL.
    ///
    /// - Throws: ``MalformedMessage`` for anything but one JSON object of varlink's three fields.
    public init(frame: [UInt8], limits: Limits = .standard) throws(MalformedMessage) {
        do {
            let depth = limits.nestingMax
            var fields = try JSONFields(
                JSON(frame, .message(bytes: limits.replyBytesMax, depth: depth)))
            parameters = try Call.objectFields(&fields, "parameters")
            continues = try fields.optionalBool("continues") ?? false
            error = try fields.optionalString("error")
            try fields.finish()
        } catch {
            throw MalformedMessage(error)
        }
    }

    /// The bytes to send, the closing NUL included.
    public var frame: [UInt8] {
        JSON.fields([
            "parameters": .object(parameters),
            "continues": continues ? .bool(true) : nil,
            "error": .text(error),
        ]).canonicalBytes + [0]
    }

    /// The bytes of a result whose parameters have been encoded already, the closing NUL included.
    ///
    /// For an event that goes to many watchers: it is encoded once.
    public static func frame(encodedParameters: [UInt8], continues: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encodedParameters.count + 40)
        bytes += (continues ? "{\"continues\":true,\"parameters\":" : "{\"parameters\":").utf8
        bytes += encodedParameters
        bytes += [UInt8(ascii: "}"), 0]
        return bytes
    }
}
