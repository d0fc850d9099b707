// The text that says what the daemon can be asked. It is the file org.ceremonyd.Ceremony.varlink,
// compiled in, so that the file, the introspection and the check of parameters cannot differ.

/// The interface `org.ceremonyd.Ceremony`.
public enum CeremonyInterface {
    /// The interface's name.
    public static let name = "org.ceremonyd.Ceremony"

    /// The interface definition, as `GetInterfaceDescription` answers it.
    public static let text = String(
        decoding: PackageResources.org_ceremonyd_Ceremony_varlink, as: UTF8.self)

    /// The interface definition, parsed.
    ///
    /// - Throws: ``InterfaceDescription/Fault`` if the file is no interface definition.
    public static func description() throws(InterfaceDescription.Fault) -> InterfaceDescription {
        try InterfaceDescription(text)
    }
}
