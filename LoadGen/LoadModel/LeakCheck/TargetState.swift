/// What is known of a target at one moment.
public struct TargetState: Sendable, Equatable {
    /// Its memory.
    public var memory: MemoryReading
    /// What its own counters say is still held for connections; nil where they are not read.
    public var unreturned: [String]?
    /// How many connections it says it has made since it started; nil where that is not read.
    public var connectionsCreated: Int?

    /// Nothing known, unless told otherwise.
    public init(memory: MemoryReading = MemoryReading(), unreturned: [String]? = nil, connectionsCreated: Int? = nil) {
        self.memory = memory
        self.unreturned = unreturned
        self.connectionsCreated = connectionsCreated
    }
}
