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
        isLossy: Bool = false,
        after pause: Duration = .zero
    ) -> (bytes: Int, largestBurst: Int) {
        var pacer = SendPacer(at: Self.start)
        var now = Self.start.advanced(by: pause)
        let end = now.advanced(by: duration)
        var bytes = 0
        var largestBurst = 0
        while now < end {
            pacer.fill(
                window: window,
                roundTripNanoseconds: UInt64(roundTrip.wholeNanoseconds),
                isLossy: isLossy,
                at: now
            )
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
        pacer.fill(
            window: 200_000,
            roundTripNanoseconds: 100_000,
            isLossy: false,
            at: Self.start.advanced(by: .milliseconds(1))
        )
        for _ in 0..<160 { pacer.spend(1_200) }
        #expect(pacer.allowsPacket, "a window in a round trip shorter than a timer is precise")
    }

    /// RFC 9000 §13.2.2: an acknowledgement is sent for every second packet, so that of four bursts is not lost with one packet.
    @Test func aWindowOnALossyPathLeavesInFourBursts() {
        let sent = send(for: .seconds(1), window: 40_000, roundTrip: .microseconds(500), isLossy: true)
        #expect(sent.largestBurst <= 10_000 + 1_200, "\(sent)")
        // 1.25 windows in a round trip, as on any other path.
        #expect(abs(sent.bytes - 100_000_000) < 10_000_000, "\(sent)")
        let least = send(for: .seconds(1), window: 2_400, roundTrip: .milliseconds(100), isLossy: true)
        #expect(least.largestBurst <= 2_400 + 1_200, "\(least)")
    }

    @Test(arguments: [false, true])
    func absurdPathsNeitherTrapNorWaitForEver(isLossy: Bool) {
        for (window, roundTrip) in [(UInt64.max, UInt64(1)), (0, .max), (1, 1 << 62), (.max, .max)] {
            var pacer = SendPacer(at: Self.start)
            pacer.fill(window: window, roundTripNanoseconds: roundTrip, isLossy: isLossy, at: .distantFuture)
            while pacer.allowsPacket { pacer.spend(1 << 60) }
            pacer.hold()
            var other = SendPacer(at: Self.start)
            other.fill(window: window, roundTripNanoseconds: roundTrip, isLossy: isLossy, at: Self.start)
            other.spend(1 << 40)
            other.hold()
            #expect(other.releaseAt <= Self.start.advanced(by: .seconds(1_000)))
        }
    }

    @Test func aClockThatStandsStillGivesNothing() {
        var pacer = SendPacer(at: Self.start)
        pacer.spend(SendPacer.leastBurstBytes)
        pacer.fill(window: 12_000, roundTripNanoseconds: 100_000_000, isLossy: false, at: Self.start)
        pacer.fill(
            window: 12_000,
            roundTripNanoseconds: 100_000_000,
            isLossy: false,
            at: MonotonicInstant(nanoseconds: 0)
        )
        #expect(!pacer.allowsPacket)
    }
}
