import CShims
import Datagrams
import QUICWorkers

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A copy of a datagram on its way from the worker that received it to the worker it belongs to.
///
/// Owns: one block of the datagram's exact bytes. Released by: `deinit`. Bound: ``HandOverInbox``.
@safe
struct HandedDatagram: InboxElement, ~Copyable, @unchecked Sendable {
    /// The addresses between which it travelled.
    let path: NetworkPath
    /// The ECN mark it carried.
    let ecn: ECN
    // Nobody else has this pointer, so the copy may change threads.
    private let block: UnsafeMutableRawBufferPointer

    /// A copy of `datagram`; nil when the system has no memory for it.
    init?(copying datagram: RawSpan, path: NetworkPath, ecn: ECN) {
        guard let start = unsafe malloc(max(1, datagram.byteCount)) else { return nil }
        unsafe datagram.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress { unsafe start.copyMemory(from: source, byteCount: bytes.count) }
        }
        unsafe block = UnsafeMutableRawBufferPointer(start: start, count: datagram.byteCount)
        self.path = path
        self.ecn = ecn
    }

    deinit {
        unsafe free(block.baseAddress)
    }

    /// The bytes the allocator set aside for the block.
    var heldBytes: Int { unsafe qh_block_bytes(block.baseAddress) }

    /// Calls `body` with the bytes.
    func withBytes(_ body: (RawSpan) -> Void) {
        body(unsafe UnsafeRawBufferPointer(block).bytes)
    }
}
