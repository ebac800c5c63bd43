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
        slowStartThreshold: UInt64 = .max,
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
                slowStartThreshold: slowStartThreshold,
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

    /// In virtual time, which does not pass by itself, a round trip may take a nanosecond.
    @Test func noPauseEndsAtTheMomentItBegins() {
        var pacer = SendPacer(at: Self.start)
        pacer.fill(window: 2_944, roundTripNanoseconds: 1, slowStartThreshold: 2_944, at: Self.start)
        while pacer.allowsPacket { pacer.spend(1_200) }
        pacer.hold()
        #expect(pacer.releaseAt > Self.start)
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
            slowStartThreshold: .max,
            at: Self.start.advanced(by: .milliseconds(1))
        )
        for _ in 0..<160 { pacer.spend(1_200) }
        #expect(pacer.allowsPacket, "a window in a round trip shorter than a timer is precise")
    }

    /// RFC 9000 §13.2.2: an acknowledgement is sent for every second packet, so that of four bursts is not lost with one packet.
    @Test func aWindowOnALossyPathLeavesInFourBursts() {
        let sent = send(for: .seconds(1), window: 40_000, roundTrip: .microseconds(500), slowStartThreshold: 30_000)
        #expect(sent.largestBurst <= 10_000 + 1_200, "\(sent)")
        // 1.25 windows in a round trip, as on any other path.
        #expect(abs(sent.bytes - 100_000_000) < 10_000_000, "\(sent)")
        let least = send(for: .seconds(1), window: 2_400, roundTrip: .milliseconds(100), slowStartThreshold: 2_400)
        #expect(least.largestBurst <= 2_400 + 1_200, "\(least)")
    }

    /// RFC 6937 §3: what is sent in recovery follows what is delivered.
    @Test func aRoundTripAfterALossIsSentAtHalfTheRate() {
        let recovery = send(
            for: .milliseconds(150),
            window: 4_000_000,
            roundTrip: .milliseconds(100),
            slowStartThreshold: 4_000_000
        )
        #expect(abs(recovery.bytes - 3_000_000) < 200_000, "\(recovery)")
        let whole = send(
            for: .milliseconds(1_150),
            window: 4_000_000,
            roundTrip: .milliseconds(100),
            slowStartThreshold: 4_000_000
        )
        #expect(abs(whole.bytes - recovery.bytes - 44_000_000) < 1_000_000, "1.1 windows in each of ten: \(whole)")
        #expect(whole.largestBurst <= 2 * 44_000 + 1_200, "\(whole)")
    }

    @Test func eachLossOfTheOvershootBeginsARecoveryAndARiseEndsIt() {
        var pacer = SendPacer(at: Self.start)
        var now = Self.start
        /// The bytes that a tenth of a round trip allows.
        func credit(threshold: UInt64) -> Int {
            fill(&pacer, threshold: threshold, at: now)
            while pacer.allowsPacket { pacer.spend(1) }
            now = now.advanced(by: .milliseconds(1))
            fill(&pacer, threshold: threshold, at: now)
            var bytes = 0
            while pacer.allowsPacket {
                pacer.spend(1)
                bytes += 1
            }
            return bytes
        }
        let fast = credit(threshold: .max)
        #expect(abs(fast - 50_000) < 100)
        #expect(abs(credit(threshold: 3_000_000) - 20_000) < 100, "the first loss")
        now = now.advanced(by: .milliseconds(150))
        #expect(abs(credit(threshold: 3_000_000) - 44_000) < 100, "a round trip and a half later")
        #expect(abs(credit(threshold: 2_000_000) - 20_000) < 100, "the next loss")
        #expect(abs(credit(threshold: 3_000_000) - 44_000) < 100, "which was none")
        #expect(abs(credit(threshold: 2_000_000) - 20_000) < 100)
        #expect(abs(credit(threshold: .max) - 50_000) < 100, "another path")
        #expect(abs(credit(threshold: 3_000_000) - 20_000) < 100)
        now = now.advanced(by: .milliseconds(900))
        #expect(abs(credit(threshold: 2_000_000) - 44_000) < 100, "long after slow start")
    }

    private func fill(_ pacer: inout SendPacer, threshold: UInt64, at now: MonotonicInstant) {
        pacer.fill(window: 4_000_000, roundTripNanoseconds: 100_000_000, slowStartThreshold: threshold, at: now)
    }

    /// A path that loses one packet in a hundred has a window of 13, and half of its rate would be half of its throughput.
    @Test func aSmallWindowIsNotSlowedDown() {
        let sent = send(for: .seconds(1), window: 20_000, roundTrip: .milliseconds(50), slowStartThreshold: 20_000)
        #expect(abs(sent.bytes - 500_000) < 30_000, "\(sent)")
    }

    @Test(arguments: [UInt64.max, 1, 0])
    func absurdPathsNeitherTrapNorWaitForEver(threshold: UInt64) {
        for (window, roundTrip) in [(UInt64.max, UInt64(1)), (0, .max), (1, 1 << 62), (.max, .max)] {
            var pacer = SendPacer(at: Self.start)
            pacer.fill(
                window: window,
                roundTripNanoseconds: roundTrip,
                slowStartThreshold: threshold,
                at: .distantFuture
            )
            while pacer.allowsPacket { pacer.spend(1 << 60) }
            pacer.hold()
            var other = SendPacer(at: Self.start)
            other.fill(window: window, roundTripNanoseconds: roundTrip, slowStartThreshold: threshold, at: Self.start)
            other.spend(1 << 40)
            other.hold()
            #expect(other.releaseAt <= Self.start.advanced(by: .seconds(1_000)))
        }
    }

    @Test func aClockThatStandsStillGivesNothing() {
        var pacer = SendPacer(at: Self.start)
        pacer.spend(SendPacer.leastBurstBytes)
        pacer.fill(window: 12_000, roundTripNanoseconds: 100_000_000, slowStartThreshold: .max, at: Self.start)
        pacer.fill(
            window: 12_000,
            roundTripNanoseconds: 100_000_000,
            slowStartThreshold: .max,
            at: MonotonicInstant(nanoseconds: 0)
        )
        #expect(!pacer.allowsPacket)
    }
}
