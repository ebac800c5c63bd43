import CShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Bytes that many streams of one worker send, and that exist once: for a broadcast.
///
/// A stream's queue keeps a reference until its peer has acknowledged the last of them, so they live as long as the slowest of those
/// who get them, or as long as the application keeps them.
///
/// The worker's ledger has them once, as ``MemoryClass/rings``. To the limit of each connection they count in full, as if it held
/// them by itself: ``MemoryAccount/sharedBytes``. So a peer that does not read is held back and closed no later than with copies, and
/// all peers that do not read hold no more together than they would with copies.
///
/// Like the ledger they belong to the worker's thread.
///
/// Owns: one block with the bytes, and itself (about 40 bytes). Released by: the last reference. Bound: ``count``, rounded up by the
/// allocator.
@safe
public final class SharedBytes {
    /// How many bytes there are.
    public let count: Int
    /// The bytes that the allocator set aside for all of it.
    private(set) var heldBytes = 0
    private let block: UnsafeMutableRawPointer
    private let ledger: MemoryLedger

    /// The most bytes, which a segment of a queue can refer to.
    public static let countLimit = Int(UInt32.max)

    /// A copy of `bytes`.
    ///
    /// - Throws: ``ByteQueueError/full`` for more than ``countLimit``; ``ByteQueueError/outOfMemory`` where the process or the system
    ///   has no memory for them.
    public init(copying bytes: RawSpan, in ledger: MemoryLedger) throws(ByteQueueError) {
        count = bytes.byteCount
        guard count <= Self.countLimit else { throw .full }
        // malloc(0) may be NULL.
        guard ledger.admitsShared(count), let block = unsafe malloc(max(count, 1)) else {
            ledger.countRefusal()
            throw .outOfMemory
        }
        unsafe self.block = unsafe block
        self.ledger = ledger
        unsafe bytes.withUnsafeBytes {
            unsafe block.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(block), byteCount: count)
        }
        heldBytes = unsafe qh_block_bytes(block) + MemoryLedger.blockBytes(of: self)
        ledger.chargeShared(heldBytes)
    }

    deinit {
        ledger.releaseShared(heldBytes)
        unsafe systemFree(block)
    }

    /// Calls `body` with the bytes.
    public func withBytes<Result, Failure>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        try body(unsafe RawSpan(_unsafeStart: block, byteCount: count))
    }

    /// Whether they are in `ledger`.
    package func isCharged(to ledger: MemoryLedger) -> Bool { self.ledger === ledger }

    /// Where the byte at `position` lies.
    @unsafe
    func address(of position: Int) -> UnsafeMutablePointer<UInt8> {
        unsafe (block + position).assumingMemoryBound(to: UInt8.self)
    }
}
