import Datagrams
import QUICWorkers
import Testing

@testable import QUICServer

@Suite struct SteadyClockTests {
    /// What the clock says when the system's says these, in seconds.
    private func readings(_ system: [UInt64]) -> [UInt64] {
        var clock = SteadyClock()
        return system.map { seconds in
            clock.now(whenSystemSays: MonotonicInstant(nanoseconds: seconds * 1_000_000_000)).nanoseconds
                / 1_000_000_000
        }
    }

    @Test func itSaysWhatTheSystemSays() {
        #expect(readings([3, 3, 4, 3_604, 3_605]) == [3, 3, 4, 3_604, 3_605])
    }

    @Test func itGoesOnFromWhereItWasWhenTheSystemsRunsBackwards() {
        #expect(readings([100, 95, 96, 101]) == [100, 100, 101, 106])
        #expect(readings([100, 95, 97, 40, 41]) == [100, 100, 102, 102, 103])
    }
}
