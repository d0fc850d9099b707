// The forms in which a key is shown: PEM as OpenSSL writes it, words as they are read aloud.

import CeremonyRecord
import Testing

@Suite("Public keys in PEM")
struct PEMTests {
    @Test("The block is what OpenSSL writes for the same key")
    func openSSL() throws {
        var vectors = try Vectors.fields("sshsig.json")
        let line = try vectors.string("line")
        let pem = try vectors.string("pem")
        let key = try #require(SSHPublicKey(line: line))
        #expect(key.pem == pem)
        #expect(SSHPublicKey(pem: pem) == key)
        #expect(SSHPublicKey(pem: String(pem.dropLast())) == key)
        for bad in [
            "", pem + pem, pem + "\n", " " + pem, pem.replacing("\n", with: "\r\n"),
            pem.replacing("PUBLIC", with: "PRIVATE"), pem.replacing("MCow", with: "MCov"),
            pem.replacing("=\n", with: "\n"), pem.replacing("K2Vw", with: "K2Vv"),
        ] {
            #expect(SSHPublicKey(pem: bad) == nil)
        }
    }

    @Test("A key of small order is refused")
    func smallOrder() throws {
        let der = try #require(Hex.decode("302a300506032b6570032100"))
        let text = Base64.encode(der + [1] + [UInt8](repeating: 0, count: 31))
        let pem = "-----BEGIN PUBLIC KEY-----\n\(text)\n-----END PUBLIC KEY-----\n"
        #expect(SSHPublicKey(pem: pem) == nil)
    }
}

@Suite("Words to read aloud")
struct PGPWordsTests {
    @Test("Published examples come out")
    func published() throws {
        #expect(PGPWords.words(of: [0xe5, 0x82]) == ["topmost", "Istanbul"])
        #expect(
            PGPWords.words(of: [0, 0, 0xff, 0xff]) == ["aardvark", "adroitness", "Zulu", "Yucatan"])
        let bytes = try #require(Hex.decode("d1c225e426c633dd94d1a7e8c3f408aa9b342488"))
        #expect(
            PGPWords.rows(PGPWords.words(of: bytes)) == [
                "stairway repellent bombast tradition bookshelf responsive chisel tambourine",
                "Pluto scavenger repay typewriter snowcap Virginia aimless pedigree",
                "puppy confidence bluebird maritime",
            ])
    }

    @Test("The two lists hold 512 different words and no other")
    func lists() throws {
        let all = (0...255).flatMap { PGPWords.words(of: [$0, $0]) }
        #expect(Set(all).count == 512)
        let even = all.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        let odd = all.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
        // Of the lists that were compared with two packages, joined by spaces.
        #expect(
            Digest(of: Array(even.joined(separator: " ").utf8)).hex
                == "541ddf6f9cb42d5f68c504d3e73c9604e07cc9bc0c9f970ede363979f631aff8")
        #expect(
            Digest(of: Array(odd.joined(separator: " ").utf8)).hex
                == "da2f42899401481ae69b71da92f1f26abd36d0c1e457fd372a0f1e48d1f3f152")
    }

    @Test("Words that were typed give the bytes back, whatever their case")
    func back() {
        for byte in UInt8.min...UInt8.max {
            let words = PGPWords.words(of: [byte, byte])
            #expect(PGPWords.bytes(of: words) == [byte, byte])
            #expect(PGPWords.bytes(of: words.map { $0.uppercased() }) == [byte, byte])
        }
        #expect(PGPWords.bytes(of: []) == [])
        #expect(PGPWords.bytes(of: ["adroitness"]) == nil)
        #expect(PGPWords.bytes(of: ["aardvark", "aardvark"]) == nil)
        #expect(PGPWords.bytes(of: ["aardvark "]) == nil)
        #expect(PGPWords.bytes(of: ["\u{212a}iwi"]) == nil)
    }
}
