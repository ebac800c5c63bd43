import BoundedMemory
import Datagrams

/// A datagram that waits, with where it came from.
///
/// Owns: a copy of its bytes, charged as ``MemoryClass/rings``. Released by: `deinit`. Bound: 1,500 bytes.
struct HeldDatagram: ~Copyable {
    let path: NetworkPath
    let ecn: ECN
    private let bytes: HeldBytes

    /// A copy of `datagram`; nil when `account` or the system refuses the memory.
    init?(copying datagram: RawSpan, path: NetworkPath, ecn: ECN, account: MemoryAccount) {
        guard let bytes = HeldBytes(copying: datagram, account: account) else { return nil }
        self.bytes = bytes
        self.path = path
        self.ecn = ecn
    }

    /// How many bytes there are.
    var byteCount: Int { bytes.count }

    /// Calls `body` with the bytes.
    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        bytes.withBytes(body)
    }
}
