import TextValues

extension GrowthFinding {
    /// Why this measure does not tell, and what would help.
    func reason(toleranceBytes: Int) -> String {
        let name = trend.measure.title
        switch growth {
        case .none, .steady:
            return trend.sentence
        case .flattening(let head, let tail):
            let slopes = "from \(ByteCountText.readable(head)) to \(ByteCountText.readable(tail)) per connection"
            return "\(name) grows less and less, \(slopes): more cycles would tell where it ends"
        case .step(let bytes, let cyclesAfter):
            let size = ByteCountText.readable(bytes)
            let when = cyclesAfter == 0 ? "in the last cycle" : "\(cyclesAfter + 1) cycles before the end"
            return "\(name) grew by \(size) at once, \(when): more cycles would tell what follows"
        case .unclear:
            let tolerance = ByteCountText.readable(toleranceBytes)
            return """
                \(name) cannot tell \(tolerance) per connection from noise (95 %: \(trend.intervalText)): \
                about \(factor(toleranceBytes: toleranceBytes)) times the connections in each cycle would
                """
        }
    }

    /// How many times the connections would make the interval narrow enough.
    private func factor(toleranceBytes: Int) -> Int {
        let distance = max(abs(trend.slope - Double(toleranceBytes)), Double(toleranceBytes) / 4, 1)
        return max(2, Int(clampingRounded: (trend.halfWidth / distance * 1.2).rounded(.up)))
    }
}
