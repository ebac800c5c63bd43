/// What the connections of a run did beside opening and closing.
public struct TrafficCounts: Sendable, Equatable, Codable {
    /// Messages whose answer was complete.
    public var messages = 0
    /// Bytes of messages and requests handed to streams.
    public var sentBytes = 0
    /// Bytes of answers received on streams.
    public var receivedBytes = 0
    /// Connections that took up where an earlier TLS session left off.
    public var resumed = 0
    /// Key updates begun.
    public var keyUpdates = 0
    /// Key updates that were not allowed yet. RFC 9001 §6.1.
    public var keyUpdatesRefused = 0
    /// Moves of a connection to another socket.
    public var rebinds = 0

    private enum CodingKeys: String, CodingKey {
        case messages
        case sentBytes = "sent_bytes"
        case receivedBytes = "received_bytes"
        case resumed
        case keyUpdates = "key_updates"
        case keyUpdatesRefused = "key_updates_refused"
        case rebinds
    }

    /// Nothing yet.
    public init() {}

    /// Adds what another worker counted.
    public mutating func add(_ other: TrafficCounts) {
        messages += other.messages
        sentBytes += other.sentBytes
        receivedBytes += other.receivedBytes
        resumed += other.resumed
        keyUpdates += other.keyUpdates
        keyUpdatesRefused += other.keyUpdatesRefused
        rebinds += other.rebinds
    }
}
