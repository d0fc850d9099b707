// RFC 7512 URIs: what is read, what is refused, what is written.

import PKCS11
import TestSupport
import Testing

@Suite("A token URI") struct TokenURITests {
    @Test(
        "is read and written in one canonical form",
        arguments: [
            ("pkcs11:token=house", "pkcs11:token=house"),
            (
                "pkcs11:serial=12ab;model=HSM%20v2;token=my%20house;manufacturer=HSM%20project",
                "pkcs11:token=my%20house;manufacturer=HSM%20project;model=HSM%20v2;serial=12ab"
            ),
            ("pkcs11:token=a%3ba%c3%a9", "pkcs11:token=a%3Ba%C3%A9"),
            ("pkcs11:token=%41%7e", "pkcs11:token=A~"),
            ("pkcs11:token=a:b", "pkcs11:token=a%3Ab"),
            ("pkcs11:token=%20a%09b", "pkcs11:token=%20a%09b"),
            ("pkcs11:id=%20;object=a%20", "pkcs11:object=a%20;id=%20"),
            (
                "pkcs11:type=private;id=%01%41;object=alpha;serial=9",
                "pkcs11:serial=9;object=alpha;id=%01%41;type=private"
            ),
            ("pkcs11:token=0123456789abcdef0123456789abcdef", nil),
        ])
    func canonical(text: String, canonical: String?) throws {
        let uri = try TokenURI(text)
        #expect(uri.description == canonical ?? text)
        #expect(try TokenURI(uri.description) == uri)
    }

    @Test(
        "is refused where it is not fully understood",
        arguments: [
            ("", .scheme), ("token=house", .scheme), ("PKCS11:token=house", .scheme),
            (" pkcs11:token=house", .scheme), ("pkcs11:", .syntax),
            ("pkcs11:token=house;", .syntax), ("pkcs11:;token=house", .syntax),
            ("pkcs11:token", .syntax), ("pkcs11:=house", .syntax),
            ("pkcs11:token=house;token=house", .duplicate("token")),
            ("pkcs11:token=house;serial=1;token=yard", .duplicate("token")),
            ("pkcs11:token=house;colour=red", .unrecognized("colour")),
            ("pkcs11:Token=house", .unrecognized("Token")),
            ("pkcs11:x-vendor=1", .unrecognized("x-vendor")),
            ("pkcs11:slot-id=0", .unrecognized("slot-id")),
            ("pkcs11:library-manufacturer=x", .unrecognized("library-manufacturer")),
            ("pkcs11:pin-value=1234", .unrecognized("pin-value")),
            ("pkcs11:token=house?pin-value=1234", .query("pin-value")),
            ("pkcs11:token=house?pin-source=file:/pin", .query("pin-source")),
            ("pkcs11:token=house?module-path=/m.so", .query("module-path")),
            ("pkcs11:token=house?", .query("")),
            ("pkcs11:token=my house", .encoding), ("pkcs11:token=house\n", .encoding),
            ("pkcs11:token=%4", .encoding), ("pkcs11:token=%4g", .encoding),
            ("pkcs11:token=%", .encoding), ("pkcs11:token=a%00b", .encoding),
            ("pkcs11:token=häuschen", .encoding), ("pkcs11:token=a/b", .encoding),
            ("pkcs11:token=", .unusableValue("token")),
            ("pkcs11:token=%20%20", .unusableValue("token")),
            ("pkcs11:token=house%20", .unusableValue("token")),
            (
                "pkcs11:token=0123456789abcdef0123456789abcdefX", .unusableValue("token")
            ),
            ("pkcs11:token=house;serial=0123456789abcdefX", .unusableValue("serial")),
            ("pkcs11:token=house;model=0123456789abcdefX", .unusableValue("model")),
            ("pkcs11:token=house;type=treasure", .unusableValue("type")),
            ("pkcs11:token=" + String(repeating: "a", count: 1024), .tooLong),
        ] as [(String, TokenURIError)])
    func refused(text: String, error: TokenURIError) {
        #expect(throws: error) { try TokenURI(text) }
    }

    @Test("never repeats a PIN in its error text")
    func quiet() {
        do {
            _ = try TokenURI("pkcs11:token=house?pin-value=314159")
            Issue.record("it was taken")
        } catch {
            #expect(!error.description.contains("314159"))
        }
    }

    @Test("that is to be written by names label and serial number, and no object")
    func writable() throws {
        try TokenURI("pkcs11:token=a;serial=1").requireWritable()
        #expect(throws: TokenURIError.missing("serial")) {
            try TokenURI("pkcs11:token=a").requireWritable()
        }
        #expect(throws: TokenURIError.missing("token")) {
            try TokenURI("pkcs11:serial=1").requireWritable()
        }
        #expect(throws: TokenURIError.namesObject) {
            try TokenURI("pkcs11:token=a;serial=1;id=%01").requireWritable()
        }
    }

    @Test("made of a token's description matches that token and, changed anywhere, does not")
    func matching() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            let info = try module.slot().tokenInfo()
            #expect(info.label == "house")
            #expect(info.manufacturer == "SoftHSM project")
            #expect(info.model == "SoftHSM v2")
            #expect(info.serial.utf8.count == 16)
            let uri = TokenURI(of: info)
            #expect(uri.matches(info))
            #expect(
                uri.description
                    == "pkcs11:token=house;manufacturer=SoftHSM%20project;model=SoftHSM%20v2"
                    + ";serial=\(info.serial)")
            for other in [
                "pkcs11:token=House", "pkcs11:token=hous", "pkcs11:token=house%20x",
                "pkcs11:model=SoftHSM", "pkcs11:manufacturer=softhsm%20project",
                "pkcs11:serial=\(info.serial.dropLast())", "pkcs11:token=house;serial=0",
            ] {
                #expect(try !TokenURI(other).matches(info), "\(other)")
            }
        }
    }

    @Test("with the object it names is written with class, identifier and label")
    func naming() throws {
        let uri = try TokenURI("pkcs11:token=a").naming(.publicKey, id: [0, 255])
        #expect(uri.description == "pkcs11:token=a;id=%00%FF;type=public")
        #expect(!uri.isTokenOnly)
    }
}

@Suite("The search for a token") struct TokenLookupTests {
    @Test("lists both of two tokens with one label, and the serial number decides")
    func ambiguous() async throws {
        try await withSoftHSM(tokens: ["twin", "twin", "other"]) { store in
            let module = try store.loadModule()
            let uri = try TokenURI("pkcs11:token=twin")
            guard
                case .tokenAmbiguous(uri, let matches)? = pkcs11Error({
                    _ = try uri.locate(in: [module])
                })
            else {
                Issue.record("not refused as ambiguous")
                return
            }
            #expect(matches.count == 2)
            #expect(Set(matches.map(\.info.serial)).count == 2)
            for match in matches {
                #expect(try match.uri.locate(in: [module]).slot == match.slot)
                #expect(
                    PKCS11Error.tokenAmbiguous(uri, matches: matches).description
                        .contains(match.info.serial))
            }
        }
    }

    @Test("finds nothing where nothing matches, and never the free slot that SoftHSM shows")
    func none() async throws {
        try await withSoftHSM { store in
            let module = try store.loadModule()
            #expect(try module.slots().count == 2)
            let absent = try TokenURI("pkcs11:token=absent")
            #expect(throws: PKCS11Error.tokenNotFound(absent, unreadable: [])) {
                try absent.locate(in: [module])
            }
            let vague = try TokenURI("pkcs11:manufacturer=SoftHSM%20project")
            #expect(try vague.locate(in: [module]).info.label == "house")
        }
    }

    @Test("goes through several modules and counts matches in all of them")
    func severalModules() async throws {
        try await withSoftHSM(tokens: ["left", "both"]) { one in
            try await withSoftHSM(tokens: ["right", "both"]) { two in
                let modules = [try one.loadModule(), try two.loadModule()]
                let right = try TokenURI("pkcs11:token=right").locate(in: modules)
                #expect(right.slot.module === modules[1])
                let both = try TokenURI("pkcs11:token=both")
                #expect(throws: PKCS11Error.self) { try both.locate(in: modules) }
            }
        }
    }

    @Test("passes over a slot that cannot be read, and names it when nothing is found")
    func unreadable() async throws {
        try await withSoftHSM { store in
            let module = try store.loadFaultModule()
            try store.setFaults("C_GetTokenInfo 1 rv 0xe1")
            let uri = try TokenURI("pkcs11:token=house")
            guard
                case .tokenNotFound(uri, let unreadable)? = pkcs11Error({
                    _ = try uri.locate(in: [module])
                })
            else {
                Issue.record("found without being read")
                return
            }
            #expect(unreadable.map(\.error.category) == [.removed])
            try store.setFaults("C_GetTokenInfo 2 rv 0xe1")
            #expect(try uri.locate(in: [module]).info.label == "house")
        }
    }
}
