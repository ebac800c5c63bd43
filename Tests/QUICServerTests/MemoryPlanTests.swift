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

    @Test func asManyConnectionsAreAdmittedAsFitAtTheirWorst() throws {
        let plan = try plan { _ in }
        #expect(plan.connectionCostBytes == 192 * 1024 + 8 * 1024 + 16 * 256)
        #expect(plan.connectionLimit == (1 << 30) / (204 * 1024))
        #expect(plan.connectionLimit * plan.connectionCostBytes <= plan.memoryBytesLimit)
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
        let sentence = refusal { $0.connectionLimit = 10_000 }
        #expect(sentence.contains("10000 connections × 208896 bytes = 2088960000 bytes"))
        #expect(sentence.contains("memory limit is 1073741824 bytes"))
        #expect(sentence.contains("1 to 5140 connections"))
    }

    @Test func fewerConnectionsThanWorkersAreRefused() {
        let sentence = refusal {
            $0.workerCount = 4
            $0.connectionLimit = 3
        }
        #expect(sentence.contains("accepted are 4 to 5140 connections"))
    }

    @Test func aMemoryLimitWithoutRoomForAConnectionIsRefused() {
        let sentence = refusal {
            $0.memoryBytesLimit = 100_000
            $0.workerCount = 2
        }
        #expect(sentence.contains("at least 417792 bytes are needed"))
    }

    @Test func aHandshakeLimitThatFailsEveryHandshakeIsRefused() {
        #expect(refusal { $0.transport.handshakeBytesLimit = 29_999 }.contains("at least 30000 bytes"))
    }

    @Test func windowsThatExceedTheConnectionsLimitAreRefused() {
        let sentence = refusal { $0.transport.connectionWindowBytes = 160 * 1024 }
        #expect(sentence.contains("32768 bytes idle + 163840 bytes of windows + 9600 bytes of 16 streams"))
        #expect(sentence.contains("at least 206208 bytes"))
    }

    @Test func aStreamWindowAboveTheConnectionsIsRefused() {
        #expect(
            refusal { $0.transport.streamWindowBytes = 65_537 }.contains("exceeds the connection's window of 65536")
        )
    }

    @Test func streamsCostWhatTheirObjectsTake() throws {
        let plan = try plan { $0.transport.peerUnidirectionalStreams = 100 }
        #expect(plan.connectionCostBytes == 204 * 1024 + 100 * MemoryPlan.streamObjectBytes)
    }

    @Test func turnsInWhichNothingIsHandledAreRefused() {
        #expect(refusal { $0.transport.datagramsPerTurn = 0 }.contains("accepted are at least 1"))
        #expect(refusal { $0.transport.waitingDatagrams = -1 }.contains("at least 0"))
        #expect(refusal { $0.transport.waitingDatagrams = 0 } == "accepted")
    }

    @Test func everyRefusalNamesAValueThatIsAccepted() throws {
        _ = try plan { $0.connectionLimit = 5_140 }
        _ = try plan {
            $0.memoryBytesLimit = 417_792
            $0.workerCount = 2
        }
        _ = try plan { $0.transport.handshakeBytesLimit = 30_000 }
        _ = try plan {
            $0.transport.connectionWindowBytes = 160 * 1024
            $0.transport.connectionBytesLimit = 206_208
        }
    }
}
