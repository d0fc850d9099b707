// What each rule means to a person, and what to do next. A finding puts what was found before it.

extension Vault.Rule {
    /// What breaking the rule means and what to do, as one or two sentences.
    public var advice: String {
        switch self {
        case .missingFile: "No program accepts a vault without it. Restore it from a copy."
        case .notRegular:
            "A vault holds plain files and directories only, because a link or a device "
                + "can show another file at the next look. Replace it by a copy of what it should be."
        case .badName: "A manifest cannot name it. Rename or remove the file."
        case .unreadable: "What it should say is unknown. Restore it from a copy."
        case .privateKey:
            "Whoever reads the vault can sign with that key, and this program never uses "
                + "it. Move it into a token or offline, and rotate the key if others could have read it."
        case .staleManifest:
            "The vault was changed without its manifest, or by somebody who should not "
                + "have. Find out what changed; then the package's `provara manifest` writes it anew."
        case .staleRoot:
            "The manifest and the Merkle root were not written together. Find out why; then "
                + "the package's `provara manifest` writes both anew."
        case .unsignedManifest:
            "Nobody stands for the files outside the log. Have an authority sign it."
        case .staleSignature:
            "This is usual after an append, but nobody stands for the files as they are "
                + "now. The next rotation signs it anew."
        case .wrongSignature:
            "Somebody without the right to do so signed the manifest, or the record was "
                + "changed. Find out who wrote it before you trust the files outside the log."
        case .genesisDiffers:
            "The birth record was exchanged, or belongs to another vault. Trust neither "
                + "before you know which is the right one."
        case .contractDiffers:
            "The contract is signed by nobody and gives no authority by itself. Have it "
                + "name the keys that the birth or the log introduced."
        case .unsignedIntroduction:
            "Whoever can write to the disk could have put the key there, and signed the "
                + "manifest with it. Compare its id with one that you have from its holder, since the "
                + "vault's birth."
        case .repeatedKey: "Which of them counts differs from program to program. Leave one."
        case .wrongKeyID:
            "An id that is not worked out from the key can stand for any key. Trust nothing "
                + "that this key signed before you know where it comes from."
        case .unsoundKey:
            "Such a key can have a second form, or signatures that anybody can make. Replace it."
        case .strangeKey:
            "A key that nobody introduced was put there by somebody. Take it out, or have an "
                + "authority promote it."
        case .missingKey:
            "The events that it signed do not verify with the package. "
                + "`ceremonyctl provara apply-rotation` brings keys.json up to date from the log."
        case .missingBirthKey:
            "What it signed cannot be checked. Restore its entry from a copy; its id "
                + "proves the public key."
        case .wrongRoles: "Roles count as the birth and the log gave them. Correct the entry."
        case .wrongStatus:
            "The log says what a key is worth, and other programs read keys.json. "
                + "`ceremonyctl provara apply-rotation` brings it up to date from the log."
        case .literalRevoked:
            "`provara verify` refuses all that such a key ever signed, also before its "
                + "revocation. Write `retired`; the log says that it is revoked."
        case .byteOrderMark:
            "The package then takes the first event for garbage. Write the log without it."
        case .noFinalLineFeed:
            "The last write was cut off, and the next event would be joined to it. See "
                + "whether the last event is whole, then end the line."
        case .emptyLog: "A vault is born with its first event. Restore the log from a copy."
        case .malformedLine:
            "The package skips or misreads it, so what it hides goes unseen. Find out who "
                + "wrote it; a log is never edited, so restore it from a copy."
        case .notCanonical:
            "What is signed is the canonical form, and other programs may read the line "
                + "differently. Find out who wrote it."
        case .badMember: "The protocol cannot place the event. Find out what wrote it."
        case .unsigned: "Anybody could have written it. Trust nothing that it says."
        case .badSignature:
            "The event was changed, or was never signed by that key. Trust nothing that it says."
        case .wrongEventID:
            "The event was changed or its id was made up; what refers to it refers to nothing."
        case .unknownSigner:
            "A signature by a key that nobody introduced says nothing. Trust nothing that it "
                + "says before you know whose key it is."
        case .revokedSigner: "A revoked key speaks for nobody, so the event counts for nothing."
        case .brokenChain:
            "An event of this actor was removed, added or moved. Compare with a peer's log."
        case .logicalTime: "Programs that order by it are misled. Nothing needs to be done."
        case .timeOrder:
            "The package sorts a log by the text of its times when it merges vaults, and would "
                + "put this event elsewhere. Write times like 2026-02-18T12:00:00.123456+00:00."
        case .strangeType:
            "The protocol has no such type. Custom types have names like com.example.type."
        case .strangeNamespace: "The reference reducer reads it as `local`."
        case .badTombstone:
            "What the event said is gone, and nobody with the right to do so said that it "
                + "should be. Restore the log from a copy."
        case .redacted:
            "Its signature and its id can no longer be checked; only the chain still holds it."
        case .afterSeal: "A sealed vault is closed for ever. Put new events into its successor."
        case .sealed: "Nothing may be added to it, also no rotation. Use its successor."
        case .noGenesis: "Nothing says whose vault this is. Restore the log from a copy."
        case .secondGenesis: "A vault is born once. Somebody tries to pass off another birth."
        case .lateGenesis: "A merge of vaults may have put it there; the chains still hold."
        case .genesisSigner:
            "A birth that its own root key did not sign gives that key no authority."
        case .badRevocation, .badPromotion:
            "It changes nothing, because nobody can know what it should. "
                + "Find out what wrote it."
        case .selfRevocation:
            "A key that may be in wrong hands cannot say what it is still good for. A "
                + "surviving authority has to revoke it."
        case .revocationSigner, .promotionSigner:
            "Only a key with the role root or quorum that is neither "
                + "revoked nor contested can change keys. It changes nothing."
        case .revokedWhat: "It changes nothing. Compare with a peer's log."
        case .noBoundary:
            "Without it nobody knows which events of the key still stand. Treat all of them as "
                + "contested."
        case .unknownBoundary, .foreignBoundary:
            "The boundary has to be an earlier event that the revoked key "
                + "signed. Treat all events of that key as contested."
        case .selfPromotion:
            "Anybody can make a key and promote it. The new key has no standing; find out "
                + "who wrote this."
        case .knownKey: "A key has one life in a vault and never comes back. Make a new key."
        case .noRevocation: "A new key replaces one that was revoked before. It has no standing."
        case .promotionTime:
            "A merge by the package would put the promotion before the revocation, where it "
                + "counts for nothing. The rotation has to be done again with rising times."
        case .moreRoles: "See that this was meant."
        case .unfinished:
            "The key is revoked and nothing replaces it, so the rotation was left half done. "
                + "Finish or undo it with the program that began it; nothing else may be rotated before."
        case .badAttestation: "The event that it names stays contested. Attest it again."
        case .contestedUnlisted: "They are contested all the same. Ask for a longer list."
        }
    }
}
