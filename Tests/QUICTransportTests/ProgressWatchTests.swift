import Datagrams
import Testing

@testable import QUICTransport

@Suite struct ProgressWatchTests {
    private let limits = TransportConfiguration()

    private func moment(_ seconds: Int) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds) * 1_000_000_000)
    }

    /// Bytes arrive, and as many are acknowledged at once.
    private func echo(_ count: Int, _ watch: inout ProgressWatch, at seconds: Int) {
        for _ in 0..<2 { watch.noteBytes(count, minimum: limits.minimumProgressBytes, at: moment(seconds)) }
    }

    @Test func withoutAnythingInFlightOnlyProgressCounts() {
        var watch = ProgressWatch(at: moment(0))
        #expect(watch.deadline(limits) == moment(60))
        watch.noteOpenedStream(at: moment(30))
        #expect(watch.deadline(limits) == moment(90))
    }

    @Test func bytesAreProgressOnceTheyAreEnough() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteBytes(255, minimum: 256, at: moment(10))
        watch.noteBytes(0, minimum: 256, at: moment(20))
        #expect(watch.deadline(limits) == moment(60))
        watch.noteBytes(1, minimum: 256, at: moment(30))
        #expect(watch.deadline(limits) == moment(90))
        // What was counted is spent.
        watch.noteBytes(255, minimum: 256, at: moment(40))
        #expect(watch.deadline(limits) == moment(90))
    }

    @Test func aByteASecondIsNoProgress() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteOpenedStream(at: moment(0))
        for second in 1..<60 {
            echo(1, &watch, at: second)
        }
        #expect(watch.deadline(limits) == moment(60))
    }

    @Test(arguments: [(64, 10), (64, 20), (128, 40), (256, 59), (16, 5)])
    func aConversationOnOneStreamGoesOn(bytes: Int, every seconds: Int) {
        var watch = ProgressWatch(at: moment(0))
        watch.noteOpenedStream(at: moment(0))
        for second in stride(from: seconds, to: 3_600, by: seconds) {
            #expect(watch.deadline(limits) > moment(second), "after \(second) s")
            echo(bytes, &watch, at: second)
        }
    }

    @Test func aByteOnAStreamOfItsOwnIsProgress() {
        var watch = ProgressWatch(at: moment(0))
        for second in stride(from: 59, to: 3_600, by: 59) {
            #expect(watch.deadline(limits) > moment(second), "after \(second) s")
            watch.noteOpenedStream(at: moment(second))
            echo(1, &watch, at: second)
            watch.noteCompleteStream(at: moment(second))
            watch.noteClosedStream()
        }
    }

    @Test func aShortStreamBesideALongOneIsProgressWhenItIsComplete() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteOpenedStream(at: moment(0))
        watch.noteOpenedStream(at: moment(40))
        #expect(watch.deadline(limits) == moment(60))
        watch.noteCompleteStream(at: moment(50))
        watch.noteClosedStream()
        #expect(watch.deadline(limits) == moment(110))
    }

    @Test func aStreamThatIsResetIsNoProgress() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteOpenedStream(at: moment(0))
        for second in 1..<60 {
            watch.noteOpenedStream(at: moment(second))
            watch.noteClosedStream()
        }
        #expect(watch.deadline(limits) == moment(60))
    }

    @Test func aPauseBetweenTwoRequestsIsNotCounted() {
        var watch = ProgressWatch(at: moment(0))
        watch.noteOpenedStream(at: moment(1))
        watch.noteCompleteStream(at: moment(2))
        watch.noteClosedStream()
        watch.noteOpenedStream(at: moment(61))
        // The answer may take its time.
        #expect(watch.deadline(limits) == moment(121))
    }

    @Test func itCanBeSwitchedOff() {
        var patient = limits
        patient.noProgressTimeout = nil
        #expect(ProgressWatch(at: moment(0)).deadline(patient) == .distantFuture)
    }
}
