import Datagrams
import Testing

@Suite struct MonotonicInstantTests {
    @Test func movesByDurations() {
        let start = MonotonicInstant(nanoseconds: 5_000)
        #expect(start.advanced(by: .microseconds(3)).nanoseconds == 8_000)
        #expect(start.advanced(by: .microseconds(-3)).nanoseconds == 2_000)
        #expect(start.duration(to: MonotonicInstant(nanoseconds: 8_000)) == .microseconds(3))
        #expect(start.duration(to: MonotonicInstant(nanoseconds: 2_000)) == .microseconds(-3))
    }

    @Test func staysWithinItsRange() {
        #expect(MonotonicInstant(nanoseconds: 5).advanced(by: .seconds(-1)).nanoseconds == 0)
        #expect(MonotonicInstant.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(MonotonicInstant(nanoseconds: 0).advanced(by: .seconds(Int64.max)).nanoseconds == UInt64(Int64.max))
        #expect(MonotonicInstant(nanoseconds: 0).duration(to: .distantFuture) == .nanoseconds(Int64.max))
    }

    @Test func durationsAreTruncatedToNanoseconds() {
        #expect(Duration(secondsComponent: 1, attosecondsComponent: 999_999_999).wholeNanoseconds == 1_000_000_000)
        #expect(Duration.seconds(-2).wholeNanoseconds == -2_000_000_000)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(
            Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 900_000_000_000_000_000).wholeNanoseconds
                == .max
        )
        #expect(
            Duration(secondsComponent: -9_223_372_036, attosecondsComponent: -900_000_000_000_000_000).wholeNanoseconds
                == .min
        )
    }
}
