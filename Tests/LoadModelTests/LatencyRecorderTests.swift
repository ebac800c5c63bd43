import LoadModel
import Testing

@Suite struct LatencyRecorderTests {
    private func randomMicroseconds(_ count: Int, seed: UInt64) -> [UInt64] {
        var generator = SeededGenerator(seed: seed)
        // Spread over all magnitudes from 1 µs to a minute, as latencies are.
        return (0..<count).map { _ in
            let magnitude = UInt64(1) << UInt64.random(in: 0...25, using: &generator)
            return magnitude + UInt64.random(in: 0...magnitude, using: &generator)
        }
    }

    private func recorder(of microseconds: [UInt64]) -> LatencyRecorder {
        var recorder = LatencyRecorder()
        for value in microseconds { recorder.record(.microseconds(value)) }
        return recorder
    }

    /// The value that so many thousandths of the sorted values do not exceed.
    private func quantile(thousandths: Int, of sorted: [UInt64]) -> UInt64 {
        sorted[max(1, (thousandths * sorted.count + 999) / 1_000) - 1]
    }

    @Test(arguments: [1, 42, UInt64.random(in: 0...UInt64.max)])
    func percentilesAgreeWithASort(seed: UInt64) {
        let values = randomMicroseconds(10_000, seed: seed)
        let sorted = values.sorted()
        let summary = recorder(of: values).summary
        let pairs = [(500, summary.p50), (900, summary.p90), (990, summary.p99), (999, summary.p99_9)]
        for (thousandths, actual) in pairs {
            let expected = quantile(thousandths: thousandths, of: sorted)
            // Three digits: the histogram answers with the top of a bucket no wider than 0.1 %.
            #expect(actual >= expected, "seed \(seed), \(thousandths) thousandths")
            #expect(Double(actual) <= Double(expected) * 1.001 + 1, "seed \(seed), \(thousandths) thousandths")
        }
        #expect(summary.minimum == sorted.first, "seed \(seed)")
        #expect(summary.maximum == sorted.last, "seed \(seed)")
        #expect(abs(summary.mean - Double(values.reduce(0, +)) / 10_000) < 0.001, "seed \(seed)")
    }

    @Test func mergedRecordersSummarizeLikeOne() {
        let values = randomMicroseconds(2_000, seed: 7)
        var merged = recorder(of: Array(values[..<700]))
        merged.add(recorder(of: Array(values[700...])))
        #expect(merged.summary == recorder(of: values).summary)
    }

    @Test func nothingRecordedIsAllZero() {
        let summary = LatencyRecorder().summary
        #expect(summary.count == 0)
        #expect(summary.minimum == 0 && summary.p50 == 0 && summary.p99_9 == 0 && summary.maximum == 0)
        #expect(summary.mean == 0)
    }

    @Test func whatIsTooLongIsClampedAndCounted() {
        var recorder = LatencyRecorder()
        recorder.record(LatencyRecorder.limit)
        #expect(recorder.clampedCount == 0)
        recorder.record(.seconds(Int64.max))
        recorder.record(LatencyRecorder.limit + .nanoseconds(1))
        #expect(recorder.summary.clampedCount == 2)
        #expect(recorder.summary.count == 3)
        #expect(recorder.summary.maximum == 120_000_000)
        var other = recorder
        other.add(recorder)
        #expect(other.clampedCount == 4)
    }

    @Test func aClockThatRanBackwardsCountsAsZero() {
        var recorder = LatencyRecorder()
        recorder.record(.seconds(-1))
        recorder.record(.nanoseconds(1_999))
        #expect(recorder.summary.minimum == 0)
        #expect(recorder.summary.maximum == 1)
    }
}
