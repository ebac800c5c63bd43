/// Fewer points for a plot of a long run, with every minimum and maximum that could be seen.
enum Downsampling {
    /// The most points of a line.
    static let pointsLimit = 600

    /// The indices of at most `limit` of `values`, in rising order: the first, the last, and the lowest and the
    /// highest of each of many stretches between them.
    ///
    /// - Precondition: `limit` is at least 4.
    static func indices(of values: [Double], limit: Int = pointsLimit) -> [Int] {
        precondition(limit >= 4)
        guard values.count > limit, let last = values.indices.last else { return Array(values.indices) }
        let inner = 1..<last
        let stretches = (limit - 2) / 2
        var kept = [0]
        for stretch in 0..<stretches {
            let start = inner.lowerBound + inner.count * stretch / stretches
            let end = inner.lowerBound + inner.count * (stretch + 1) / stretches
            guard start < end else { continue }
            let lowest = (start..<end).min { values[$0] < values[$1] } ?? start
            let highest = (start..<end).max { values[$0] < values[$1] } ?? start
            kept += lowest == highest ? [lowest] : [min(lowest, highest), max(lowest, highest)]
        }
        return kept + [last]
    }
}
