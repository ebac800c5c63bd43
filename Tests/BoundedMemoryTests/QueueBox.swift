import BoundedMemory

/// A queue of up to 1 MiB that fits into an array.
final class QueueBox {
    var queue: ByteQueue
    init(_ account: MemoryAccount) { queue = ByteQueue(capacityLimitBytes: 1 << 20, account: account) }
}
