import Testing

@testable import BoundedMemory
@testable import EchoServerKit
@testable import QUICEndpoint
@testable import QUICServer

@Suite struct FinalStatementTests {
    @Test func aServerThatReturnedSaysSo() {
        let statement = FinalStatement(returned())
        #expect(
            statement.line
                == """
                closed: created 5000, closed 5000, live 0, connection IDs 0, deadlines 0, ledger 0 bytes in 0 blocks
                """
        )
        #expect(statement.unreturned.isEmpty)
        #expect(statement.hasReturned)
    }

    @Test func whatDidNotReturnIsNamedWithItsNumber() {
        let statement = FinalStatement(busyServer())
        #expect(
            statement.line
                == """
                closed: created 5000, closed 4980, live 20, connection IDs 71, deadlines 23, \
                ledger 460116 bytes in 6 blocks
                """
        )
        #expect(
            statement.unreturned == [
                "connections.live 20", "connections.closing 1", "connections.draining 2",
                "connections.created - connections.closed 20", "connection_ids 71", "deadlines 23", "sources 14",
                "table_bytes 65536", "hand_over.waiting_bytes 3504", "work.waiting_bytes 616",
                "ledger.total.live_bytes 460116",
                "ledger.total.live_blocks 6",
                "ledger.classes.transport.live_bytes 451000", "ledger.classes.transport.live_blocks 2",
                "ledger.classes.rings.live_bytes 8192", "ledger.classes.rings.live_blocks 1",
                "ledger.classes.closing.live_bytes 924", "ledger.classes.closing.live_blocks 3",
            ]
        )
        #expect(!statement.hasReturned)
    }

    @Test func eachNumberAloneIsEnoughNotToHaveReturned() {
        let breakages: [(String, (inout ServerStatistics) -> Void)] = [
            ("connections.live 1", { $0.endpoint.connections.handshaking = 1 }),
            ("connections.live 1", { $0.endpoint.connections.established = 1 }),
            ("connections.closing 1", { $0.endpoint.connections.closing = 1 }),
            ("connections.draining 1", { $0.endpoint.connections.draining = 1 }),
            ("connections.created - connections.closed 1", { $0.endpoint.connections.created += 1 }),
            ("connection_ids 1", { $0.endpoint.connectionIDs = 1 }),
            ("deadlines 1", { $0.endpoint.deadlines = 1 }),
            ("table_bytes 1", { $0.endpoint.tableBytes = 1 }),
            ("hand_over.waiting_bytes 1", { $0.handOver.waitingBytes = 1 }),
            ("work.waiting_bytes 1", { $0.work.waitingBytes = 1 }),
            ("ledger.total.live_blocks 1", { $0.endpoint.ledgerTotal = usage([0]) }),
        ]
        for (name, breakIt) in breakages {
            var statistics = returned()
            breakIt(&statistics)
            #expect(FinalStatement(statistics).unreturned == [name])
            #expect(!statistics.hasReturned)
        }
    }

    @Test func aClassThatHoldsBytesIsNamedThoughTheTotalIsZero() {
        var statistics = returned()
        statistics.endpoint.ledger = [.rings: usage([64])]
        #expect(
            FinalStatement(statistics).unreturned == [
                "ledger.classes.rings.live_bytes 64", "ledger.classes.rings.live_blocks 1",
            ]
        )
    }

    private func returned() -> ServerStatistics {
        var statistics = ServerStatistics()
        statistics.endpoint.connections.created = 5_000
        statistics.endpoint.connections.closed = 5_000
        return statistics
    }
}
