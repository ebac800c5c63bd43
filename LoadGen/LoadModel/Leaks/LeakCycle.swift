/// One cycle of a leak check: connections opened and ended, and the server's memory when it had time to give it back.
public struct LeakCycle: Sendable, Equatable, Codable {
    /// Connections made since the check began, this cycle's included.
    public let connections: Int
    /// The server's memory after the cycle.
    public let memory: MemoryReading

    /// What was measured after a cycle.
    public init(connections: Int, memory: MemoryReading) {
        self.connections = connections
        self.memory = memory
    }
}
