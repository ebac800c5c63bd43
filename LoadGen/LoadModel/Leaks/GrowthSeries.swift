/// One measure of memory over the connections made: the points of a leak check, in order, and the lines through them.
struct GrowthSeries: Sendable, Equatable {
    struct Point: Sendable, Equatable {
        var connections: Double
        var bytes: Double
    }

    let measure: MemoryMeasure
    private(set) var points: [Point]

    /// - Precondition: There are at least two points, and connections never decrease.
    init(measure: MemoryMeasure, points: [Point]) {
        precondition(points.count >= 2)
        precondition(zip(points, points.dropFirst()).allSatisfy { $0.connections <= $1.connections })
        self.measure = measure
        self.points = points
    }

    /// The part of the series from the point at `index` on.
    func suffix(from index: Int) -> GrowthSeries {
        GrowthSeries(measure: measure, points: Array(points[index...]))
    }

    /// Half of the points; an odd one in the middle belongs to both halves.
    var halves: (head: GrowthSeries, tail: GrowthSeries) {
        let count = max(2, (points.count + 1) / 2)
        return (
            GrowthSeries(measure: measure, points: Array(points.prefix(count))),
            GrowthSeries(measure: measure, points: Array(points.suffix(count)))
        )
    }

    /// The bytes gained from the first point to the last.
    var gainedBytes: Double { points[points.count - 1].bytes - points[0].bytes }

    /// The connections made from the first point to the last.
    var connections: Double { points[points.count - 1].connections - points[0].connections }

    // MARK: Least squares

    private var centre: Point {
        let count = Double(points.count)
        return Point(
            connections: points.reduce(0) { $0 + $1.connections } / count,
            bytes: points.reduce(0) { $0 + $1.bytes } / count
        )
    }

    /// The slope of the line of least squares, in bytes per connection; 0 when no connections were made.
    var slope: Double { leastSquares.slope }

    /// The line of least squares, the half width of its slope's 95 % interval as the residuals show it, and the slope
    /// that the measure's own noise could make.
    var leastSquares: (slope: Double, halfWidth: Double, resolution: Double) {
        let centre = centre
        let spread = points.reduce(0) { $0 + ($1.connections - centre.connections).squared }
        guard spread > 0 else { return (0, .infinity, .infinity) }
        let slope =
            points.reduce(0) { $0 + ($1.connections - centre.connections) * ($1.bytes - centre.bytes) } / spread
        let residue = points.reduce(0) {
            $0 + ($1.bytes - centre.bytes - slope * ($1.connections - centre.connections)).squared
        }
        let degreesOfFreedom = points.count - 2
        let halfWidth =
            degreesOfFreedom > 0
            ? StudentT.criticalValue(degreesOfFreedom: degreesOfFreedom)
                * (residue / Double(degreesOfFreedom) / spread).squareRoot()
            : .infinity
        // The worst case: every point off by the whole noise, in the direction that tilts the line.
        let distance = points.reduce(0) { $0 + abs($1.connections - centre.connections) }
        return (slope, halfWidth, Double(measure.noiseBytes) * distance / spread)
    }

    // MARK: Theil–Sen

    /// The median of the slopes between any two points, in bytes per connection: a few wild points do not move it.
    var robustSlope: Double {
        var slopes: [Double] = []
        for (index, point) in points.enumerated() {
            for other in points[(index + 1)...] where other.connections > point.connections {
                slopes.append((other.bytes - point.bytes) / (other.connections - point.connections))
            }
        }
        return slopes.median ?? 0
    }

    /// How far each point is above the robust line, in bytes.
    private var robustResiduals: [Double] {
        let slope = robustSlope
        let heights = points.map { $0.bytes - slope * $0.connections }
        let intercept = heights.median ?? 0
        return heights.map { $0 - intercept }
    }

    /// The index of one point that is far off a line on which its neighbours are; nil when there is none.
    ///
    /// Neither the first nor the last point: what may be the end of one level or the start of another is no outlier.
    var outlier: Int? {
        guard points.count >= 5 else { return nil }
        let residuals = robustResiduals.map(abs)
        let usual = residuals.median ?? 0
        let limit = max(4 * Double(measure.noiseBytes), 8 * usual)
        return residuals.indices.dropFirst().dropLast().first { index in
            let neighbours = max(residuals[index - 1], residuals[index + 1])
            return residuals[index] > limit && neighbours < residuals[index] / 2
        }
    }

    /// The series without the point at `index`.
    func removing(_ index: Int) -> GrowthSeries {
        var series = self
        series.points.remove(at: index)
        return series
    }

    // MARK: Steps

    /// The largest rise from one point to the next, and the index of the point behind it.
    var largestStep: (index: Int, bytes: Double) {
        var largest = (index: 1, bytes: points[1].bytes - points[0].bytes)
        for index in 2..<max(2, points.count) {
            let bytes = points[index].bytes - points[index - 1].bytes
            if bytes > largest.bytes { largest = (index, bytes) }
        }
        return largest
    }

    /// The series as it were if the largest rise had been as steep as the others usually are.
    var withoutLargestStep: GrowthSeries {
        let step = largestStep
        let rates = (1..<points.count).filter {
            $0 != step.index && points[$0].connections > points[$0 - 1].connections
        }
        .map { (points[$0].bytes - points[$0 - 1].bytes) / (points[$0].connections - points[$0 - 1].connections) }
        let made = points[step.index].connections - points[step.index - 1].connections
        let excess = step.bytes - (rates.median ?? 0) * made
        var series = self
        for index in step.index..<points.count { series.points[index].bytes -= excess }
        return series
    }
}

extension Double {
    fileprivate var squared: Double { self * self }
}

extension [Double] {
    /// The middle value, or the mean of the two in the middle; nil when there is none.
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
