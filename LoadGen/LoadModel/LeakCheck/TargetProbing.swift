/// Something that reads a target's memory.
public protocol TargetProbing: Sendable {
    /// The target now.
    ///
    /// - Throws: ``TargetFailure`` saying why it cannot be read.
    func read() async throws(TargetFailure) -> TargetState

    /// Makes sure that the target is still there, at little cost; does nothing where only ``read()`` could tell.
    func check() throws(TargetFailure)
}
