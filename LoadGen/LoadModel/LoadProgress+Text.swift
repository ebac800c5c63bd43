import TextValues

extension LoadProgress {
    private static let barWidthLimit = 24
    private static let barWidthLeast = 4

    /// One line for a log.
    public func line(of connections: Int) -> String {
        """
        \(DecimalText.format(elapsed.fractionalSeconds, places: 1))s: \(scheduled) of \(connections) scheduled, \
        \(dialing) dialing, \(established) established, \(holding) holding, \(finished) finished, \(failed) failed, \
        \(DecimalText.format(handshakesPerSecond, places: 0)) handshakes/s
        """
    }

    /// A bar and the numbers beside it, in at most `width` characters, for a terminal.
    ///
    /// The bar gives way to the numbers where there is little room.
    public func bar(of connections: Int, width: Int) -> String {
        let numbers = """
            \(finished + failed)/\(connections)  dialing \(dialing)  holding \(holding)  failed \(failed)  \
            \(DecimalText.format(handshakesPerSecond, places: 0))/s  \
            \(DecimalText.format(elapsed.fractionalSeconds, places: 1))s
            """
        let barWidth = min(width - numbers.count - "[] ".count, Self.barWidthLimit)
        guard barWidth >= Self.barWidthLeast else { return String(numbers.prefix(max(width, 0))) }
        let share = connections > 0 ? Double(finished + failed) / Double(connections) : 1
        let filled = Int((min(max(share, 0), 1) * Double(barWidth)).rounded(.down))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: barWidth - filled)
        return "[\(bar)] \(numbers)"
    }
}
