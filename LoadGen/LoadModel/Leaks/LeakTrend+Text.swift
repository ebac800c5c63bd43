import TextValues

extension LeakTrend {
    /// What was measured, for a reader: `RSS grows by 30 KiB per connection (95 %: 29 KiB to 31 KiB)`.
    var sentence: String {
        let verb = slope.rounded() < 0 ? "shrinks" : "grows"
        return
            "\(measure.title) \(verb) by \(ByteCountText.readable(abs(slope))) per connection (95 %: \(intervalText))"
    }

    /// The interval for a reader.
    var intervalText: String {
        "\(ByteCountText.readable(interval.lowerBound)) to \(ByteCountText.readable(interval.upperBound))"
    }
}
