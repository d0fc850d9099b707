// org.varlink.service: how a client finds out what can be asked here (varlink.org, "Service").

import CeremonyRecord
import CeremonyWire

/// What the daemon says about itself.
public struct ServiceInfo: Sendable {
    /// Who makes it.
    public var vendor: String
    /// What it is.
    public var product: String
    /// Which version it is.
    public var version: String
    /// Where more is written about it.
    public var url: String

    /// The four by name.
    public init(vendor: String, product: String, version: String, url: String) {
        self.vendor = vendor
        self.product = product
        self.version = version
        self.url = url
    }
}

/// The interface that every varlink service has.
struct ServiceInterface: VarlinkInterface {
    static let name = "org.varlink.service"

    let info: ServiceInfo
    /// The definitions of the other interfaces by name.
    let descriptions: [String: String]

    var name: String { ServiceInterface.name }

    func call(_ call: Call, from peer: Peer, reply: ReplyStream) async throws {
        var parameters = Parameters(call)
        switch call.member {
        case "GetInfo":
            try parameters.finish()
            try await reply.send([
                "vendor": .string(info.vendor), "product": .string(info.product),
                "version": .string(info.version), "url": .string(info.url),
                "interfaces": .strings([name] + descriptions.keys.sorted()),
            ])
        case "GetInterfaceDescription":
            let wanted = try parameters.string("interface")
            try parameters.finish()
            guard let text = wanted == name ? description : descriptions[wanted] else {
                throw VarlinkError.interfaceNotFound(wanted)
            }
            try await reply.send(["description": .string(text)])
        default: throw VarlinkError.methodNotImplemented(call.method)
        }
    }

    var description: String {
        """
        # What every varlink service can be asked.
        interface org.varlink.service

        # Who made the service, and which interfaces it has.
        method GetInfo() -> (
          vendor: string,
          product: string,
          version: string,
          url: string,
          interfaces: []string
        )

        # The definition of one interface.
        method GetInterfaceDescription(interface: string) -> (description: string)

        # There is no such interface.
        error InterfaceNotFound (interface: string)

        # There is no such method in the interface.
        error MethodNotFound (method: string)

        # The method is defined and not carried out here.
        error MethodNotImplemented (method: string)

        # A parameter is missing, unknown, or not of its type.
        error InvalidParameter (parameter: string)

        # The caller may not do this.
        error PermissionDenied ()

        # The method answers only a call that says more.
        error ExpectedMore ()

        """
    }
}
