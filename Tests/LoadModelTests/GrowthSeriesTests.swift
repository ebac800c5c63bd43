import Testing

@testable import LoadModel

@Suite struct GrowthSeriesTests {
    private func series(_ bytes: [Double], measure: MemoryMeasure = .ledger) -> GrowthSeries {
        let points = bytes.enumerated().map { GrowthSeries.Point(connections: Double($0), bytes: $1) }
        return GrowthSeries(measure: measure, points: points)
    }

    @Test func theLineOfLeastSquaresAndItsIntervalAreThoseOfTheTextbook() {
        let (slope, halfWidth, resolution) = series([0, 1, 1, 2]).leastSquares
        #expect(abs(slope - 0.6) < 1e-12)
        // The residuals' squares add up to 0.2, over two degrees of freedom and a spread of 5: 4.303 × √0.02.
        #expect(abs(halfWidth - 0.60854) < 1e-4)
        #expect(resolution == 0)
    }

    @Test func noiseThatTiltsTheLineMostIsTheResolution() {
        let noise = Double(MemoryMeasure.resident.noiseBytes)
        let tilted = series([-noise, -noise, noise, noise], measure: .resident).leastSquares
        let flat = series([0, 0, 0, 0], measure: .resident).leastSquares
        #expect(flat.slope == 0)
        #expect(abs(flat.resolution - tilted.slope) < 1e-6)
    }

    @Test func pointsWithoutConnectionsHaveNoTrend() {
        let point = GrowthSeries.Point(connections: 7, bytes: 1)
        let series = GrowthSeries(measure: .ledger, points: [point, point, point])
        #expect(LeakTrend(series) == nil)
        #expect(GrowthFinding(series, tolerance: 1) == nil)
        #expect(series.robustSlope == 0)
    }

    @Test func aWildPointDoesNotMoveTheRobustSlope() {
        #expect(series([0, 2, 4, 6, 8]).robustSlope == 2)
        #expect(series([0, 2, 4_000, 6, 8]).robustSlope == 2)
        #expect(abs(series([0, 2, 4_000, 6, 8]).slope - 2) < 1e-9)
        #expect(series([0, 2, 4, 6, 8_000]).slope > 1_000)
    }

    @Test func onlyALonelyPointInTheMiddleIsAnOutlier() {
        #expect(series([0, 0, 9, 0, 0]).outlier == 2)
        #expect(series([0, 1, 90, 3, 4]).outlier == 2)
        #expect(series([9, 0, 0, 0, 0]).outlier == nil)
        #expect(series([0, 0, 0, 0, 9]).outlier == nil)
        #expect(series([0, 0, 9, 9, 9]).outlier == nil)
        #expect(series([0, 9, 9, 0, 0, 0]).outlier == nil)
        #expect(series([0, 0, 9, 0]).outlier == nil)
        let noise = Double(MemoryMeasure.resident.noiseBytes)
        #expect(series([0, 0, 3 * noise, 0, 0], measure: .resident).outlier == nil)
    }

    @Test func withoutItsLargestStepASeriesGrowsAsItUsuallyDoes() {
        #expect(series([0, 0, 9, 9]).withoutLargestStep.points.map(\.bytes) == [0, 0, 0, 0])
        #expect(series([0, 1, 10, 11]).withoutLargestStep.points.map(\.bytes) == [0, 1, 2, 3])
        #expect(series([0, 5, 10, 15]).withoutLargestStep.points.map(\.bytes) == [0, 5, 10, 15])
    }

    @Test func halvesShareThePointInTheMiddle() {
        let (head, tail) = series([0, 1, 2, 3, 4]).halves
        #expect(head.points.map(\.bytes) == [0, 1, 2])
        #expect(tail.points.map(\.bytes) == [2, 3, 4])
        let halves = series([0, 1, 2]).halves
        #expect(halves.head.points.count == 2 && halves.tail.points.count == 2)
    }

    @Test(arguments: [(1, 12.706), (2, 4.303), (10, 2.228), (30, 2.042), (40, 2.021), (60, 2.000), (120, 1.980)])
    func studentsTIsThatOfTheTables(degreesOfFreedom: Int, expected: Double) {
        #expect(abs(StudentT.criticalValue(degreesOfFreedom: degreesOfFreedom) - expected) < 0.0006)
    }
}
