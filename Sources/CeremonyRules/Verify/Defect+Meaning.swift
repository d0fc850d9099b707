// What each defect means, one sentence a name: what may have happened, and what to do or not to do.

extension Defect.Name {
    /// What it means for trust in the evidence, in one sentence.
    public var meaning: String {
        switch self {
        case .notABundle: "This is not evidence in a form that this program knows."
        case .notAFile: "Evidence is plain files; a link could show each reader something else."
        case .missingFile: "Something that the log gives was left out; ask for a whole export."
        case .unknownFile: "The log does not give this file; do not believe what it says."
        case .alteredFile: "The file is not what the log gives; somebody or something changed it."
        case .badProof: "The file does not prove that the ceremony's completion is in the log."
        case .transportSums: "The copy was damaged on its way; fetch it again."
        case .emptyLog: "There is nothing to trust."
        case .tornLog: "The end of the log was cut off or lines were inserted."
        case .unreadableEvent: "The line was damaged, or this program did not write it."
        case .notCanonical: "Two readers could understand the line differently."
        case .unknownEvent: "An event that is not understood could change what all others mean."
        case .otherLog: "Events of another log were mixed in."
        case .wrongSequence: "Events were removed, repeated or reordered."
        case .brokenChain: "An event before this one was changed after it was written."
        case .timeBackwards: "The dates of the log cannot be believed."
        case .unsoundFounding: "The log was never properly founded; nobody in it is anybody."
        case .badSignature: "Somebody's consent was forged, or what they signed was changed."
        case .notEntitled: "Somebody acted who was not allowed to."
        case .answeredTwice: "One person or one order was counted more than once."
        case .wrongDocument: "A signature is shown for something else than what was signed."
        case .otherHistory: "Whoever signed this saw another history of the log than this one."
        case .changedPrestate: "People agreed to this in another situation."
        case .outOfTime: "Something was taken as valid after its time was over, or before it began."
        case .belowThreshold: "It was done before enough people had agreed."
        case .whileHalted: "The log went on although it was halted."
        case .conflictingCeremony: "Two operations stood where only one may."
        case .unprovenOutcome: "The key that came out is not shown to be the one that was ordered."
        case .illegalTransition: "A ceremony took a step that no ceremony may take."
        case .illegalEvent: "Something happened that nobody ordered and nothing called for."
        case .missingConsequence: "What had to follow at once is missing, so the log was edited."
        case .badCheckpoint: "The log has no readable signed head."
        case .checkpointNotSigned: "No key of this log stands behind this head."
        case .checkpointSignature: "The head was changed after it was signed, or forged."
        case .checkpointOrigin: "The head is that of another log."
        case .checkpointSize: "Events were added or cut off after the head was signed."
        case .checkpointRoot: "The log key signed other events than these."
        case .genesisNotGiven:
            "All else holds, but who these people are is not checked: "
                + "bring the SHA-256 of the genesis document from a source that you trust."
        case .genesisDiffers: "This is another log than the one that you trust."
        case .rehearsal: "This was practice; its keys are not to be trusted."
        case .seenUnreadable: "The earlier checkpoint that you brought cannot be used."
        case .seenNotSigned: "The earlier checkpoint is not one of this log."
        case .logShrank: "The log is shorter than it once was: you are shown an old or cut copy."
        case .logForked:
            "The log key signed two histories. Trust neither; keep both checkpoints as proof."
        }
    }
}
