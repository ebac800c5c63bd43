import CShims
import Datagrams

extension SocketAddress {
    /// The address in `storage`; nil when `length` says there is none.
    init?(_ storage: qh_address, length: UInt32) {
        let address = unsafe withUnsafeBytes(of: storage) { bytes in
            unsafe bytes.baseAddress.flatMap { unsafe SocketAddress(copying: $0, length: Int(length)) }
        }
        guard let address else { return nil }
        self = address
    }

    /// Writes this address to `storage` and returns its length.
    @discardableResult
    func write(to storage: inout qh_address) -> UInt32 {
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe bytes.baseAddress.map { unsafe UInt32(copy(to: $0)) } ?? 0
        }
    }
}
