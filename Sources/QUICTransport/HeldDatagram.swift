import BoundedMemory
import Datagrams

/// A datagram that waits, with where it came from.
///
/// Owns: one block of its bytes, charged as ``MemoryClass/rings``. Released by: `deinit`. Bound: 1,500 bytes.
@safe
struct HeldDatagram: ~Copyable {
    let path: NetworkPath
    let ecn: ECN
    private let bytes: UnsafeMutableRawBufferPointer
    private let account: MemoryAccount

    /// A copy of `datagram`; nil when `account` or the system refuses the memory.
    init?(copying datagram: RawSpan, path: NetworkPath, ecn: ECN, account: MemoryAccount) {
        guard let block = unsafe account.allocate(datagram.byteCount, for: .rings) else { return nil }
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: block, count: datagram.byteCount)
        unsafe datagram.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
        unsafe self.bytes = bytes
        self.path = path
        self.ecn = ecn
        self.account = account
    }

    deinit {
        unsafe account.free(bytes.baseAddress, from: .rings)
    }

    /// How many bytes there are.
    var byteCount: Int { unsafe bytes.count }

    /// Calls `body` with the bytes.
    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        unsafe body(bytes.bytes)
    }
}
