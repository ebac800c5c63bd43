extension LoadScenario {
    /// How many generators may share a scenario; the limits below are those of each.
    public static let generatorsAccepted = 1...10_000
    /// How many connections a run may open.
    public static let connectionsAccepted = 1...1_000_000
    /// The fastest accepted rate, in connections per second.
    public static let ratePerSecondLimit = 100_000.0
    /// How many connections a closed loop may have open.
    public static let concurrencyAccepted = 1...100_000
    /// How long connections may begin.
    public static let durationAccepted = Duration.milliseconds(1)...Duration.seconds(30 * 86_400)
    /// The accepted length of a message, in bytes.
    public static let messageBytesAccepted = 0...(1 << 30)
    /// The accepted length of a bulk transfer, in bytes.
    public static let bulkBytesAccepted = 1...(1 << 40)
    /// The accepted flow control windows, in bytes.
    public static let windowBytesAccepted = 1 << 10...(1 << 30)
    /// The accepted pace of reading, in bytes a second.
    public static let readRateAccepted = 1...(1 << 30)
    /// How many streams of a connection may carry messages at once.
    public static let streamsAccepted = 1...256
    /// How many messages may follow each other on a stream.
    public static let messagesAccepted = 1...1_000_000
    /// How long a connection may be held, and a run ramped, rested or settled.
    public static let holdAccepted = Duration.zero...Duration.seconds(86_400)
    /// The accepted deadline of a handshake, and of an echo.
    public static let timeoutAccepted = Duration.milliseconds(1)...Duration.seconds(3_600)
    /// In how many steps a herd may grow.
    public static let stepsLimit = 1_000
    /// Over how many sockets connections may be spread.
    public static let socketsAccepted = 1...1_024
    /// On how many threads a run may be.
    public static let workersAccepted = 1...64
}
