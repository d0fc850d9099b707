// Finding the one token that a URI names: none and several are both errors, because a key must
// never land in whichever token happened to be first.

/// A token that a URI matches.
public struct TokenMatch: Hashable, Sendable {
    /// Where the token is.
    public let slot: Slot
    /// What it says about itself.
    public let info: TokenInfo
    /// The URI that names exactly this token.
    public var uri: TokenURI { TokenURI(of: info) }
}

/// A slot that a lookup could not read.
public struct UnreadableSlot: Equatable, Sendable {
    /// The slot.
    public let slot: Slot
    /// Why not.
    public let error: PKCS11Error
}

extension TokenURI {
    /// The one token that the URI names, among all slots of all modules, freshly asked.
    ///
    /// Tokens that are not initialised do not count. Slots that cannot be read are passed over, as
    /// an unrelated card in another reader must not stop anything; they are named if nothing is
    /// found.
    ///
    /// - Throws: ``PKCS11Error/tokenNotFound(_:unreadable:)``,
    ///   ``PKCS11Error/tokenAmbiguous(_:matches:)``, or the error of a module that does not even
    ///   list its slots.
    public func locate(in modules: [Module]) throws(PKCS11Error) -> TokenMatch {
        var matches: [TokenMatch] = []
        var unreadable: [UnreadableSlot] = []
        for module in modules {
            for slot in try module.slots() {
                do throws(PKCS11Error) {
                    let info = try slot.tokenInfo()
                    if info.isInitialized, self.matches(info) {
                        matches.append(TokenMatch(slot: slot, info: info))
                    }
                } catch {
                    unreadable.append(UnreadableSlot(slot: slot, error: error))
                }
            }
        }
        guard let first = matches.first else { throw .tokenNotFound(self, unreadable: unreadable) }
        guard matches.count == 1 else { throw .tokenAmbiguous(self, matches: matches) }
        return first
    }
}
