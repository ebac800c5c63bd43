/// Whoever a block of memory is charged to: a worker, or one of its connections.
public protocol MemoryOwner: AnyObject {
    /// Adds one block of `bytes` bytes. This never refuses.
    func charge(_ bytes: Int, to memoryClass: MemoryClass)
    /// Takes one block of `bytes` bytes away.
    func release(_ bytes: Int, from memoryClass: MemoryClass)
}

extension MemoryOwner {
    /// Adds the block of `object` itself, as the allocator counts it; not what it refers to.
    package func charge(_ object: AnyObject, to memoryClass: MemoryClass) {
        charge(Self.blockBytes(of: object), to: memoryClass)
    }

    /// Takes the block of `object` itself away.
    package func release(_ object: AnyObject, from memoryClass: MemoryClass) {
        release(Self.blockBytes(of: object), from: memoryClass)
    }

    /// What the allocator set aside for `object` itself.
    package static func blockBytes(of object: AnyObject) -> Int {
        unsafe MemoryBlock.bytes(of: Unmanaged.passUnretained(object).toOpaque())
    }
}

extension MemoryLedger: MemoryOwner {}

extension MemoryAccount: MemoryOwner {}
