import BoundedMemory
import Synchronization

/// Bytes that streams of any worker send, from any thread: for a broadcast over all workers, or by tasks.
///
/// A worker copies them into its ledger for the first of its streams that sends them, as ``BoundedMemory/SharedBytes``. Its other streams refer to that
/// copy for as long as any of their queues has it; so each worker has them once, however many of its streams send them, and gives them
/// back with the last acknowledgement.
///
/// Owns: the bytes, in the application's memory and not in a ledger, and a weak reference for each worker that has sent them. Released
/// by: the last reference. Bound: ``count``, and about 100 bytes for each worker.
public final class BroadcastBytes: Sendable {
    /// The bytes themselves.
    public let bytes: [UInt8]
    /// The copies of the workers, by their ledgers.
    private let copies = Mutex<[ObjectIdentifier: Copy]>([:])

    /// The copy of a worker, which belongs to its thread: only there is it looked at.
    private struct Copy: @unchecked Sendable {
        weak var bytes: SharedBytes?
    }

    /// Takes `bytes`, without copying them.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// How many bytes there are.
    public var count: Int { bytes.count }

    /// The copy in `ledger`, on whose thread this is called; it is made where there is none.
    ///
    /// - Throws: As ``BoundedMemory/SharedBytes/init(copying:in:)`` does.
    func shared(in ledger: MemoryLedger) throws(ByteQueueError) -> SharedBytes {
        let key = ObjectIdentifier(ledger)
        // A ledger that is gone may have had the same address.
        if let copy = copies.withLock({ $0[key] })?.bytes, copy.isCharged(to: ledger) { return copy }
        let bytes = bytes
        let made = unsafe try SharedBytes(copying: bytes.span.bytes, in: ledger)
        copies.withLock { $0[key] = Copy(bytes: made) }
        return made
    }
}
