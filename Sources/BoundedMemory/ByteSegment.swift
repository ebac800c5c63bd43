import CShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The head of one block of a ``ByteQueue``; its bytes follow it in the same block.
@unsafe
struct ByteSegment {
    /// The segment that continues the stream.
    var next: UnsafeMutablePointer<ByteSegment>?
    /// The stream offset of the segment's first byte.
    let startOffset: UInt64
    /// How many bytes the segment has room for.
    let capacity: UInt32
    /// What the allocator set aside for the block.
    let blockBytes: UInt32

    /// The bytes a block needs beside its segment's room.
    static var headBytes: Int { unsafe MemoryLayout<ByteSegment>.stride }

    /// A segment with nothing behind it; nil when its account or the system refuses the memory.
    static func allocate(
        startOffset: UInt64,
        capacity: Int,
        account: Unmanaged<MemoryAccount>?
    ) -> UnsafeMutablePointer<ByteSegment>? {
        let size = unsafe headBytes + capacity
        let block: UnsafeMutableRawPointer?
        if let account = unsafe account {
            unsafe block = account._withUnsafeGuaranteedRef { unsafe $0.allocate(size, for: .rings) }
        } else {
            unsafe block = malloc(size)
        }
        guard let block = unsafe block else { return nil }
        let segment = unsafe block.bindMemory(to: ByteSegment.self, capacity: 1)
        unsafe segment.initialize(
            to: ByteSegment(
                next: nil,
                startOffset: startOffset,
                capacity: UInt32(capacity),
                blockBytes: UInt32(qh_block_bytes(block))
            )
        )
        return unsafe segment
    }
}

extension UnsafeMutablePointer where Pointee == ByteSegment {
    /// The stream offset after the segment's room.
    var endOffset: UInt64 { unsafe pointee.startOffset + UInt64(pointee.capacity) }

    /// Where the byte at a stream offset within the segment lies.
    func address(of offset: UInt64) -> UnsafeMutablePointer<UInt8> {
        let distance = unsafe ByteSegment.headBytes + Int(offset - pointee.startOffset)
        return unsafe (UnsafeMutableRawPointer(self) + distance).assumingMemoryBound(to: UInt8.self)
    }

    /// Gives the segment's block back.
    func free(account: Unmanaged<MemoryAccount>?) {
        guard let account = unsafe account else { return unsafe systemFree(self) }
        let bytes = unsafe Int(pointee.blockBytes)
        unsafe account._withUnsafeGuaranteedRef { unsafe $0.free(self, of: bytes, from: .rings) }
    }
}
