/// One measure of memory, judged.
struct GrowthFinding: Sendable, Equatable {
    let growth: Growth
    /// The line through those points that decided.
    let trend: LeakTrend
    /// The index, in the whole series, of a point that was set aside.
    let outlier: Int?

    /// A pool that fills grows by less with every cycle: at most by this share of what it grew by in the cycle before.
    ///
    /// The pools of real servers halve their growth with every cycle, or do better.
    static let poolShare = 0.8

    /// Judges `series`; nil when no connections were made between its points or there are fewer than three.
    ///
    /// Growth that flattens makes the warm-up longer: as long as the last half of the points is clearly less steep
    /// than the first, only the last half is judged. Under noise of up to twice ``MemoryMeasure/noiseBytes`` a line
    /// through any of the points is off by at most twice its resolution. A leak of twice the tolerance therefore never
    /// returns, and what does not grow, or grew once, never leaks; a pool that still fills may be taken for a leak if
    /// it halves its growth less than once in two cycles and noise hides that.
    init?(_ series: GrowthSeries, tolerance: Double) {
        guard series.points.count >= 3 else { return nil }
        outlier = series.outlier
        let whole = outlier.map(series.removing) ?? series
        var window = whole
        while true {
            guard let trend = LeakTrend(window) else { return nil }
            let isPart = window.points.count < whole.points.count
            let (growth, next) = Self.judge(window, trend, isDoubtful: isPart, tolerance: tolerance)
            if let next {
                window = next
                continue
            }
            self.trend = trend
            self.growth = Self.seen(growth, in: window, of: whole)
            return
        }
    }

    /// What the points of `window` say, or the later points that are to be judged in its place.
    ///
    /// - Parameter isDoubtful: Whether earlier points look like a pool that fills.
    private static func judge(
        _ window: GrowthSeries,
        _ trend: LeakTrend,
        isDoubtful: Bool,
        tolerance: Double
    ) -> (Growth, next: GrowthSeries?) {
        if trend.returns(within: tolerance) { return (.none(filledBytes: 0), nil) }
        let count = window.points.count
        let noiseBytes = 4 * Double(window.measure.noiseBytes)
        let pace = Pace(window)
        if pace.flattens {
            let next = count > 3 ? window.suffix(from: count - max(3, pace.tail.points.count)) : nil
            return (.flattening(head: pace.head.slope, tail: pace.tail.slope), next)
        }
        guard let rest = LeakTrend(window.withoutLargestStep) else { return (.unclear, nil) }
        let step = window.largestStep
        if !rest.grows(beyond: tolerance), step.bytes > noiseBytes, step.bytes > window.gainedBytes / 2 {
            let next = count - step.index >= 3 ? window.suffix(from: step.index) : nil
            return (.step(bytes: step.bytes, cyclesAfter: count - step.index - 1), next)
        }
        // The growth of every cycle, and not that of one.
        let grows = [trend, rest].allSatisfy {
            $0.grows(beyond: tolerance) && $0.slope >= trend.slope / 2
        }
        return (grows && pace.keepsUp(isDoubtful: isDoubtful || count == 3) ? .steady : .unclear, nil)
    }

    /// What the points of `window` say, seen with those before them.
    private static func seen(_ growth: Growth, in window: GrowthSeries, of whole: GrowthSeries) -> Growth {
        guard window.points.count < whole.points.count else { return growth }
        if growth.isNone { return .none(filledBytes: whole.gainedBytes - window.gainedBytes) }
        if growth == .steady { return .steady }
        return .flattening(head: whole.halves.head.slope, tail: window.slope)
    }

    /// Whether the last half of some points is as steep as the first.
    private struct Pace {
        let head: GrowthSeries
        let tail: GrowthSeries
        /// How much of the first half's slope is left in the last half when a pool fills.
        let poolShare: Double

        init(_ window: GrowthSeries) {
            (head, tail) = window.halves
            let cyclesBetween = window.points.count - tail.points.count
            poolShare = (0..<cyclesBetween).reduce(1) { share, _ in share * GrowthFinding.poolShare }
        }

        /// Whether the last half is clearly less steep, by more than noise could make it.
        var flattens: Bool {
            let bytes = (head.slope - tail.slope) * head.connections
            return head.slope > 0 && tail.slope < head.slope * poolShare && bytes > 4 * Double(head.measure.noiseBytes)
        }

        /// Whether the last half is steeper than a pool's would be, even if noise, or twice as much of it, made it so.
        func keepsUp(isDoubtful: Bool) -> Bool {
            let (head, tail) = (head.leastSquares, tail.leastSquares)
            let noise = isDoubtful ? 2.0 : 1.0
            return tail.slope - noise * tail.resolution >= (head.slope + noise * head.resolution) * poolShare
        }
    }
}
