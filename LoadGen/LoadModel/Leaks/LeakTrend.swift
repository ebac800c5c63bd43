/// How one measure of memory goes with the connections made: a line through the points of a leak check.
public struct LeakTrend: Sendable, Equatable, Codable {
    /// What was measured.
    public let measure: MemoryMeasure
    /// How many cycles the line goes through.
    public let cycles: Int
    /// Bytes per connection: the slope of the line of least squares.
    public let slope: Double
    /// The 95 % confidence interval of ``slope``: Student's t over the residuals, and never narrower than
    /// ``resolution``.
    public let interval: ClosedRange<Double>
    /// Bytes per connection: the median of the slopes between any two points (Theil–Sen), which a wild point does not
    /// move.
    public let robustSlope: Double
    /// Bytes per connection that the measure's own noise may look like over so many connections: a smaller slope
    /// cannot be told from none.
    public let resolution: Double

    private enum CodingKeys: String, CodingKey {
        case measure
        case cycles
        case slope = "bytes_per_connection"
        case interval
        case robustSlope = "robust_bytes_per_connection"
        case resolution = "resolution_bytes_per_connection"
    }

    /// The trend of a series; nil when no connections were made between its points.
    init?(_ series: GrowthSeries) {
        let (slope, halfWidth, resolution) = series.leastSquares
        guard halfWidth.isFinite, resolution.isFinite else { return nil }
        self.measure = series.measure
        self.cycles = series.points.count
        self.slope = slope
        self.interval = (slope - max(halfWidth, resolution))...(slope + max(halfWidth, resolution))
        self.robustSlope = series.robustSlope
        self.resolution = resolution
    }

    /// Half the width of ``interval``.
    var halfWidth: Double { (interval.upperBound - interval.lowerBound) / 2 }

    /// Whether memory comes back: the whole interval is below `tolerance`, and a slope of that size would be seen.
    func returns(within tolerance: Double) -> Bool {
        resolution <= tolerance && interval.upperBound < tolerance
    }

    /// Whether memory grows with the connections: the whole interval is above `tolerance`.
    func grows(beyond tolerance: Double) -> Bool {
        interval.lowerBound > tolerance
    }
}
