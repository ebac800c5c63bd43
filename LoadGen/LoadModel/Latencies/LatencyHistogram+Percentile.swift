extension LatencyHistogram {
    /// The latency that so many per cent do not exceed, in microseconds: 0 the shortest, 100 the longest.
    ///
    /// As in ``LatencySummary``, the highest of the values that are counted together, and no more than the longest.
    func value(atPercentile percent: Double) -> Double {
        guard percent > 0 else { return Double(minimum) }
        let rank = max(1, UInt64((Double(count) * min(percent, 100) / 100).rounded(.up)))
        var passed: UInt64 = 0
        for bucket in buckets {
            passed += bucket.count
            if passed >= rank { return Double(min(LatencyRecorder.highestEquivalent(to: bucket.value), maximum)) }
        }
        return Double(maximum)
    }
}
