import TextValues

/// What an axis measures: how its ticks are spaced and written.
enum AxisUnit: Sendable {
    /// Bytes, in the binary unit that suits the largest.
    case bytes
    /// Seconds, minutes or hours.
    case time
    /// A number of things.
    case count
    /// Things per second.
    case rate
    /// Microseconds.
    case latency

    /// How large the unit is in which the ticks of an axis up to `largest` are whole numbers, and its name.
    func scale(upTo largest: Double) -> (factor: Double, name: String) {
        switch self {
        case .bytes:
            let units = [(0x1p30, "GiB"), (0x1p20, "MiB"), (0x1p10, "KiB")]
            return units.first { largest >= 2 * $0.0 } ?? (1, "B")
        case .time:
            if largest > 6 * 3_600 { return (3_600, "h") }
            return largest > 300 ? (60, "min") : (1, "s")
        case .count: return (1, "")
        case .rate: return (1, "/s")
        case .latency:
            if largest >= 1e6 { return (1e6, "s") }
            return largest >= 1e3 ? (1e3, "ms") : (1, "µs")
        }
    }

    /// The value of one tick with its unit: `50 MiB`.
    func label(_ value: Double, upTo largest: Double) -> String {
        let (factor, name) = scale(upTo: largest)
        guard value != 0 else { return "0" }
        let number = AxisUnit.number(value / factor)
        return name.isEmpty ? number : name == "/s" ? number + name : "\(number) \(name)"
    }

    /// One value, exactly enough for a table.
    func cell(_ value: Double) -> String {
        switch self {
        case .bytes: ByteCountText.readable(value)
        case .time: "\(DecimalText.format(value, places: 1)) s"
        case .count: CountText.grouped(Int(clampingRounded: value))
        case .rate: "\(DecimalText.format(value, places: 1))/s"
        case .latency: LatencyText.format(microseconds: value)
        }
    }

    /// A number with as many digits after the point as it needs, two at most, and its thousands apart.
    private static func number(_ value: Double) -> String {
        let hundredths = (value * 100).rounded()
        guard hundredths.truncatingRemainder(dividingBy: 100) != 0 else {
            return CountText.grouped(Int(clampingRounded: value))
        }
        return DecimalText.format(value, places: hundredths.truncatingRemainder(dividingBy: 10) == 0 ? 1 : 2)
    }
}
