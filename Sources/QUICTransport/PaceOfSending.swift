/// How fast a window leaves, and in which pieces.
struct PaceOfSending {
    /// A little more than one, so that the window stays full. RFC 9002 §7.7.
    let windowsPerRoundTrip: Double
    /// The time whose bytes may leave at once.
    let burstNanoseconds: Double
    /// The shortest pause, so that one wake-up sends several packets; an eighth of the round trip on short paths.
    let pauseNanoseconds: Double

    /// Until a packet is lost, and for windows that are too small to overrun anything.
    static let slowStart = PaceOfSending(windowsPerRoundTrip: 1.25, burstNanoseconds: 1e6, pauseNanoseconds: 5e5)

    /// Longer messages, which cost both sides less, and not much faster than need be: a short queue loses packets that come
    /// too fast.
    static let congestionAvoidance = PaceOfSending(
        windowsPerRoundTrip: 1.1,
        burstNanoseconds: 2e6,
        pauseNanoseconds: 1e6
    )

    /// After a loss at the end of slow start: more slowly than is delivered, as by proportional rate reduction (RFC 6937).
    ///
    /// At the end of slow start a window of 8 MB fell four times in four round trips, to 1.9 MB: seven tenths of a window that
    /// was far too large is too large, and was lost as well.
    static let recovery = PaceOfSending(windowsPerRoundTrip: 0.5, burstNanoseconds: 2e6, pauseNanoseconds: 1e6)
}
