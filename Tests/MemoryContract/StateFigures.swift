package import BoundedMemory

/// What a connection in one state holds, by class.
package struct StateFigures: Hashable, Sendable, Codable {
    /// The name of a ``ContractState``.
    package var state: String
    /// What the connection has done to be in it.
    package var meaning: String
    /// Each class, by the name of its `MemoryClass`.
    package var classes: [String: MemoryFigures]
    /// All classes together.
    package var total: MemoryFigures

    /// The figures of one class.
    package subscript(memoryClass: MemoryClass) -> MemoryFigures? { classes[memoryClass.rawValue] }

    /// The most bytes that a connection of the sample held in these classes, or more: each class counts with its own most.
    func maximum(of memoryClasses: [MemoryClass], _ figure: KeyPath<MemoryFigures, Int>) -> Int {
        memoryClasses.reduce(0) { $0 + (self[$1]?[keyPath: figure] ?? 0) }
    }
}
