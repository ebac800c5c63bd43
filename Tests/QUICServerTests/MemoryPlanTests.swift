import QUICTransport
import Testing

@testable import QUICServer

@Suite struct MemoryPlanTests {
    private func plan(_ change: (inout ServerConfiguration) -> Void) throws -> MemoryPlan {
        var configuration = ServerConfiguration()
        configuration.memoryBytesLimit = 1 << 30
        change(&configuration)
        return try MemoryPlan(configuration)
    }

    private func refusal(_ change: (inout ServerConfiguration) -> Void) -> String {
        do {
            _ = try plan(change)
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test func asManyConnectionsAreAdmittedAsHaveTheirFloor() throws {
        let plan = try plan { _ in }
        #expect(plan.connectionFloorBytes == 32 * 1024)
        #expect(plan.connectionLimit == (1 << 30) / 100 * 85 / (32 * 1024))
        #expect(plan.connectionLimit * plan.connectionFloorBytes <= plan.memoryBytesLimit)
        #expect(plan.connectionCostBytes == (24 << 20) + 8 * 1024 + 16 * 256)
    }

    @Test func aHundredThousandIdleConnectionsAreAdmittedWithFourGibibytes() throws {
        #expect(try plan { $0.memoryBytesLimit = 4 << 30 }.connectionLimit >= 100_000)
    }

    @Test func aStrictPlanKeepsTheFirstWindowOfEachConnection() throws {
        let plan = try plan { $0.transport.keepsWindowsWorth = true }
        #expect(plan.connectionFloorBytes == (32 + 64 + 8) * 1024)
    }

    @Test func theDefaultsFitThisMachine() throws {
        #expect(try MemoryPlan(ServerConfiguration()).connectionLimit > 0)
    }

    @Test func theDefaultIsAQuarterOfTheMemoryThereIs() throws {
        let source = MemoryLimitSource.controlGroup(file: "memory.max", group: "/a", version: 2)
        let available = AvailableMemory(bytes: 4 << 30, source: source)
        let plan = try MemoryPlan(ServerConfiguration(), available: available)
        #expect(plan.memoryBytesLimit == 1 << 30)
        #expect(plan.memoryLimitSource == source)
        #expect(try self.plan { _ in }.memoryLimitSource == .configuration)
    }

    @Test func moreConnectionsThanFitAreRefusedWithTheArithmetic() {
        let sentence = refusal { $0.connectionLimit = 40_000 }
        #expect(sentence.contains("40000 connections × a floor of 32768 bytes = 1310720000 bytes"))
        #expect(sentence.contains("85 % of the memory limit of 1073741824 bytes"))
        #expect(sentence.contains("1 to 27852 connections"))
    }

    @Test func fewerConnectionsThanWorkersAreRefused() {
        let sentence = refusal {
            $0.workerCount = 4
            $0.connectionLimit = 3
        }
        #expect(sentence.contains("accepted are 4 to 27852 connections"))
    }

    @Test func aMemoryLimitWithoutRoomForAConnectionIsRefused() {
        let sentence = refusal {
            $0.memoryBytesLimit = 100_000
            $0.workerCount = 2
        }
        #expect(sentence.contains("at least 717612 bytes are needed"))
    }

    @Test func aHandshakeLimitThatFailsEveryHandshakeIsRefused() {
        #expect(refusal { $0.transport.handshakeBytesLimit = 29_999 }.contains("at least 30000 bytes"))
        for bytes in [-1, 65_536] {
            let sentence = refusal { $0.transport.datagramFrameBytesLimit = bytes }
            #expect(sentence.contains("\(bytes) bytes") && sentence.contains("0...65535"))
        }
    }

    @Test func aChainWithoutRoomInTheHandshakeLimitIsRefusedWithTheArithmetic() {
        let sentence = refusal { $0.transport.certificateChainBytes = 40_000 }
        #expect(sentence.contains("a certificate chain of 40000 bytes"))
        #expect(sentence.contains("45056 + 40000 = 85056 bytes of transport"))
        #expect(sentence.contains("the handshake memory limit is 49152 bytes; at least 85056 bytes are needed"))
        #expect(sentence.contains("a chain of up to 32768 bytes is given as many as it needs"))
    }

    @Test func aChainThatTLSHasNoRoomForIsRefusedWhateverTheLimit() {
        let sentence = refusal {
            $0.transport.certificateChainBytes = 120_000
            $0.transport.handshakeBytesLimit = 1 << 20
        }
        #expect(sentence.contains("a certificate chain of 120000 bytes exceeds the 109568 bytes"))
        #expect(sentence.contains("131072 bytes of a handshake beside 17408 bytes of the client's and 4096 bytes"))
    }

    @Test func clientsCertificatesTakeTheirPartOfTheTranscript() throws {
        let sentence = refusal {
            $0.transport.certificateChainBytes = 109_568
            $0.transport.handshakeBytesLimit = 1 << 20
            $0.transport.asksForCertificates = true
        }
        #expect(sentence.contains("a certificate chain of 109568 bytes exceeds the 101376 bytes"))
        #expect(sentence.contains("131072 bytes of a handshake beside 25600 bytes of the client's and 4096 bytes"))
        _ = try plan {
            $0.transport.certificateChainBytes = 101_376
            $0.transport.handshakeBytesLimit = 1 << 20
            $0.transport.asksForCertificates = true
        }
    }

    @Test func chainsOfUpTo32KiBNeedNoOtherLimit() throws {
        for bytes in [500, 2_000, 4_096, 32_768] {
            _ = try plan { $0.transport.certificateChainBytes = bytes }
            _ = try plan {
                $0.transport.certificateChainBytes = bytes
                $0.transport.handshakeBytesLimit = 30_000
            }
        }
        #expect(refusal { $0.transport.certificateChainBytes = 32_769 }.contains("32769"))
    }

    @Test func aShortChainCostsNothing() throws {
        #expect(try plan { $0.transport.certificateChainBytes = 4_096 } == plan { _ in })
        var transport = TransportConfiguration()
        transport.certificateChainBytes = 4_096
        #expect(transport.handshakeBytesLimitWithChain == transport.handshakeBytesLimit)
        #expect(transport.handshakeFloorBytes == TransportConfiguration.handshakeFloorBytes)
    }

    @Test func firstWindowsThatExceedTheConnectionsLimitAreRefused() {
        let sentence = refusal {
            $0.transport.connectionWindow.initialBytes = 160 * 1024
            $0.transport.connectionBytesLimit = 192 * 1024
        }
        #expect(sentence.contains("first window of 163840 bytes"))
        #expect(sentence.contains("at least 521216 bytes"))
    }

    @Test func aStreamWindowAboveTheConnectionsIsRefused() {
        #expect(
            refusal { $0.transport.streamWindow = .fixed(65_537) }
                .contains("65537..65537 bytes exceeds the connection's window of 65536..16777216")
        )
    }

    @Test func streamsCostWhatTheirObjectsTake() throws {
        let plan = try plan { $0.transport.peerUnidirectionalStreams = 100 }
        #expect(plan.connectionCostBytes == (24 << 20) + (8 + 4) * 1024 + 100 * MemoryPlan.streamObjectBytes)
    }

    @Test func turnsInWhichNothingIsHandledAreRefused() {
        #expect(refusal { $0.transport.datagramsPerTurn = 0 }.contains("use 1 to 65536"))
        #expect(refusal { $0.transport.waitingDatagrams = -1 }.contains("use 0 to 65536"))
        #expect(refusal { $0.transport.waitingDatagrams = 0 } == "accepted")
    }

    @Test func everyRefusalNamesAValueThatIsAccepted() throws {
        _ = try plan { $0.connectionLimit = 27_852 }
        _ = try plan {
            $0.memoryBytesLimit = 717_612
            $0.workerCount = 2
        }
        _ = try plan { $0.transport.handshakeBytesLimit = 30_000 }
        _ = try plan {
            $0.transport.certificateChainBytes = 40_000
            $0.transport.handshakeBytesLimit = 85_056
        }
        _ = try plan {
            $0.transport.certificateChainBytes = 109_568
            $0.transport.handshakeBytesLimit = 1 << 20
        }
        _ = try plan {
            $0.transport.connectionWindow.initialBytes = 160 * 1024
            $0.transport.connectionBytesLimit = 521_216
        }
    }
}
