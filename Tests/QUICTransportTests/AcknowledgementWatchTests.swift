import Datagrams
import Testing

@testable import QUICTransport

@Suite struct AcknowledgementWatchTests {
    private func moment(_ seconds: Int, _ milliseconds: Int = 0) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds * 1_000 + milliseconds) * 1_000_000)
    }

    /// A packet that acknowledges nothing, on a path with a probe timeout of 100 ms.
    private func hear(_ watch: inout AcknowledgementWatch, at now: MonotonicInstant) -> Bool {
        watch.noteHeard(bytesInFlight: 1_200, after: 1_200, probeTimeout: .milliseconds(100), at: now)
    }

    @Test func itIsSmall() {
        #expect(MemoryLayout<AcknowledgementWatch>.stride == 24)
    }

    @Test func silenceCountsFromTheFirstUnacknowledgedPacket() {
        var watch = AcknowledgementWatch()
        #expect(!watch.isSilent)
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(10))
        watch.noteSent(bytesInFlight: 1_200, after: 2_400, at: moment(20))
        #expect(watch.isSilent(for: .seconds(16), at: moment(26)))
        #expect(!watch.isSilent(for: .seconds(16), at: moment(25, 999)))
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
        #expect(watch.unarmedAt == .distantFuture)
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(10))
        #expect(watch.unarmedAt == moment(12))
        watch.noteSent(bytesInFlight: 1_200, after: 2_400, at: moment(17))
        #expect(watch.unarmedAt == moment(26))
        _ = watch.noteHeard(bytesInFlight: 2_400, after: 40, probeTimeout: .zero, at: moment(20))
        #expect(watch.unarmedAt == moment(22))
    }

    @Test func anAcknowledgementStartsItAnewOrEndsIt() {
        var watch = AcknowledgementWatch()
        watch.noteSent(bytesInFlight: 0, after: 2_400, at: moment(10))
        for second in 11...13 {
            _ = hear(&watch, at: moment(second))
            watch.noteSent(bytesInFlight: 2_400, after: 2_450, at: moment(second))
        }
        #expect(watch.deadline(.seconds(16)) == moment(26))
        _ = watch.noteHeard(bytesInFlight: 2_450, after: 1_200, probeTimeout: .zero, at: moment(20))
        #expect(watch.deadline(.seconds(16)) == .distantFuture)
        #expect(watch.isSilent(for: .seconds(1), at: moment(21)))
        _ = watch.noteHeard(bytesInFlight: 1_200, after: 0, probeTimeout: .zero, at: moment(22))
        #expect(!watch.isSilent)
    }

    @Test func thereIsOneLastChanceForEachTimeThePeerWasHeard() {
        var watch = AcknowledgementWatch()
        func lastChance() -> MonotonicInstant { watch.lastChance(idleTimeout: .seconds(30), lead: .seconds(1)) }
        #expect(lastChance() == .distantFuture)
        watch.noteSent(bytesInFlight: 0, after: 1_200, at: moment(5))
        #expect(lastChance() == moment(34))
        watch.takeLastChance()
        #expect(lastChance() == .distantFuture)
        _ = hear(&watch, at: moment(33))
        // It would be the first packet since, and begin the idle timeout anew.
        #expect(lastChance() == .distantFuture)
        watch.noteSent(bytesInFlight: 1_200, after: 1_250, at: moment(33))
        #expect(lastChance() == moment(62))
        _ = watch.noteHeard(bytesInFlight: 1_200, after: 0, probeTimeout: .zero, at: moment(34))
        #expect(lastChance() == .distantFuture)
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
