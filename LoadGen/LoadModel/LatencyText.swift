import TextValues

/// Latencies for a reader: `812 µs`, `48.7 ms`, `1.25 s`.
enum LatencyText {
    /// A number of microseconds in the unit that suits it.
    static func format(microseconds: Double) -> String {
        switch abs(microseconds) {
        case ..<1_000: "\(DecimalText.format(microseconds, places: 0)) µs"
        case ..<1_000_000: "\(DecimalText.format(microseconds / 1_000, places: 1)) ms"
        default: "\(DecimalText.format(microseconds / 1_000_000, places: 2)) s"
        }
    }
}
