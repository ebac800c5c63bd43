import Testing

@testable import LoadModel

@Suite struct CellWatchTests {
    private func pages(_ mebibytes: Int) -> TargetState {
        TargetState(memory: MemoryReading(residentBytes: mebibytes << 20))
    }

    private func watch(_ mebibytes: Int...) -> (watch: CellWatch, isDone: Bool) {
        var watch = CellWatch(measure: .resident, baseline: pages(20).memory)
        var isDone = false
        for (index, size) in mebibytes.enumerated() {
            isDone = watch.isDone(pages(size), at: .milliseconds(500) * index)
        }
        return (watch, isDone)
    }

    @Test func countersThatAreZeroEndACell() {
        var watch = CellWatch(measure: .ledger, baseline: MemoryReading(ledgerBytes: ["tls": 0]))
        let held = MemoryReading(residentBytes: 1, ledgerBytes: ["tls": 500])
        let isDoneAtFirst = watch.isDone(TargetState(memory: held, unreturned: ["deadlines 1"]), at: .zero)
        #expect(!isDoneAtFirst)
        let back = MemoryReading(residentBytes: 1, ledgerBytes: ["tls": 0])
        let isDoneAtLast = watch.isDone(TargetState(memory: back, unreturned: []), at: .seconds(2))
        #expect(isDoneAtLast)
        #expect(watch.held(by: .ledger, connections: 5)?.bytesPerConnection == 100)
        #expect(watch.held(by: .ledger, connections: 5)?.seconds == 2)
        #expect(watch.held(by: .resident, connections: 5) == nil)
    }

    @Test func pagesThatAreBackForASecondEndACell() {
        #expect(watch(60, 60, 20, 20).isDone == false)
        #expect(watch(60, 60, 20, 60, 20, 20).isDone == false)
        #expect(watch(60, 60, 20, 21, 20).isDone)
    }

    @Test func pagesThatStayDoNotEndACell() {
        let kept = watch(60, 60, 50, 50, 50, 50, 50)
        #expect(!kept.isDone && !kept.watch.isBelowNoise)
        #expect(kept.watch.held(by: .resident, connections: 40)?.hasReturned == false)
    }

    @Test func whatIsLessThanAMebibyteIsNoise() {
        #expect(watch(20, 20, 20, 20, 20).watch.isBelowNoise)
        #expect(!watch(20, 20, 20, 20, 20).isDone)
        #expect(!watch(20, 21, 20).watch.isBelowNoise)
    }

    @Test func looksAreFartherApartAsTimePasses() {
        #expect(CellWatch.interval(at: .zero) == .milliseconds(20))
        #expect(CellWatch.interval(at: .seconds(1)) == .milliseconds(50))
        #expect(CellWatch.interval(at: .seconds(60)) == .milliseconds(250))
    }
}
