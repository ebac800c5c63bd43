/// What the generator's process has open at one moment.
public struct ProcessState: Sendable, Equatable {
    /// File descriptors.
    public var descriptors: Int
    /// Threads that carry runs out.
    public var workerThreads: Int

    /// What was counted.
    public init(descriptors: Int, workerThreads: Int) {
        self.descriptors = descriptors
        self.workerThreads = workerThreads
    }
}
