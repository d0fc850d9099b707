// From the rules' refusals to the names under which a verifier reports them. Many refusals are
// about manners (too early, drafted again); seen in a log they all mean that somebody edited it.

import CeremonyRecord

extension Defect {
    /// The defect that a refused event is.
    init(_ refusal: Refusal, at seq: Int, missingConsequence: Bool) {
        let name: Name =
            if missingConsequence {
                .missingConsequence
            } else if seq == 0, ![.badSignature, .wrongNamespace].contains(refusal.code) {
                .unsoundFounding
            } else {
                Name(refusal.code)
            }
        self.init(name, at: seq, refusal.detail, refusal: refusal)
    }
}

extension Defect.Name {
    /// The name under which a refusal is reported, once the event is known to be in its place.
    init(_ code: RefusalCode) {
        self =
            switch code {
            case .halted: .whileHalted
            case .notOnRoster, .wrongRole, .initiatorExcluded, .holderExcluded, .notListed:
                .notEntitled
            case .alreadyAnswered, .nonceUsed: .answeredTwice
            case .badSignature, .wrongNamespace: .badSignature
            case .unknownPrefix: .otherHistory
            case .malformed, .wrongDocument, .statementDiffers, .badParameter,
                .unknownKind:
                .wrongDocument
            case .prestateChanged: .changedPrestate
            case .expired, .stale, .clockBehind, .clockStepped, .clockGap: .outOfTime
            case .notYet, .unmeetable, .belowFloor, .badPolicy: .belowThreshold
            case .busy, .keyExists, .wrongKey: .conflictingCeremony
            case .keyTaken, .outcomeDiffers, .softwareToken: .unprovenOutcome
            case .ended, .declined, .illegalTransition, .nothingToRecover: .illegalTransition
            case .incompleteGenesis, .illegalEvent, .unknownCeremony: .illegalEvent
            case .brokenChain: .brokenChain
            case .timeBackwards: .timeBackwards
            }
    }
}
