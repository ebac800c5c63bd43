import Foundation
import Testing

@testable import LoadModel

@Suite struct ServerSnapshotTests {
    @Test func statisticsAreReadAndUnknownFieldsIgnored() throws {
        let snapshot = try busyServer()
        #expect(
            snapshot.connections
                == .init(
                    created: 5_000,
                    closed: 4_990,
                    live: 10,
                    handshaking: 1,
                    established: 4,
                    closing: 2,
                    draining: 3
                )
        )
        #expect(snapshot.closedByCause == ["peer_close": 4_900, "idle_timeout": 90])
        #expect(snapshot.connectionIDs == 31)
        #expect(snapshot.deadlines == 9)
        #expect(snapshot.tableBytes == 4_096)
        #expect(snapshot.handshakesInFlight == 1)
        #expect(snapshot.ledger.total == .init(liveBytes: 120_000, liveBlocks: 240, peakBytes: 99_000_000))
        #expect(snapshot.ledger.classes.transport.liveBytes == 100_000)
        #expect(snapshot.ledger.classes.tls.liveBlocks == 20)
        #expect(snapshot.ledger.classes.rings.peakBytes == 900_000)
        #expect(snapshot.ledger.classes.table.liveBytes == 1_500)
        #expect(snapshot.ledger.classes.closing.liveBytes == 308)
        #expect(snapshot.process.residentBytes == 52_428_800)
        #expect(snapshot.process.heapInUseBytes == 41_000_000)
        #expect(snapshot.process.uptimeSeconds == 12.5)
    }

    @Test func aSnapshotSurvivesJSON() throws {
        let snapshot = try busyServer()
        let json = try JSONEncoder().encode(snapshot)
        #expect(try JSONDecoder().decode(ServerSnapshot.self, from: json) == snapshot)
    }

    @Test func whateverIsNotZeroHasNotReturned() throws {
        let snapshot = try busyServer()
        #expect(!snapshot.hasReturned)
        #expect(
            snapshot.unreturned.prefix(9) == [
                "connections.live 10", "connections.closing 2", "connections.draining 3", "connection_ids 31",
                "deadlines 9", "table_bytes 4096", "handshakes_in_flight 1", "ledger.total.live_bytes 120000",
                "ledger.total.live_blocks 240",
            ]
        )
        #expect(snapshot.unreturned.contains("ledger.classes.rings.live_bytes 8192"))
        #expect(snapshot.unreturned.count == 19)
    }

    @Test func anIdleServerHasReturned() {
        #expect(idleServer().hasReturned)
        #expect(idleServer().unreturned.isEmpty)
    }

    @Test func oneConnectionIDIsEnoughNotToHaveReturned() {
        var snapshot = idleServer()
        snapshot.connectionIDs = 3
        #expect(snapshot.unreturned == ["connection_ids 3"])
    }

    @Test func theMaximumIsTakenNumberByNumber() throws {
        var memory = idleServer(residentBytes: 1 << 30)
        memory.ledger.classes.rings.liveBytes = 1 << 20
        var maximum = try busyServer()
        maximum.formMaximum(with: memory)
        #expect(maximum.process.residentBytes == 1 << 30)
        #expect(maximum.ledger.classes.rings.liveBytes == 1 << 20)
        #expect(maximum.ledger.classes.transport.liveBytes == 100_000)
        #expect(maximum.connections.live == 10)
        #expect(maximum.closedByCause == ["peer_close": 4_900, "idle_timeout": 90])
    }
}
