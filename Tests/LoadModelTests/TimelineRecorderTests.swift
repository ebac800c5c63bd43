import LoadModel
import Testing

@Suite struct TimelineRecorderTests {
    private func recorder(of count: Int) -> TimelineRecorder {
        var recorder = TimelineRecorder()
        var elapsed = 0.0
        for _ in 0..<count {
            elapsed += recorder.interval / .seconds(1)
            recorder.append(TimelineSample(seconds: elapsed))
        }
        return recorder
    }

    @Test func anHourHasASampleASecond() {
        let recorder = recorder(of: 3_600)
        #expect(recorder.timeline.samples.map(\.seconds) == (1...3_600).map(Double.init))
        #expect(recorder.interval == .seconds(1))
    }

    @Test func beyondItsCapacityEverySecondSampleGoesAndTheIntervalDoubles() {
        let recorder = recorder(of: 3_601)
        #expect(recorder.samples.count == 1_801)
        #expect(recorder.interval == .seconds(2))
        #expect(recorder.samples.prefix(3).map(\.seconds) == [2, 4, 6])
        #expect(recorder.samples.suffix(2).map(\.seconds) == [3_600, 3_601])
    }

    @Test func itNeverHasMoreThanItsCapacity() {
        let recorder = recorder(of: 20_000)
        #expect(recorder.samples.count <= TimelineRecorder.capacity)
        #expect(recorder.samples.count >= TimelineRecorder.capacity / 2)
        #expect(recorder.timeline.samples == recorder.samples)
    }

    @Test func nothingRecordedHasNoPercentiles() {
        #expect(LatencyPercentiles(LatencyRecorder()) == nil)
        var recorder = LatencyRecorder()
        recorder.record(.microseconds(50))
        #expect(LatencyPercentiles(recorder) == LatencyPercentiles(p50: 50, p99: 50))
    }
}
