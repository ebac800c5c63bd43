/// How much memory a target held for connections that were abandoned, and for how long.
public struct HeldMemory: Sendable, Equatable, Codable {
    /// Memory counts as held while it is above this share of the most that was held: the rest is noise.
    public static let heldShare = 0.1

    /// The most bytes held at once, for each connection.
    public let bytesPerConnection: Double
    /// Seconds from the first sample to the last with memory held; to the last sample where it did not come back.
    public let seconds: Double
    /// Whether it came back before the last sample.
    public let hasReturned: Bool
    /// Bytes held, added up over time, for each connection: what an abandoned connection costs the target.
    public let byteSecondsPerConnection: Double

    private enum CodingKeys: String, CodingKey {
        case bytesPerConnection = "bytes_per_connection"
        case seconds
        case hasReturned = "has_returned"
        case byteSecondsPerConnection = "byte_seconds_per_connection"
    }

    /// What samples of a target's memory show.
    ///
    /// - Parameters:
    ///   - samples: Seconds and bytes, in the order of time, from the moment of abandonment on.
    ///   - baselineBytes: What the target had without the connections.
    ///   - connections: How many were abandoned.
    /// - Returns: nil when there are no samples or no connections.
    public init?(samples: [(seconds: Double, bytes: Int)], baselineBytes: Int, connections: Int) {
        guard let first = samples.first, connections > 0 else { return nil }
        let held = samples.map { ($0.seconds, max(0, Double($0.bytes) - Double(baselineBytes))) }
        let most = held.map(\.1).max() ?? 0
        let areas = zip(held, held.dropFirst()).map { ($1.0 - $0.0) * ($0.1 + $1.1) / 2 }
        let lastHeld = held.lastIndex { $0.1 > most * Self.heldShare }
        bytesPerConnection = most / Double(connections)
        byteSecondsPerConnection = areas.reduce(0, +) / Double(connections)
        hasReturned = lastHeld != held.indices.last
        // It came back at some moment after it was last seen held; the sample that shows it is the latest possible.
        seconds = lastHeld.map { held[min($0 + 1, held.count - 1)].0 - first.seconds } ?? 0
    }
}
