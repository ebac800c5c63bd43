/// What a target is known to hold at one moment. Nil is not zero: nil was not read.
public struct TargetReading: Sendable, Equatable, Codable {
    /// Connections that live there.
    public var connections: Int?
    /// Bytes its ledger counts.
    public var heldBytes: Int?
    /// Its resident memory (RSS), in bytes.
    public var residentBytes: Int?

    private enum CodingKeys: String, CodingKey {
        case connections
        case heldBytes = "held_bytes"
        case residentBytes = "resident_bytes"
    }

    /// Nothing known, unless told otherwise.
    public init(connections: Int? = nil, heldBytes: Int? = nil, residentBytes: Int? = nil) {
        self.connections = connections
        self.heldBytes = heldBytes
        self.residentBytes = residentBytes
    }

    /// Adds what the kernel says of the target's memory: of its process, or else of its control group, where
    /// ``residentBytes`` are those that no file backs.
    public mutating func add(_ memory: MemoryReading) {
        residentBytes = memory.residentOrGroupBytes ?? residentBytes
    }

    /// What a server says of itself.
    public init(_ snapshot: ServerSnapshot) {
        self.init(
            connections: snapshot.connections.live,
            heldBytes: snapshot.ledger.total.liveBytes,
            residentBytes: snapshot.process.residentBytes
        )
    }
}
