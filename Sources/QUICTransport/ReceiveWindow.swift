import Datagrams

/// The flow control window of one stream, or of one connection. RFC 9000 §4.1.
///
/// The window is how far the peer may send ahead of what was consumed. It doubles when a quarter of it was handled fast,
/// so that it is not the reason why a peer waits. Bytes are handled when they are consumed, or when the
/// application has written as many in answer: an echo is consumed a round trip later, and need not wait for that to grow.
/// Credit that was given cannot be taken back: a window shrinks as its bytes are consumed and not credited.
///
/// RFC 9000 §4.2: a receiver could use an autotuning mechanism to tune the frequency and amount of advertised additional
/// credit based on a round-trip time estimate and the rate at which the receiving application consumes data.
struct ReceiveWindow {
    /// The bytes consumed so far, as an offset.
    private(set) var consumedOffset: UInt64 = 0
    /// The bytes handled so far, as an offset: those consumed, and those whose answer was written.
    private(set) var handledOffset: UInt64 = 0
    /// The offset up to which the peer may send.
    private(set) var creditedOffset: UInt64
    private var target: UInt32
    /// The bytes handled since ``epochStart``.
    private var epochBytes: UInt32 = 0
    private var epochStart = MonotonicInstant(nanoseconds: 0)

    init(initialBytes: Int) {
        target = UInt32(clamping: initialBytes)
        creditedOffset = UInt64(target)
    }

    /// The size it has, or shrinks to.
    var targetBytes: Int { Int(target) }

    /// The bytes the peer may send ahead of what was consumed.
    var outstandingBytes: Int { Int(creditedOffset - consumedOffset) }

    /// The bytes that were answered, and are kept until the peer acknowledges the answer.
    var answeredBytes: Int { handledOffset > consumedOffset ? Int(handledOffset - consumedOffset) : 0 }

    /// Takes note that `count` bytes were consumed.
    mutating func consume(_ count: Int) {
        consumedOffset += UInt64(count)
        precondition(consumedOffset <= creditedOffset, "bytes consumed that the peer had no credit for")
    }

    /// Takes note that `count` further bytes were handled.
    ///
    /// - Returns: The nanoseconds in which a quarter of a window was, when it just was; nil before that.
    mutating func handle(_ count: Int, at now: MonotonicInstant) -> UInt64? {
        handledOffset += UInt64(count)
        // A pause does not count: the measurement begins with its first byte.
        if epochBytes == 0 { epochStart = now }
        epochBytes = UInt32(clamping: Int(epochBytes) + count)
        guard epochBytes >= target / 4 else { return nil }
        epochBytes = 0
        return now.nanoseconds(since: epochStart)
    }

    /// Takes note that `count` bytes of a stream that is no longer there will not be handled any more.
    mutating func skip(_ count: Int) {
        handledOffset += UInt64(count)
    }

    /// Gives the window another size.
    mutating func resize(to bytes: Int) {
        precondition(bytes > 0)
        target = UInt32(clamping: bytes)
    }

    /// Whether there is enough credit to give for a frame of its own.
    ///
    /// A step is an eighth of the window, and no more than a peer sends at once without harm: quic-go answers credit of two
    /// mebibytes with 1,500 packets within four milliseconds, and loses what it receives meanwhile.
    var isCreditDue: Bool {
        let credit = targetBytes - outstandingBytes
        return credit > 0 && credit >= min(targetBytes / Self.creditSteps, Self.longestStepBytes)
    }

    /// The credit that is due.
    mutating func takeCredit() -> UInt64 {
        guard isCreditDue else { return 0 }
        let credit = UInt64(targetBytes - outstandingBytes)
        creditedOffset += credit
        return credit
    }

    private static let creditSteps = 8
    private static let longestStepBytes = 64 << 10
}
