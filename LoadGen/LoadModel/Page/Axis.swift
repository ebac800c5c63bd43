#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One axis of a plot: from values to places, and the ticks on it.
struct Axis: Sendable {
    /// A value that is marked on the axis.
    struct Tick: Sendable, Equatable {
        let value: Double
        let label: String
    }

    /// Where the axis begins and ends, in the plot's units.
    let places: (start: Double, end: Double)
    /// The ticks, in rising order.
    let ticks: [Tick]
    private let domain: ClosedRange<Double>
    private let isLogarithmic: Bool

    /// An axis from 0, or from just below `least` when one is given, to a round value of at least `most`.
    init(
        _ unit: AxisUnit,
        from least: Double? = nil,
        to most: Double,
        places: (start: Double, end: Double),
        count: Int = 5
    ) {
        let most = most.isFinite ? most : 1
        let factor = unit.scale(upTo: max(most, 0)).factor
        let low = min(least ?? 0, most)
        let step = Self.step(unit, span: max(most - low, Self.spanLeast(unit, most)) / factor, count: count) * factor
        let start = (low / step).rounded(.down) * step
        let steps = max(1, Int(((most - start) / step).rounded(.up)))
        let values = (0...steps).map { start + Double($0) * step }
        self.places = places
        ticks = values.map { Tick(value: $0, label: unit.label($0, upTo: most)) }
        domain = start...(start + Double(steps) * step)
        isLogarithmic = false
    }

    /// A logarithmic axis with ticks at 1, 2 and 5 of each power of ten.
    ///
    /// - Precondition: `least` is more than 0 and no more than `most`.
    init(logarithmic unit: AxisUnit, from least: Double, to most: Double, places: (start: Double, end: Double)) {
        precondition(least > 0 && least <= most)
        let powers = Int(log10(least).rounded(.down))...Int(log10(most).rounded(.up))
        let values = powers.flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
        let first = values.last { $0 <= least } ?? least
        let last = values.first { $0 >= most && $0 > first } ?? most * 2
        let shown = values.filter { $0 >= first && $0 <= last }
        self.places = places
        // Each decade has its three ticks as long as there is room for them.
        let isCrowded = shown.count > 9
        ticks = shown.filter { !isCrowded || Self.isPowerOfTen($0) }.map {
            Tick(value: $0, label: unit.label($0, upTo: $0))
        }
        domain = first...last
        isLogarithmic = true
    }

    /// An axis whose ticks are chosen by the caller.
    init(ticks: [Tick], domain: ClosedRange<Double>, places: (start: Double, end: Double)) {
        self.ticks = ticks
        self.domain = domain
        self.places = places
        isLogarithmic = false
    }

    /// Where `value` is; at the end of the axis when it is beyond it.
    func place(_ value: Double) -> Double {
        let clamped = min(max(value, domain.lowerBound), domain.upperBound)
        let width = domain.upperBound - domain.lowerBound
        let share =
            isLogarithmic
            ? log10(clamped / domain.lowerBound) / log10(domain.upperBound / domain.lowerBound)
            : (clamped - domain.lowerBound) / width
        return places.start + share * (places.end - places.start)
    }

    /// The smallest span an axis shows, so that no plot is of noise alone.
    private static func spanLeast(_ unit: AxisUnit, _ most: Double) -> Double {
        switch unit {
        case .bytes: max(1_024, most / 100)
        case .count, .rate: 1
        case .time: 0.1
        case .latency: 1
        }
    }

    /// The distance of two ticks when about `count` share `span`.
    private static func step(_ unit: AxisUnit, span: Double, count: Int) -> Double {
        let rough = span / Double(count)
        if case .time = unit, let step = [1.0, 2, 5, 10, 15, 30, 60, 120].first(where: { $0 >= rough }), rough > 0.5 {
            return step
        }
        let power = pow(10, log10(rough).rounded(.down))
        let step = ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10) * power
        if case .count = unit { return max(1, step) }
        return step
    }

    private static func isPowerOfTen(_ value: Double) -> Bool {
        abs(log10(value) - log10(value).rounded()) < 1e-9
    }
}
