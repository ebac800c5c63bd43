import TextValues

/// A figure of a round by which targets are compared.
public enum ComparisonFigure: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    /// Handshakes completed per second of the round.
    case handshakesPerSecond = "handshakes_per_second"
    /// The median time of a handshake, in microseconds.
    case handshakeP50 = "handshake_p50_us"
    /// The time 99 % of the handshakes took at most, in microseconds.
    case handshakeP99 = "handshake_p99_us"
    /// The median time from a message to its answer, in microseconds.
    case echoP50 = "echo_p50_us"
    /// The time 99 % of the answers took at most, in microseconds.
    case echoP99 = "echo_p99_us"
    /// Connections that did not do all their mode asks for.
    case failed
    /// Processor time of the generator, in seconds.
    case generatorCPUSeconds = "generator_cpu_seconds"
    /// Processor time of the target for each handshake completed, in seconds, whatever else it did in the round.
    case targetCPUSecondsPerHandshake = "target_cpu_seconds_per_handshake"
    /// The most memory the target had resident, in bytes.
    case targetPeakResidentBytes = "target_peak_resident_bytes"
    /// By how much the target's resident memory had grown for each connection, in bytes.
    case targetBytesPerConnection = "target_bytes_per_connection"

    /// What the table calls it.
    var title: String {
        switch self {
        case .handshakesPerSecond: "handshakes/s"
        case .handshakeP50: "handshake p50"
        case .handshakeP99: "handshake p99"
        case .echoP50: "echo p50"
        case .echoP99: "echo p99"
        case .failed: "failed"
        case .generatorCPUSeconds: "generator CPU"
        case .targetCPUSecondsPerHandshake: "target CPU per handshake"
        case .targetPeakResidentBytes: "target peak RSS"
        case .targetBytesPerConnection: "target RSS per connection"
        }
    }

    /// A value of it for a reader, with its unit.
    func text(of value: Double) -> String {
        switch self {
        case .handshakesPerSecond: DecimalText.format(value, places: value < 100 ? 1 : 0)
        case .handshakeP50, .handshakeP99, .echoP50, .echoP99: LatencyText.format(microseconds: value)
        case .failed: DecimalText.format(value, places: value == value.rounded() ? 0 : 1)
        case .generatorCPUSeconds: "\(DecimalText.format(value, places: 2)) s"
        case .targetCPUSecondsPerHandshake: LatencyText.format(microseconds: value * 1e6)
        case .targetPeakResidentBytes, .targetBytesPerConnection: ByteCountText.readable(value)
        }
    }
}
