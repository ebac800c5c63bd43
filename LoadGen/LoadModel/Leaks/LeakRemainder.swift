/// Something other than pages that stays after connections, and by how much more of it there is after each cycle.
public struct LeakRemainder: Sendable, Equatable, Codable {
    /// What stays: `descriptors`, `threads`, `ledger.rings`.
    public let name: String
    /// How much more there is after each cycle: the median of the slopes between any two of them.
    public let growthPerCycle: Double
    /// How much there is after the last cycle.
    public let value: Int
    /// Whether there was more after every single cycle than after the one before.
    public let growsEveryCycle: Bool

    private enum CodingKeys: String, CodingKey {
        case name
        case growthPerCycle = "growth_per_cycle"
        case value
        case growsEveryCycle = "grows_every_cycle"
    }

    /// What grew over the values after each of the counted cycles; nil when it did not.
    init?(_ name: String, _ values: [Int]) {
        guard values.count >= 3, let first = values.first, let last = values.last, last > first else { return nil }
        let points = values.enumerated().map { GrowthSeries.Point(connections: Double($0), bytes: Double($1)) }
        let growth = GrowthSeries(measure: .ledger, points: points).robustSlope
        guard growth > 0 else { return nil }
        self.name = name
        self.growthPerCycle = growth
        self.value = last
        self.growsEveryCycle = zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
    }

    /// Everything that grew over `cycles`, by name.
    static func all(of cycles: [LeakCycle]) -> [LeakRemainder] {
        let readings = cycles.map(\.memory)
        func values(_ value: (MemoryReading) -> Int?) -> [Int] {
            let known = readings.compactMap(value)
            return known.count == readings.count ? known : []
        }
        let classes = Set(readings.flatMap { $0.ledgerBytes.map { Array($0.keys) } ?? [] })
        let ledger = classes.sorted().map { name in
            ("ledger.\(name)", values { reading in reading.ledgerBytes.map { $0[name] ?? 0 } })
        }
        let counts = [("descriptors", values(\.descriptors)), ("threads", values(\.threads))]
        return (counts + ledger).compactMap { LeakRemainder($0.0, $0.1) }
    }

    /// Whether ``value`` counts bytes.
    var isBytes: Bool { name.hasPrefix("ledger.") }
}
