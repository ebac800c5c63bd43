extension Duration {
    /// The longest duration a number of seconds is turned into: about 285 years, so that nanoseconds fit `Int64`.
    private static let secondsLimit = 9.0e9

    /// This duration as a number of seconds.
    package var fractionalSeconds: Double { self / .seconds(1) }

    /// The duration of `seconds`, to the nearest nanosecond; kept between 285 years back and 285 years ahead, and
    /// zero when `seconds` is not a number.
    package init(fractionalSeconds seconds: Double) {
        let kept = seconds.isNaN ? 0 : min(max(seconds, -Self.secondsLimit), Self.secondsLimit)
        self = .nanoseconds(Int64((kept * 1e9).rounded()))
    }
}
