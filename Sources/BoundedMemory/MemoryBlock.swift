import CShims

/// Blocks of memory as the allocator sees them.
package enum MemoryBlock {
    /// What the allocator set aside for the block that begins at `start`; 0 for none.
    @inline(__always)
    package static func bytes(of start: UnsafeRawPointer?) -> Int {
        unsafe Accounting.isOn && start != nil ? qh_block_bytes(start) : 0
    }
}
