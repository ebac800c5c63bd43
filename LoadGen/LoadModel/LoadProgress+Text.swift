import TextValues

extension LoadProgress {
    private static let barWidthLimit = 24
    private static let barWidthLeast = 4

    /// One line for a log.
    ///
    /// - Parameter connections: How many there will be; nil when nobody knows.
    public func line(of connections: Int?) -> String {
        let total = connections.map { " of \($0)" } ?? ""
        // Over the same time as what follows it.
        let rate = DecimalText.format(sample?.handshakesPerSecond ?? handshakesPerSecond, places: 0)
        let state = """
            \(DecimalText.format(elapsed.fractionalSeconds, places: 1))s: \(scheduled)\(total) scheduled, \
            \(dialing) dialing, \(established) established, \(holding) holding, \(finished) finished, \
            \(failed) failed, \(rate) handshakes/s
            """
        return state + (sample.map(Self.details) ?? "")
    }

    /// A bar and the numbers beside it, in at most `width` characters, for a terminal.
    ///
    /// The bar gives way to the numbers where there is little room.
    ///
    /// - Parameters:
    ///   - connections: How many there will be; nil when nobody knows.
    ///   - duration: How long they begin; nil when only their number ends the run.
    ///   - countsOpen: Whether a connection is where it should be once it is open, as in a herd.
    public func bar(
        of connections: Int?,
        lasting duration: Duration? = nil,
        countsOpen: Bool = false,
        width: Int
    ) -> String {
        let count = finished + failed + (countsOpen ? holding : 0)
        let total = connections.map { "/\($0)" } ?? ""
        let numbers = """
            \(count)\(total)  dialing \(dialing)  holding \(holding)  failed \(failed)  \
            \(DecimalText.format(handshakesPerSecond, places: 0))/s  \
            \(DecimalText.format(elapsed.fractionalSeconds, places: 1))s
            """
        let barWidth = min(width - numbers.count - "[] ".count, Self.barWidthLimit)
        guard barWidth >= Self.barWidthLeast else { return String(numbers.prefix(max(width, 0))) }
        let share = max(Self.share(count, of: connections), share(of: duration))
        let filled = Int((min(max(share, 0), 1) * Double(barWidth)).rounded(.down))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: barWidth - filled)
        return "[\(bar)] \(numbers)"
    }

    private static func share(_ count: Int, of connections: Int?) -> Double {
        guard let connections else { return 0 }
        return connections > 0 ? Double(count) / Double(connections) : 1
    }

    private func share(of duration: Duration?) -> Double {
        guard let duration, duration > .zero else { return 0 }
        return elapsed / duration
    }

    /// What the latest interval adds to a line.
    private static func details(of sample: TimelineSample) -> String {
        var parts: [String] = []
        if sample.echoesPerSecond > 0 {
            parts.append("\(DecimalText.format(sample.echoesPerSecond, places: 0)) echoes/s")
        }
        for (name, latency) in [("handshake", sample.handshake), ("echo", sample.echo)] {
            guard let latency else { continue }
            let times = [latency.p50, latency.p99].map { LatencyText.format(microseconds: Double($0)) }
            parts.append("\(name) p50 \(times[0]) p99 \(times[1])")
        }
        if let bytes = sample.ledgerBytes { parts.append("target holds \(ByteCountText.readable(bytes))") }
        if let bytes = sample.residentBytes { parts.append("target RSS \(ByteCountText.readable(bytes))") }
        return parts.map { ", \($0)" }.joined()
    }
}
