package import LoadModel

extension MarkedBlock {
    /// What `scripts/memory-contract` writes.
    package static let memoryContract = MarkedBlock("memory-contract", writtenBy: "scripts/memory-contract")
}
