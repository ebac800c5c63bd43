import CShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The head of one block of a ``ByteQueue``; its bytes, or a reference to ``SharedBytes``, follow it in the same block.
@unsafe
struct ByteSegment {
    /// The segment that continues the stream.
    var next: UnsafeMutablePointer<ByteSegment>?
    /// The stream offset of the segment's first byte.
    let startOffset: UInt64
    /// How many bytes the segment has room for.
    var capacity: UInt32
    /// What the allocator set aside for the block.
    let blockBytes: UInt16
    /// Whether the bytes are elsewhere, all of them: ``SharedBytes``.
    let isReference: Bool

    /// The bytes a block needs beside its segment's room.
    static var headBytes: Int { unsafe MemoryLayout<ByteSegment>.stride }

    /// The bytes that the block of the smallest segment is asked for with, and those that the allocator may set aside for them: it
    /// rounds, and gives away a rest that is too small for a block.
    static var smallestBlockBytes: Int { unsafe headBytes + ByteQueue.smallestSegmentBytes }
    static var smallestBlocksBytes: Range<Int> { unsafe smallestBlockBytes..<(smallestBlockBytes + 32) }

    /// A segment with nothing behind it; nil when its account or the system refuses the memory.
    static func allocate(
        startOffset: UInt64,
        capacity: Int,
        account: Unmanaged<MemoryAccount>?
    ) -> UnsafeMutablePointer<ByteSegment>? {
        unsafe allocate(startOffset: startOffset, capacity: capacity, size: headBytes + capacity, account: account)
    }

    /// A segment whose bytes are those of `shared`; nil when its account or the system refuses it.
    static func allocate(
        startOffset: UInt64,
        referringTo shared: SharedBytes,
        account: Unmanaged<MemoryAccount>?
    ) -> UnsafeMutablePointer<ByteSegment>? {
        let heldBytes = shared.heldBytes
        let isAdmitted = unsafe account?._withUnsafeGuaranteedRef { $0.beginSharing(heldBytes) }
        guard isAdmitted ?? true else { return nil }
        let segment = unsafe allocate(
            startOffset: startOffset,
            capacity: shared.count,
            size: headBytes + MemoryLayout<Unmanaged<SharedBytes>>.stride,
            isReference: true,
            account: account
        )
        guard let segment = unsafe segment else {
            unsafe account?._withUnsafeGuaranteedRef { $0.endSharing(heldBytes) }
            return nil
        }
        unsafe segment.body.storeBytes(of: .passRetained(shared), as: Unmanaged<SharedBytes>.self)
        return unsafe segment
    }

    private static func allocate(
        startOffset: UInt64,
        capacity: Int,
        size: Int,
        isReference: Bool = false,
        account: Unmanaged<MemoryAccount>?
    ) -> UnsafeMutablePointer<ByteSegment>? {
        let block: UnsafeMutableRawPointer?
        if let account = unsafe account {
            unsafe block = account._withUnsafeGuaranteedRef { unsafe $0.allocateSegment(size) }
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
                blockBytes: UInt16(qh_block_bytes(block)),
                isReference: isReference
            )
        )
        return unsafe segment
    }
}

extension UnsafeMutablePointer where Pointee == ByteSegment {
    /// The stream offset after the segment's room.
    var endOffset: UInt64 { unsafe pointee.startOffset + UInt64(pointee.capacity) }

    /// Where the block goes on after its head.
    var body: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(self) + ByteSegment.headBytes }

    /// The bytes elsewhere; nil where they are in the segment.
    var shared: Unmanaged<SharedBytes>? {
        unsafe pointee.isReference ? body.load(as: Unmanaged<SharedBytes>.self) : nil
    }

    /// Where the byte at a stream offset within the segment lies.
    func address(of offset: UInt64) -> UnsafeMutablePointer<UInt8> {
        let position = unsafe Int(offset - pointee.startOffset)
        if let shared = unsafe shared {
            return unsafe shared._withUnsafeGuaranteedRef { unsafe $0.address(of: position) }
        }
        return unsafe (body + position).assumingMemoryBound(to: UInt8.self)
    }

    /// Leaves the room from a stream offset on unused, for good.
    func cut(at offset: UInt64) {
        unsafe pointee.capacity = UInt32(offset - pointee.startOffset)
    }

    /// Gives the segment's block back, and its reference.
    func free(account: Unmanaged<MemoryAccount>?) {
        if let shared = unsafe shared {
            let heldBytes = unsafe shared._withUnsafeGuaranteedRef { $0.heldBytes }
            unsafe account?._withUnsafeGuaranteedRef { $0.endSharing(heldBytes) }
            unsafe shared.release()
        }
        guard let account = unsafe account else { return unsafe systemFree(self) }
        let bytes = unsafe Int(pointee.blockBytes)
        unsafe account._withUnsafeGuaranteedRef { unsafe $0.freeSegment(self, of: bytes) }
    }
}
