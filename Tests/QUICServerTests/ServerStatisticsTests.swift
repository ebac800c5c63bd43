import Testing

@testable import QUICServer

/// The statistics of a server as the sum of its workers'.
@Suite struct ServerStatisticsTests {
    private func worker(takenBytes: Int, peakTakenBytes: Int) -> ServerStatistics {
        var statistics = ServerStatistics()
        statistics.memory.bytesLimit = 1_000
        statistics.memory.takenBytes = takenBytes
        statistics.memory.peakTakenBytes = peakTakenBytes
        statistics.heapTrims = 3
        statistics.handOver.handed = 5
        statistics.work.posted = 4
        statistics.sockets.receiveOverflows = 7
        return statistics
    }

    /// Workers are asked one after the other, and share one budget.
    @Test func theLatestReadingOfTheBudgetCountsAndAllElseIsAdded() {
        let early = worker(takenBytes: 100, peakTakenBytes: 200)
        let late = worker(takenBytes: 50, peakTakenBytes: 300)
        for workers in [[early, late], [late, early]] {
            let sum = workers.reduce(into: ServerStatistics()) { $0 += $1 }
            #expect(sum.memory == late.memory)
            #expect(sum.heapTrims == 6)
            #expect(sum.handOver.handed == 10)
            #expect(sum.work.posted == 8)
            #expect(sum.sockets.receiveOverflows == 14)
        }
    }
}
