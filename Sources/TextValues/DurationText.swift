/// Durations as people write them: `500ms`, `3s`, `2m`, `1h`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// The duration that `text` says.
    ///
    /// - Throws: ``TextValueError`` unless `text` is a whole number with a unit: `ms`, `s`, `m` or `h`.
    package static func parse(_ text: String) throws(TextValueError) -> Duration {
        guard let (number, name) = TextValueError.numberAndUnit(in: text),
            let unit = units.first(where: { $0.name == name }),
            case (let milliseconds, false) = number.multipliedReportingOverflow(by: unit.milliseconds)
        else {
            let accepted = "a whole number with ms, s, m or h, such as 500ms or 3s"
            throw TextValueError(text: text, kind: "a duration", accepted: accepted)
        }
        return .milliseconds(milliseconds)
    }

    /// `duration` in the largest unit that needs no fraction, and in seconds when none does.
    package static func format(_ duration: Duration) -> String {
        for (name, milliseconds) in units {
            let count = (duration / .milliseconds(milliseconds)).rounded()
            // Beyond nine digits a duration is not meant to be read, and a Double may not hold it exactly.
            guard abs(count) < 1e9, duration != .zero else { continue }
            if Duration.milliseconds(milliseconds) * Int(count) == duration { return "\(Int(count))\(name)" }
        }
        return duration == .zero ? "0s" : "\(duration.fractionalSeconds)s"
    }
}
