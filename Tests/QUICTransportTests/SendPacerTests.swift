import Datagrams
import Testing

@testable import QUICTransport

/// RFC 9002 §7.7: a sender SHOULD pace sending of all in-flight packets based on input from the congestion controller.
@Suite struct SendPacerTests {
    private static let start = MonotonicInstant(nanoseconds: 1_000_000_000)

    /// Sends packets of 1,200 bytes whenever they are allowed, for `duration`.
    ///
    /// - Returns: The bytes sent, and the most that left at one moment.
    private func send(
        for duration: Duration,
        window: UInt64,
        roundTrip: Duration,
        after pause: Duration = .zero
    ) -> (bytes: Int, largestBurst: Int) {
        var pacer = SendPacer(at: Self.start)
        var now = Self.start.advanced(by: pause)
        let end = now.advanced(by: duration)
        var bytes = 0
        var largestBurst = 0
        while now < end {
            pacer.fill(window: window, roundTripNanoseconds: UInt64(roundTrip.wholeNanoseconds), at: now)
            var burst = 0
            while pacer.allowsPacket {
                pacer.spend(1_200)
                burst += 1_200
            }
            pacer.hold()
            bytes += burst
            largestBurst = max(largestBurst, burst)
            now = pacer.releaseAt
        }
        return (bytes, largestBurst)
    }

    /// RFC 9002 §7.7: rate = N * congestion_window / smoothed_rtt, with N at least 1.
    @Test(arguments: [UInt64(12_000), 100_000, 4_000_000])
    func aWindowAndAQuarterLeaveInARoundTrip(window: UInt64) {
        let sent = send(for: .seconds(1), window: window, roundTrip: .milliseconds(100))
        let expected = Double(window) * 12.5
        // The first burst comes on top.
        #expect(abs(Double(sent.bytes) - expected) < expected / 50 + 18_000, "\(sent)")
    }

    @Test func noBurstIsLongerThanAMillisecondOrAnInitialWindow() {
        let slow = send(for: .seconds(1), window: 100_000, roundTrip: .milliseconds(100))
        #expect(slow.largestBurst <= SendPacer.leastBurstBytes + 1_200)
        let fast = send(for: .seconds(1), window: 4_000_000, roundTrip: .milliseconds(100))
        #expect(fast.largestBurst <= 50_000 + 1_200, "\(fast)")
    }

    @Test func aPauseDoesNotSaveUpForABurst() {
        let sent = send(for: .milliseconds(1), window: 4_000_000, roundTrip: .milliseconds(100), after: .seconds(10))
        #expect(sent.largestBurst <= 50_000 + 1_200, "\(sent)")
    }

    @Test func aShortPathIsNotHeldBack() {
        var pacer = SendPacer(at: Self.start)
        pacer.fill(window: 200_000, roundTripNanoseconds: 100_000, at: Self.start.advanced(by: .milliseconds(1)))
        for _ in 0..<160 { pacer.spend(1_200) }
        #expect(pacer.allowsPacket, "a window in a round trip shorter than a timer is precise")
    }

    @Test func absurdPathsNeitherTrapNorWaitForEver() {
        for (window, roundTrip) in [(UInt64.max, UInt64(1)), (0, .max), (1, 1 << 62), (.max, .max)] {
            var pacer = SendPacer(at: Self.start)
            pacer.fill(window: window, roundTripNanoseconds: roundTrip, at: .distantFuture)
            while pacer.allowsPacket { pacer.spend(1 << 60) }
            pacer.hold()
            var other = SendPacer(at: Self.start)
            other.fill(window: window, roundTripNanoseconds: roundTrip, at: Self.start)
            other.spend(1 << 40)
            other.hold()
            #expect(other.releaseAt <= Self.start.advanced(by: .seconds(1_000)))
        }
    }

    @Test func aClockThatStandsStillGivesNothing() {
        var pacer = SendPacer(at: Self.start)
        pacer.spend(SendPacer.leastBurstBytes)
        pacer.fill(window: 12_000, roundTripNanoseconds: 100_000_000, at: Self.start)
        pacer.fill(window: 12_000, roundTripNanoseconds: 100_000_000, at: MonotonicInstant(nanoseconds: 0))
        #expect(!pacer.allowsPacket)
    }
}
