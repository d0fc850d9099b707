// A varlink call: what one frame from a client says. Absent, null and false are the same for every
// optional part, because clients in use write all three (varlink.org, "Method Call").

public import CeremonyRecord

/// One method call as it crosses the socket.
public struct Call: Hashable, Sendable {
    /// The full name: interface, full stop, method.
    public let method: String
    /// The parameters by name; empty when the caller sent none.
    public var parameters: [String: JSON]
    /// Whether the caller takes more than one reply.
    public var more: Bool
    /// Whether the caller wants no reply at all.
    public var oneway: Bool
    /// Whether the caller wants to leave the protocol after this call; the daemon never does.
    public var upgrade: Bool

    /// A call by its parts.
    public init(
        _ method: String, _ parameters: [String: JSON] = [:], more: Bool = false,
        oneway: Bool = false, upgrade: Bool = false
    ) {
        self.method = method
        self.parameters = parameters
        self.more = more
        self.oneway = oneway
        self.upgrade = upgrade
    }

    /// Reads the frame of a call, without its NUL.
    ///
    /// - Throws: ``MalformedMessage`` for anything but one JSON object with a method name and,
    ///   beside it, only the four fields that varlink knows.
    public init(frame: [UInt8], limits: Limits = .standard) throws(MalformedMessage) {
        do {
            let depth = limits.nestingMax
            var fields = try JSONFields(
                JSON(frame, .message(bytes: limits.frameBytesMax, depth: depth)))
            method = try fields.string("method")
            parameters = try Call.objectFields(&fields, "parameters")
            more = try fields.optionalBool("more") ?? false
            oneway = try fields.optionalBool("oneway") ?? false
            upgrade = try fields.optionalBool("upgrade") ?? false
            try fields.finish()
        } catch {
            throw MalformedMessage(error)
        }
        guard interface != nil else { throw MalformedMessage("the method has no interface name") }
    }

    /// The interface's name: what stands before the last full stop.
    public var interface: String? {
        split.map { String(decoding: $0.interface, as: UTF8.self) }
    }

    /// The method's own name: what stands after the last full stop.
    public var member: String {
        split.map { String(decoding: $0.member, as: UTF8.self) } ?? method
    }

    /// The bytes to send, the closing NUL included.
    public var frame: [UInt8] {
        JSON.fields([
            "method": .string(method),
            "parameters": parameters.isEmpty ? nil : .object(parameters),
            "more": more ? .bool(true) : nil,
            "oneway": oneway ? .bool(true) : nil,
            "upgrade": upgrade ? .bool(true) : nil,
        ]).canonicalBytes + [0]
    }

    private var split: (interface: ArraySlice<UInt8>, member: ArraySlice<UInt8>)? {
        let name = Array(method.utf8)
        guard name.count <= 255, name.allSatisfy({ (0x21...0x7e).contains($0) }),
            let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot < name.count - 1
        else { return nil }
        return (name[..<dot], name[(dot + 1)...])
    }

    /// Takes an object's fields as they are: nulls inside are the method's own business.
    static func objectFields(
        _ fields: inout JSONFields, _ name: String
    ) throws(JSONError) -> [String: JSON] {
        switch fields.optional(name) {
        case nil: return [:]
        case .object(let inner): return inner
        default: throw fields.refused(name, expected: "an object")
        }
    }
}
