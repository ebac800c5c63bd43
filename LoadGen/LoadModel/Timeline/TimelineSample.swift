/// Where a run and its target stood at one moment.
public struct TimelineSample: Sendable, Equatable, Codable {
    /// Seconds since the start of the run.
    public var seconds: Double
    /// Connections in their handshake.
    public var handshaking: Int
    /// Connections whose handshake is complete and that have not ended.
    public var established: Int
    /// Connections that have ended and whose record still answers late packets.
    public var closing: Int
    /// Connections that have completed, since the start.
    public var completed: Int
    /// Connections that have failed, since the start.
    public var failed: Int
    /// Handshakes completed per second, since the sample before.
    public var handshakesPerSecond: Double
    /// Messages that came back per second, since the sample before.
    public var echoesPerSecond: Double
    /// The target's RSS, in bytes; nil when it was not read.
    public var residentBytes: Int?
    /// What the target's ledger counts, in bytes; nil when it was not read.
    public var ledgerBytes: Int?
    /// From a connection's intended start to its completed handshake, since the sample before; nil when there was none.
    public var handshake: LatencyPercentiles?
    /// From a message's first byte sent to its last byte back, since the sample before; nil when there was none.
    public var echo: LatencyPercentiles?

    private enum CodingKeys: String, CodingKey {
        case seconds
        case handshaking
        case established
        case closing
        case completed
        case failed
        case handshakesPerSecond = "handshakes_per_second"
        case echoesPerSecond = "echoes_per_second"
        case residentBytes = "resident_bytes"
        case ledgerBytes = "ledger_bytes"
        case handshake
        case echo
    }

    /// Nothing yet, unless told otherwise.
    public init(
        seconds: Double,
        handshaking: Int = 0,
        established: Int = 0,
        closing: Int = 0,
        completed: Int = 0,
        failed: Int = 0,
        handshakesPerSecond: Double = 0,
        echoesPerSecond: Double = 0,
        residentBytes: Int? = nil,
        ledgerBytes: Int? = nil,
        handshake: LatencyPercentiles? = nil,
        echo: LatencyPercentiles? = nil
    ) {
        self.seconds = seconds
        self.handshaking = handshaking
        self.established = established
        self.closing = closing
        self.completed = completed
        self.failed = failed
        self.handshakesPerSecond = handshakesPerSecond
        self.echoesPerSecond = echoesPerSecond
        self.residentBytes = residentBytes
        self.ledgerBytes = ledgerBytes
        self.handshake = handshake
        self.echo = echo
    }

    /// Connections that have not ended.
    public var live: Int { handshaking + established }
}
