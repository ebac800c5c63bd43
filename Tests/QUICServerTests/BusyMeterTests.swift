import Datagrams
import Testing

@testable import QUICServer

@Suite struct BusyMeterTests {
    /// Whether a worker is busy after turns of ten milliseconds, of which it waits for `waiting`.
    private func isBusy(waiting: Int, turns: Int, after earlier: BusyMeter = BusyMeter()) -> BusyMeter {
        var meter = earlier
        for turn in 0..<turns {
            let start = MonotonicInstant(nanoseconds: UInt64(turn) * 10_000_000)
            meter.noteWait(from: start, to: start.advanced(by: .milliseconds(waiting)))
        }
        return meter
    }

    @Test(arguments: [(0, true), (1, false), (5, false), (10, false)])
    func aWorkerThatWaitsForLessThanATenthIsBusy(milliseconds: Int, isExpected: Bool) {
        #expect(isBusy(waiting: milliseconds, turns: 300).isBusy == isExpected)
    }

    @Test func nothingIsSaidBeforeASecondIsOver() {
        #expect(!isBusy(waiting: 0, turns: 50).isBusy)
    }

    @Test func aWorkerThatSleepsIsNotBusyAnyMore() {
        var meter = isBusy(waiting: 0, turns: 300)
        #expect(meter.isBusy)
        meter.noteWait(
            from: MonotonicInstant(nanoseconds: 3_000_000_000),
            to: MonotonicInstant(nanoseconds: 9_000_000_000)
        )
        #expect(!meter.isBusy)
    }
}
