import MemoryContract
import Testing

@testable import LoadModel

@Suite struct ResidentFiguresTests {
    /// A server whose process has `residentBytes` and that holds `live` connections of 20,000 bytes of transport.
    private func snapshot(live: Int, residentBytes: Int) -> ServerSnapshot {
        let none = LedgerSnapshot.Usage(liveBytes: 0, liveBlocks: 0, peakBytes: 0)
        let held = LedgerSnapshot.Usage(liveBytes: live * 20_000, liveBlocks: live, peakBytes: live * 20_000)
        return ServerSnapshot(
            connections: .init(
                created: 100,
                closed: 100 - live,
                live: live,
                handshaking: 0,
                established: live,
                closing: 0,
                draining: 0
            ),
            closedByCause: [:],
            connectionIDs: live,
            deadlines: live,
            tableBytes: 0,
            handshakesInFlight: 0,
            ledger: .init(
                total: held,
                classes: .init(transport: held, tls: none, rings: none, table: none, closing: none)
            ),
            process: .init(residentBytes: residentBytes, heapInUseBytes: 0, uptimeSeconds: 1)
        )
    }

    private func figures(held: Int = 100, left: Int = 0) throws -> ResidentFigures {
        try ResidentFigures(connections: 100) { state in
            .init(
                before: snapshot(live: 0, residentBytes: 1_000_000),
                after: state == .gone
                    ? snapshot(live: left, residentBytes: 1_005_000) : snapshot(live: held, residentBytes: 3_000_000)
            )
        }
    }

    @Test func aConnectionsShareIsWhatTheProcessHasGrownBy() throws {
        let figures = try figures()
        #expect(figures.states.map(\.state) == ["established_idle", "echo_acknowledged", "gone"])
        #expect(figures.states.map(\.residentBytes) == [20_000, 20_000, 50])
        #expect(figures.states.map(\.totalLedgerBytes) == [20_000, 20_000, 0])
        #expect(figures.keptBytes == 5_000)
    }

    @Test func aServerWithAnotherNumberOfConnectionsIsRefused() {
        #expect(throws: ResidentFigures.WrongCount.self) { try figures(held: 99) }
        #expect(throws: ResidentFigures.WrongCount.self) { try figures(left: 1) }
    }

    @Test func aServerAboveItsLimitFailsWithAnyLibraries() throws {
        var measured = try Contracts.committed()
        measured.resident = try figures()
        var committed = measured
        committed.measuredWith.gnutls = "0.0.0"
        #expect(ContractComparison(committed: committed, measured: measured).brokenRows.isEmpty)
        measured.resident?.states[0].residentBytes = 28 * 1_024 + 513
        let broken = ContractComparison(committed: committed, measured: measured).brokenRows.map(\.name)
        #expect(broken == ["resident.established_idle within resident_bytes_limit"])
        committed.resident = nil
        let missing = ContractComparison(committed: committed, measured: measured).brokenRows.map(\.name)
        #expect(missing.contains("resident.established_idle"))
    }
}
