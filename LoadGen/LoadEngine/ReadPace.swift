import Datagrams

/// How much a reader of so many bytes a second has read. It never catches up on time in which there was nothing to read.
struct ReadPace {
    /// How often a slow reader reads.
    static let interval = Duration.milliseconds(10)

    private let bytesPerSecond: UInt64
    /// Until when what was read has taken it; nil while there is nothing to read.
    private var readUntil: MonotonicInstant?

    init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0)
        self.bytesPerSecond = UInt64(bytesPerSecond)
    }

    /// There is something to read from now on, if there was nothing before.
    mutating func begin(at now: MonotonicInstant) {
        readUntil = readUntil ?? now
    }

    /// How many of the `waiting` bytes have been read by `now`, beyond those of earlier calls.
    mutating func read(_ waiting: Int, at now: MonotonicInstant) -> Int {
        guard let start = readUntil, now > start else { return 0 }
        let nanoseconds = now.nanoseconds - start.nanoseconds
        let possible = Self.scaled(nanoseconds, by: bytesPerSecond, over: 1_000_000_000)
        let count = min(possible, UInt64(waiting))
        let taken = Self.scaled(count, by: 1_000_000_000, over: bytesPerSecond)
        readUntil = MonotonicInstant(nanoseconds: start.nanoseconds + taken)
        return Int(count)
    }

    /// Everything has been read.
    mutating func end() {
        readUntil = nil
    }

    private static func scaled(_ value: UInt64, by factor: UInt64, over divisor: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: factor)
        // Sums that would not fit are those of centuries.
        return product.high < divisor ? divisor.dividingFullWidth(product).quotient : .max
    }
}
