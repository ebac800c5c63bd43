/// Numbers with a fixed number of digits after the point.
package enum DecimalText {
    /// `value` with `places` digits after the point, rounded to the nearest; `?` for what is not a readable number.
    package static func format(_ value: Double, places: Int) -> String {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (value * scale).rounded()
        guard let whole = Int(exactly: scaled) else { return "?" }
        let sign = whole < 0 ? "-" : ""
        guard places > 0 else { return "\(whole)" }
        let digits = String(whole.magnitude)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}
