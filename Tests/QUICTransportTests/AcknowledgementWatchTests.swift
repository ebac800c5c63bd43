import Datagrams
import Testing

@testable import QUICTransport

@Suite struct AcknowledgementWatchTests {
    private func moment(_ seconds: Int, _ milliseconds: Int = 0) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds * 1_000 + milliseconds) * 1_000_000)
    }

    /// A packet that acknowledges nothing, on a path with a probe timeout of 100 ms.
    private func hear(_ watch: inout AcknowledgementWatch, at now: MonotonicInstant) -> Bool {
        watch.noteHeard(bytesInFlight: 1_200, after: 1_200, probeTimeoutNanoseconds: 100_000_000, at: now)
    }

    @Test func itIsSmall() {
        #expect(MemoryLayout<AcknowledgementWatch>.stride == 24)
    }

    @Test func silenceCountsFromTheFirstUnacknowledgedPacket() {
        var watch = AcknowledgementWatch()
        #expect(!watch.isSilent && watch.silenceEnd(after: .seconds(16)) == .distantFuture)
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(10))
        watch.noteSent(bytesInFlight: 1_200, after: 2_400, at: moment(20))
        #expect(watch.isSilent(for: .seconds(16), at: moment(26)))
        #expect(!watch.isSilent(for: .seconds(16), at: moment(25, 999)))
        #expect(watch.silenceEnd(after: .seconds(16)) == moment(26))
    }

    @Test func aPeerThatIsNotHeardHasNoDeadlineHere() {
        var watch = AcknowledgementWatch()
        for second in 0..<100 {
            watch.noteSent(bytesInFlight: UInt64(second), after: UInt64(second + 1), at: moment(second))
            #expect(watch.deadline(.seconds(16)) == .distantFuture)
        }
    }

    @Test func threeUnansweredProbesAreTooMany() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        for second in 1...3 {
            #expect(watch.deadline(.seconds(16)) == .distantFuture)
            #expect(hear(&watch, at: moment(second)))
            watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(second))
        }
        #expect(watch.deadline(.seconds(16)) == moment(16))
    }

    @Test func aProbeHasItsTimeToBeAnswered() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        #expect(!hear(&watch, at: moment(0, 99)))
        #expect(hear(&watch, at: moment(0, 100)))
    }

    @Test func packetsThatArriveTogetherAreOneChance() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        for _ in 0..<100 {
            #expect(hear(&watch, at: moment(20)))
            watch.noteSent(bytesInFlight: 1_200, after: 1_200, at: moment(20))
        }
        watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(20))
        for _ in 0..<100 { #expect(!hear(&watch, at: moment(20, 50))) }
        #expect(watch.deadline(.seconds(16)) == .distantFuture)
    }

    @Test func noProbeTimeoutIsArmedWhenTwiceTheSilenceHasPassed() {
        var watch = AcknowledgementWatch()
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == .distantFuture)
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(10))
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == moment(12))
        watch.noteSent(bytesInFlight: 1_200, after: 2_400, at: moment(17))
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == moment(26))
        _ = watch.noteHeard(bytesInFlight: 2_400, after: 40, probeTimeoutNanoseconds: 0, at: moment(20))
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == moment(22))
    }

    @Test func anAcknowledgementStartsItAnewOrEndsIt() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 2_400, at: moment(10))
        for second in 11...13 {
            _ = hear(&watch, at: moment(second))
            watch.noteSent(bytesInFlight: 2_400, after: 2_450, at: moment(second))
        }
        #expect(watch.deadline(.seconds(16)) == moment(26))
        _ = watch.noteHeard(bytesInFlight: 2_450, after: 1_200, probeTimeoutNanoseconds: 0, at: moment(20))
        #expect(watch.deadline(.seconds(16)) == .distantFuture)
        #expect(watch.isSilent(for: .seconds(1), at: moment(21)))
        _ = watch.noteHeard(bytesInFlight: 1_200, after: 0, probeTimeoutNanoseconds: 0, at: moment(22))
        #expect(!watch.isSilent)
    }

    /// Otherwise two peers that probe each other, with more than one packet in flight, would never stop.
    @Test func packetsLeftAfterAnAcknowledgementAreAProbe() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 2_400, at: moment(10))
        _ = watch.noteHeard(bytesInFlight: 2_400, after: 1_200, probeTimeoutNanoseconds: 100_000_000, at: moment(11))
        #expect(!hear(&watch, at: moment(11)))
        #expect(!hear(&watch, at: moment(11, 99)))
        #expect(hear(&watch, at: moment(11, 100)))
    }

    @Test func thereAreTwoLastChancesForEachTimeThePeerWasHeard() {
        var watch = AcknowledgementWatch()
        func lastChance() -> MonotonicInstant {
            watch.lastChance(firstNanoseconds: 28_000_000_000, secondNanoseconds: 29_000_000_000)
        }
        #expect(lastChance() == .distantFuture)
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(5))
        #expect(lastChance() == moment(33))
        watch.takeLastChance()
        #expect(lastChance() == moment(34))
        watch.takeLastChance()
        #expect(lastChance() == .distantFuture)
        _ = hear(&watch, at: moment(33))
        // It would be the first packet since, and begin the idle timeout anew.
        #expect(lastChance() == .distantFuture)
        watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(33))
        #expect(lastChance() == moment(61))
        _ = watch.noteHeard(bytesInFlight: 1_200, after: 0, probeTimeoutNanoseconds: 0, at: moment(34))
        #expect(lastChance() == .distantFuture)
    }

    // RFC 9002 §6.2.4: "An endpoint MAY send up to two full-sized datagrams containing ack-eliciting packets".
    // RFC 9002 §6.2.1: "the PTO backoff MUST be increased, resulting in the PTO period being set to twice its current value".
    @Test func theProbesOfATimeoutLeaveOneAfterTheOther() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        var sent = [0]
        var period = 1
        var inFlight: UInt64 = 1_200
        // As loss recovery does: a timeout is due a period after the last packet.
        while let due = sent.last.map({ $0 + period }), due < 29 {
            switch watch.takeProbeTimeout(before: moment(29), at: moment(due)) {
            case .second: break
            case .first: period *= 2
            case .none:
                period *= 2
                continue
            }
            watch.noteSent(bytesInFlight: inFlight, after: inFlight + 50, at: moment(due))
            inFlight += 50
            sent.append(due)
        }
        // The period doubles at 1, 5 and 13, and at 21, from where on both are kept.
        #expect(sent == [0, 1, 3, 5, 9, 13])
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == .distantFuture)
    }

    @Test func aPeerThatWasHeardGetsItsProbeWithTheNextTimeout() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(14))
        #expect(watch.takeProbeTimeout(before: moment(29), at: moment(28)) == .none)
        #expect(hear(&watch, at: moment(28)))
        #expect(watch.takeProbeTimeout(before: moment(57), at: moment(30)) == .first)
        watch.noteSent(bytesInFlight: 1_250, after: 1_300, at: moment(30))
        #expect(watch.takeProbeTimeout(before: moment(57), at: moment(50)) == .none)
    }

    @Test func whereNoTimeoutFollowsBothProbesAreKept() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(10))
        #expect(watch.takeProbeTimeout(before: moment(29), at: moment(20)) == .none)
        // Not with the end of the hold either: a probe timeout was due.
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == .distantFuture)
        watch.takeLastChance()
        watch.takeLastChance()
        #expect(watch.unarmedAt(probeTimeoutNanoseconds: 1_000_000_000) == .distantFuture)
    }

    @Test func aSilenceOfDaysIsNoOverflow() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(0))
        for day in 1...20 {
            #expect(hear(&watch, at: moment(day * 86_400)))
            watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(day * 86_400))
        }
        #expect(watch.deadline(.seconds(16)) == moment(16))
    }
}
