import LoadModel

extension Attacker {
    /// Carries the attack `name` out. What it takes is held when this returns.
    func attack(_ name: AbuseName) throws {
        switch name {
        case .initialFlood: try floodInitials()
        case .halfOpen: try beginHandshakes()
        case .cryptoSpray: try sprayCrypto()
        case .oversizedClientHello: try sendOversizedClientHello()
        case .connectionIDHashFlooding: try floodSimilarConnectionIDs()
        case .tokenReplay: try replayToken()
        case .tokenForgery: try forgeTokens()
        case .postHandshakeCrypto: try sendCryptoAfterHandshake()
        case .streamGaps: try leaveGaps()
        case .outOfOrderEveryStream: try sendOutOfOrder()
        case .streamLimit: try exceedStreamLimit()
        case .skippedStreamIDs: try skipStreams()
        case .halfClosedStreams: try halfCloseStreams()
        case .trickle: try trickle()
        case .zeroWindowReader: try grantNothing()
        case .withheldAcks: try acknowledgeNothing()
        case .grownWindowGaps: try leaveGapsInGrownWindow(onStreams: 1)
        case .grownWindowGapsEveryStream: try leaveGapsInGrownWindow(onStreams: limits.streams)
        case .grownWindowCrumbs: try scatterCrumbsInGrownWindow()
        case .grownWindowReordered: try reorderGrownWindow()
        case .grownZeroWindowReader: try grantNothingAfterGrowth()
        case .grownWithheldAcks: try acknowledgeNothingAfterGrowth()
        case .optimisticAck: try acknowledgeTooMuch()
        case .ackRanges: try acknowledgeInRanges()
        case .newConnectionIDStuffing: try issueConnectionIDs()
        case .retireConnectionIDChurn: try retireConnectionIDs()
        case .pathChallengeFlood: try challengePath()
        case .portHopping: try hopPorts()
        case .pathChurn: try churnPaths()
        case .spoofedMigration: try migrateSpoofed()
        case .frameFlood: try floodFrames()
        case .keyUpdateFlood: try updateKeys()
        case .undecryptable: try sendUndecryptable()
        case .hugeDatagrams: try sendHugeDatagrams()
        case .zeroLengthDatagrams: try sendEmptyDatagrams()
        case .versionNegotiationFlood: try floodUnknownVersions()
        case .reflectionLoop: try pretendToAnswer()
        case .statelessResetProbing: try probeResets()
        case .closeStorm: try stormOfCloses()
        }
        hold()
    }
}

extension AbuseName {
    /// Whether the attack is judged by its connections alone, so that others may go on beside it.
    var standsAlone: Bool { scenario.expectation.signs.isEmpty && !isFlood }

    private var isFlood: Bool {
        switch self {
        case .pathChallengeFlood, .frameFlood, .keyUpdateFlood, .undecryptable, .ackRanges, .retireConnectionIDChurn:
            true
        default: false
        }
    }
}
