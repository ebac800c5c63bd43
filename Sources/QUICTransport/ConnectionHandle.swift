/// Names a connection of one endpoint: a slot of its table, and which of the connections that slot has held.
///
/// A handle kept beyond the end of its connection names nothing: the slot's next connection has another generation.
public struct ConnectionHandle: Hashable, Sendable, BitwiseCopyable {
    /// The slot, below `UInt32.max`.
    public let index: UInt32
    /// Which of the connections the slot has held one after the other.
    public let generation: UInt32

    /// The handle of the connection of this generation in the slot `index`.
    ///
    /// - Precondition: `index` is below `UInt32.max`.
    public init(index: UInt32, generation: UInt32) {
        precondition(index < .max, "the last index stands for no connection")
        self.init(uncheckedIndex: index, generation: generation)
    }

    private init(uncheckedIndex index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    /// Stands for no connection, inside tables that have no room for an optional.
    package static let none = ConnectionHandle(uncheckedIndex: .max, generation: 0)
}
