import CShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Blocks of memory taken in an account's name: charged with what the allocator set aside, and refused beyond a limit.
extension MemoryAccount {
    /// A block of at least `size` bytes, charged to `memoryClass`; nil when the class's limit or the system refuses it.
    ///
    /// Released by: ``free(_:from:)``.
    @unsafe
    @inline(__always)
    public func allocate(_ size: Int, for memoryClass: MemoryClass) -> UnsafeMutableRawPointer? {
        guard mayAsk(for: size, in: memoryClass) else { return unsafe refuse(nil) }
        // malloc(0) may be NULL, which the caller would take for a refusal.
        return unsafe admit(malloc(max(size, 1)), to: memoryClass)
    }

    /// A block of `count * size` zero bytes, charged to `memoryClass`; nil when it is refused or the product overflows.
    @unsafe
    @inline(__always)
    public func allocateZeroed(_ count: Int, _ size: Int, for memoryClass: MemoryClass) -> UnsafeMutableRawPointer? {
        let (total, overflow) = count.multipliedReportingOverflow(by: size)
        let isProduct = !overflow && count >= 0 && size >= 0
        guard mayAsk(for: isProduct ? total : -1, in: memoryClass) else { return unsafe refuse(nil) }
        return unsafe admit(calloc(1, max(total, 1)), to: memoryClass)
    }

    /// Moves the content of `block` into a block of at least `size` bytes; nil, with `block` untouched, when it is refused.
    ///
    /// Both blocks are held while the content moves, so both have to fit the limit. The system's `realloc` would hold them
    /// unseen, and what it returns could not be given back.
    @unsafe
    public func reallocate(
        _ block: UnsafeMutableRawPointer?,
        _ size: Int,
        for memoryClass: MemoryClass
    ) -> UnsafeMutableRawPointer? {
        guard let moved = unsafe allocate(size, for: memoryClass) else { return nil }
        if let block = unsafe block {
            unsafe moved.copyMemory(from: block, byteCount: min(qh_block_bytes(block), size))
            unsafe free(block, from: memoryClass)
        }
        return unsafe moved
    }

    /// Gives `block` back and takes it off the account; nothing for nil.
    ///
    /// - Precondition: It was charged to the same class of this account.
    @unsafe
    @inline(__always)
    public func free(_ block: UnsafeMutableRawPointer?, from memoryClass: MemoryClass) {
        guard let block = unsafe block else { return }
        if Accounting.isOn { unsafe release(qh_block_bytes(block), from: memoryClass) }
        unsafe systemFree(block)
    }

    /// A block for a segment of a queue, as ``allocate(_:for:)`` gives it: a spare one of the ledger's where it has one of that size.
    @unsafe
    func allocateSegment(_ size: Int) -> UnsafeMutableRawPointer? {
        guard mayAsk(for: size, in: .rings) else { return unsafe refuse(nil) }
        let spare = unsafe size == ByteSegment.smallestBlockBytes ? ledger.takeSpare() : nil
        return unsafe admit(spare ?? malloc(size), to: .rings)
    }

    /// Gives back the block of a segment, for which the allocator had set `bytes` aside.
    @unsafe
    func freeSegment(_ block: UnsafeMutableRawPointer, of bytes: Int) {
        release(bytes, from: .rings)
        guard unsafe ByteSegment.smallestBlocksBytes.contains(bytes), unsafe ledger.keepSpare(block, of: bytes) else {
            return unsafe systemFree(block)
        }
    }

    /// Counts an allocation, and says whether it is worth asking the system for: it may set aside more than `size`.
    @inline(__always)
    private func mayAsk(for size: Int, in memoryClass: MemoryClass) -> Bool {
        // A negative size is a C size beyond any address space, or a product that is no number.
        admitsAllocation() && size >= 0 && admits(size, in: memoryClass)
    }

    @inline(__always)
    private func admit(_ block: UnsafeMutableRawPointer?, to memoryClass: MemoryClass) -> UnsafeMutableRawPointer? {
        guard let block = unsafe block else { return unsafe refuse(nil) }
        guard Accounting.isOn else { return unsafe block }
        let bytes = unsafe qh_block_bytes(block)
        guard admits(bytes, in: memoryClass) else { return unsafe refuse(block) }
        charge(bytes, to: memoryClass)
        return unsafe block
    }

    @inline(never)
    private func refuse(_ block: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        countRefusal()
        unsafe systemFree(block)
        return nil
    }
}

/// The system's `free`, which a method of that name hides.
@inline(__always)
func systemFree(_ block: UnsafeMutableRawPointer?) {
    unsafe free(block)
}
