import Datagrams
import Testing

@testable import QUICTransport

@Suite struct ProgressWatchTests {
    private let limits = TransportConfiguration()

    private func moment(_ seconds: Int) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds) * 1_000_000_000)
    }

    @Test func withoutAnythingInFlightOnlyProgressCounts() {
        var watch = ProgressWatch(at: moment(0))
        #expect(watch.deadline(limits) == moment(60))
        watch.noteProgress(at: moment(30))
        #expect(watch.deadline(limits) == moment(90))
        #expect(watch.expiredCause(at: moment(89), limits) == nil)
        #expect(watch.expiredCause(at: moment(90), limits) == .noProgress)
    }

    @Test func silenceCountsFromTheFirstUnacknowledgedPacket() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteSent(bytesInFlight: 1_200, at: moment(10))
        watch.noteSent(bytesInFlight: 2_400, at: moment(20))
        #expect(watch.deadline(limits) == moment(26))
        #expect(watch.expiredCause(at: moment(26), limits) == .acknowledgementSilence)
    }

    @Test func anAcknowledgementStartsItAnewOrEndsIt() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteSent(bytesInFlight: 2_400, at: moment(10))
        watch.noteReceived(bytesInFlight: 2_400, after: 1_200, at: moment(20))
        #expect(watch.deadline(limits) == moment(36))
        watch.noteReceived(bytesInFlight: 1_200, after: 1_200, at: moment(30))
        #expect(watch.deadline(limits) == moment(36))
        watch.noteReceived(bytesInFlight: 1_200, after: 0, at: moment(35))
        #expect(watch.deadline(limits) == moment(60))
    }

    @Test func bothCanBeSwitchedOff() {
        var patient = limits
        patient.noProgressTimeout = nil
        patient.acknowledgementTimeout = nil
        var watch = ProgressWatch(at: moment(0))
        watch.noteSent(bytesInFlight: 1, at: moment(0))
        #expect(watch.deadline(patient) == .distantFuture)
        #expect(watch.expiredCause(at: moment(1_000_000), patient) == nil)
    }
}
