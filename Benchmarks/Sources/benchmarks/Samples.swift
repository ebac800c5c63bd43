/// What several rounds measured of the same thing.
struct Samples {
    private var sorted: [Double]

    init(_ values: [Double]) {
        precondition(!values.isEmpty)
        sorted = values.sorted()
    }

    /// The one in the middle, or the mean of the two there.
    var median: Double {
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    var lowest: Double { sorted[0] }
    var highest: Double { sorted[sorted.count - 1] }

    /// Measures every side once a round, so that whatever else the machine does meets all of them alike; in the other
    /// order every second round.
    static func taking(turns rounds: Int, _ sides: [(_ round: Int) throws -> Double]) throws -> [Samples] {
        var values = [[Double]](repeating: [], count: sides.count)
        for round in 0..<rounds {
            let order = round.isMultiple(of: 2) ? Array(sides.indices) : sides.indices.reversed()
            for index in order { values[index].append(try sides[index](round)) }
        }
        return values.map(Samples.init)
    }
}
