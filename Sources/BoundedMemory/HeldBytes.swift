/// A copy of some bytes for as long as it is kept.
///
/// Owns: one block of its bytes, charged as ``MemoryClass/rings``. Released by: `deinit`. Bound: the bytes it was made of.
@safe
package struct HeldBytes: ~Copyable {
    @usableFromInline let bytes: UnsafeMutableRawBufferPointer
    private let account: MemoryAccount

    /// A copy of `source`; nil when `account` or the system refuses the memory.
    package init?(copying source: RawSpan, account: MemoryAccount) {
        guard let block = unsafe account.allocate(source.byteCount, for: .rings) else { return nil }
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: block, count: source.byteCount)
        unsafe source.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
        unsafe self.bytes = bytes
        self.account = account
    }

    deinit {
        unsafe account.free(bytes.baseAddress, from: .rings)
    }

    /// How many bytes there are.
    @inlinable
    package var count: Int { unsafe bytes.count }

    /// Calls `body` with the bytes.
    @inlinable
    package func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        unsafe body(bytes.bytes)
    }
}
