// Errors that a method answers with: a stable full name and parameters. The names that varlink
// itself defines, and the ones that the protocol layer of this daemon adds, are made here only.

public import CeremonyRecord

/// A named error as it stands in a reply.
public struct VarlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The full name, such as `org.varlink.service.MethodNotFound`.
    public let name: String
    /// What the error tells about itself.
    public let parameters: [String: JSON]

    /// An error by its full name.
    public init(_ name: String, _ parameters: [String: JSON] = [:]) {
        self.name = name
        self.parameters = parameters
    }

    /// The name, and the parameters as JSON where there are any.
    public var description: String {
        parameters.isEmpty ? name : name + " " + JSON.object(parameters).canonicalText
    }
}

extension VarlinkError {
    /// There is no such interface here.
    public static func interfaceNotFound(_ interface: String) -> VarlinkError {
        VarlinkError(
            "org.varlink.service.InterfaceNotFound", ["interface": .string(interface)])
    }

    /// The interface has no such method.
    public static func methodNotFound(_ method: String) -> VarlinkError {
        VarlinkError("org.varlink.service.MethodNotFound", ["method": .string(method)])
    }

    /// The interface describes the method, and nothing here carries it out.
    public static func methodNotImplemented(_ method: String) -> VarlinkError {
        VarlinkError("org.varlink.service.MethodNotImplemented", ["method": .string(method)])
    }

    /// A parameter is missing, unknown, or not of its type; `parameter` is its path.
    public static func invalidParameter(_ parameter: String) -> VarlinkError {
        VarlinkError("org.varlink.service.InvalidParameter", ["parameter": .string(parameter)])
    }

    /// The frame is no call: no JSON object, or none with a method and varlink's other fields.
    public static let notACall = invalidParameter("call")

    /// The method only answers with many replies, and the call did not say `more`.
    public static let expectedMore = VarlinkError("org.varlink.service.ExpectedMore")

    /// The daemon will not do it. The exit code is the one that the interface lists with the code.
    ///
    /// - Parameters:
    ///   - code: the stable code, as the interface definition lists it.
    ///   - message: what happened, for people.
    ///   - next: the next step.
    ///   - requirement: the rule, where one is numbered.
    ///   - seq: the event that was recorded all the same.
    public static func refused(
        _ code: String, _ message: String, next: String?, requirement: String? = nil,
        seq: Int? = nil
    ) -> VarlinkError {
        var parameters: [String: JSON] = [
            "code": .string(code), "message": .string(message),
            "exit": .number(RefusalTable.exit(for: code)),
        ]
        parameters["next"] = .text(next)
        parameters["requirement"] = .text(requirement)
        parameters["seq"] = .count(seq)
        return VarlinkError(CeremonyInterface.name + ".Refused", parameters)
    }

    /// A watcher was too slow: it can ask again from `seq`, and has missed nothing if it does.
    public static func lagged(resumeFrom seq: Int) -> VarlinkError {
        VarlinkError(CeremonyInterface.name + ".Lagged", ["seq": .number(seq)])
    }

    /// The daemon is stopping and takes no further calls.
    public static let stopping = VarlinkError(CeremonyInterface.name + ".Stopping")

    /// The answer is larger than a reply may be: ask for less at a time.
    public static let replyTooLarge = VarlinkError(CeremonyInterface.name + ".ReplyTooLarge")

    /// The daemon failed in a way that it does not explain to callers; its log does.
    public static let internalError = VarlinkError(CeremonyInterface.name + ".InternalError")
}
