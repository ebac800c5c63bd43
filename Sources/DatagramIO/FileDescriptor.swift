import CShims
import Datagrams

/// An open file descriptor.
///
/// Owns: the descriptor. Released by: `deinit`. Bound: one.
struct FileDescriptor: ~Copyable, Sendable {
    let rawValue: Int32

    /// Takes what a C call returned: a descriptor, or a negative errno that is thrown.
    init(
        owning result: Int32,
        from operation: SocketError.Operation,
        _ address: SocketAddress? = nil
    ) throws(SocketError) {
        try SocketError.check(result, operation, address)
        rawValue = result
    }

    deinit {
        qh_close(rawValue)
    }
}
